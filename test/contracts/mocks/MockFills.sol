// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Quote} from "../../../contracts/interfaces/IOptionBook.sol";
import {ContractWallet} from "./ContractWallet.sol";
import {MockAttacker} from "./MockAttacker.sol";

/// @notice A maker that answers the fill hook with the wrong selector.
contract MockHookRefuser is ContractWallet {
    constructor(IERC20 cash_) ContractWallet(cash_) {}

    function onQuoteFilled(Quote calldata, uint256, uint256, int256) external pure override returns (bytes4) {
        return 0xdeadbeef;
    }
}

/// @notice A holder that accepts no option.
contract MockTokenRefuser is ContractWallet {
    error Refused();

    constructor(IERC20 cash_) ContractWallet(cash_) {}

    function onERC1155Received(
        address,
        address,
        uint256,
        uint256,
        bytes memory
    ) public pure override returns (bytes4) {
        revert Refused();
    }
}

/// @notice A holder that attacks while it receives an option.
contract MockAttackingHolder is ContractWallet, MockAttacker {
    constructor(IERC20 cash_) ContractWallet(cash_) {}

    function onERC1155Received(
        address operator,
        address from,
        uint256 id,
        uint256 value,
        bytes memory data
    ) public override returns (bytes4) {
        _attack();
        return super.onERC1155Received(operator, from, id, value, data);
    }
}
