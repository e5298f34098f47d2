// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice The cheatcodes of the Solidity test runner that are used here.
interface Vm {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
