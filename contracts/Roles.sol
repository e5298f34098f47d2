// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice Role ids in the AccessManager. ADMIN is the manager's own role 0.
library Roles {
    /// @notice May call `Vault.rebalance`.
    uint64 internal constant KEEPER = 1;
    /// @notice Signs option quotes for the vault.
    uint64 internal constant QUOTER = 2;
    /// @notice May pause entry and cancel quotes.
    uint64 internal constant GUARDIAN = 3;
    /// @notice May post the volatility surface.
    uint64 internal constant SURFACE = 4;
}
