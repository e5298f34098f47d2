// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IAavePool} from "../../../contracts/interfaces/IAaveV3.sol";

/// @notice Aave's pool as it is since v3.1 for one asset: it gives no more than its ledger says, however much more its token
/// was given. Everything else is the pool's own code, on the pool's own storage.
contract MockLedgerPool {
    address private immutable implementation;
    address private immutable asset;
    address private immutable aToken;
    uint256 private immutable given;

    error BeyondLedger();

    constructor(address implementation_, address asset_, address aToken_, uint256 given_) {
        (implementation, asset, aToken, given) = (implementation_, asset_, aToken_, given_);
    }

    function getVirtualUnderlyingBalance(address asset_) public view returns (uint128) {
        require(asset_ == asset);
        return uint128(IERC20(asset).balanceOf(aToken) - given);
    }

    fallback(bytes calldata question) external returns (bytes memory) {
        bytes4 selector = bytes4(question);
        if (selector == IAavePool.withdraw.selector || selector == IAavePool.borrow.selector) {
            (address taken, uint256 amount) = abi.decode(question[4:68], (address, uint256));
            if (taken == asset && amount > getVirtualUnderlyingBalance(asset)) revert BeyondLedger();
        }
        (bool success, bytes memory answer) = implementation.delegatecall(question);
        if (success) return answer;
        assembly {
            revert(add(answer, 32), mload(answer))
        }
    }
}
