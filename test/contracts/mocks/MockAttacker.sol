// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice What makes a call of the test's choice whenever it is called itself, and keeps how that ended.
abstract contract MockAttacker {
    address public target;
    bytes public attack;
    bool public attacked;
    bool public succeeded;
    bytes public outcome;

    function setAttack(address target_, bytes calldata attack_) external {
        (target, attack) = (target_, attack_);
    }

    function _attack() internal {
        attacked = true;
        (succeeded, outcome) = target.call(attack);
    }
}
