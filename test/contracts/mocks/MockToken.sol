// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev A token with 18 decimals, all of it the deployer's: one more asset for Aave to list.
contract MockToken is ERC20 {
    constructor() ERC20("Mock token", "MOCK") {
        _mint(msg.sender, 1e24);
    }
}
