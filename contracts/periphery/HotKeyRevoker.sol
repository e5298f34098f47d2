// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Roles} from "../Roles.sol";

/// @title HotKeyRevoker
/// @notice Takes a hot role from an account, at once, for the guardian.
/// @dev In the AccessManager whoever may revoke a role may grant it. This contract is who may, and knows no way to grant.
contract HotKeyRevoker is AccessManaged {
    error NotHotRole(uint64 role);

    constructor(address manager) AccessManaged(manager) {}

    /// @notice Revokes KEEPER, QUOTER or SURFACE; nothing happens if the account does not have it.
    function revoke(uint64 role, address account) external restricted {
        if (role != Roles.KEEPER && role != Roles.QUOTER && role != Roles.SURFACE) revert NotHotRole(role);
        IAccessManager(authority()).revokeRole(role, account);
    }
}
