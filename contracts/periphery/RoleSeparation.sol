// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Roles} from "../Roles.sol";

/// @title RoleSeparation
/// @notice Can be deployed only over a manager in which each account has its own role and no other: the bounds on each key
/// hold only while they are different keys. The last step of a deployment before the deployer leaves.
contract RoleSeparation {
    /// @param account Has a role of Keel that is not its own, lacks its own, or is the deployer, who ends without any.
    error WrongRole(address account, uint64 role);

    /// @param accounts The admin, keeper, quoter, guardian and surface poster: in the order of their role ids.
    constructor(IAccessManager manager, address[5] memory accounts) {
        for (uint64 own; own < accounts.length; ++own) {
            address account = accounts[own];
            if (account == msg.sender) revert WrongRole(account, own);
            for (uint64 role; role <= Roles.HOT_ADMIN; ++role) {
                (bool has, ) = manager.hasRole(role, account);
                bool isOwn = role == own || (own == Roles.ADMIN && role == Roles.HOT_ADMIN);
                if (has != isOwn) revert WrongRole(account, role);
            }
        }
    }
}
