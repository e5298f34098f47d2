// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice Role ids in the AccessManager.
library Roles {
    /// @notice The manager's own: everything else, each time after the delay it was granted with.
    uint64 internal constant ADMIN = 0;
    /// @notice May call `Vault.rebalance`.
    uint64 internal constant KEEPER = 1;
    /// @notice Signs option quotes for the vault.
    uint64 internal constant QUOTER = 2;
    /// @notice May pause entry, cancel quotes and revoke a hot key through `HotKeyRevoker`; may grant and resume nothing.
    uint64 internal constant GUARDIAN = 3;
    /// @notice May post the volatility surface.
    uint64 internal constant SURFACE = 4;
    /// @notice Grants and revokes the hot roles KEEPER, QUOTER and SURFACE. Held by the admin, with its delay, and by
    /// `HotKeyRevoker`, which can only revoke.
    uint64 internal constant HOT_ADMIN = 5;
}
