// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IQuoteMaker, Quote} from "../../../contracts/interfaces/IOptionBook.sol";

/// @notice A wallet with one owner: signs by ERC-1271, holds options, takes part in fills and keeps what it was told.
contract ContractWallet is IERC1271, IQuoteMaker, ERC1155Holder {
    address public immutable owner = msg.sender;
    IERC20 public immutable cash;

    uint256 public calls;
    uint256 public lastQuantity;
    uint256 public lastPaid;
    int256 public lastCashDelta;
    uint256 public cashAtLastCall;

    error NotOwner();

    constructor(IERC20 cash_) {
        cash = cash_;
    }

    function execute(address target, bytes calldata data) external returns (bytes memory) {
        if (msg.sender != owner) revert NotOwner();
        (bool success, bytes memory result) = target.call(data);
        if (success) return result;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == owner ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function onQuoteFilled(
        Quote calldata,
        uint256 quantity,
        uint256 paid,
        int256 cashDelta
    ) external virtual returns (bytes4) {
        calls++;
        lastQuantity = quantity;
        lastPaid = paid;
        lastCashDelta = cashDelta;
        cashAtLastCall = cash.balanceOf(address(this));
        return IQuoteMaker.onQuoteFilled.selector;
    }
}
