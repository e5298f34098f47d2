// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ContractWallet} from "./ContractWallet.sol";

/// @notice A holder that, while it receives an option, calls somebody else than the book.
contract MockMeddlingTaker is ContractWallet {
    address public target;
    bytes public attack;
    bool public succeeded;

    constructor(IERC20 cash_) ContractWallet(cash_) {}

    function setAttack(address target_, bytes calldata attack_) external {
        (target, attack) = (target_, attack_);
    }

    function onERC1155Received(
        address operator,
        address from,
        uint256 id,
        uint256 value,
        bytes memory data
    ) public override returns (bytes4) {
        (succeeded, ) = target.call(attack);
        return super.onERC1155Received(operator, from, id, value, data);
    }
}
