// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IVenue} from "../../../contracts/interfaces/IVenue.sol";

/// @notice A venue that claims to have filled twice what it was asked for.
contract MockOverfillingVenue is IVenue {
    address public immutable vault;
    int256 public delta;

    constructor(address vault_) {
        vault = vault_;
    }

    function equity(uint256) external pure returns (int256) {
        return 0;
    }

    function liquidationDistance() external pure returns (uint256) {
        return type(uint256).max;
    }

    function marginTrigger() external pure returns (uint256) {
        return 0;
    }

    function adjust(int256 dDelta, uint256, uint256) external virtual returns (int256 filled) {
        filled = 2 * dDelta;
        delta += filled;
    }
}

/// @notice A venue that calls its vault while it is being adjusted, and keeps how that ended.
contract MockReentrantVenue is MockOverfillingVenue {
    bytes public attack;
    bool public succeeded;
    bytes public outcome;

    constructor(address vault_) MockOverfillingVenue(vault_) {}

    function setAttack(bytes calldata attack_) external {
        attack = attack_;
    }

    function adjust(int256 dDelta, uint256, uint256) external override returns (int256 filled) {
        (succeeded, outcome) = vault.call(attack);
        delta += dDelta;
        return dDelta;
    }
}

/// @notice A venue whose margin falls below its trigger when it is adjusted.
contract MockThinningVenue is IVenue {
    address public immutable vault;
    int256 public delta;
    uint256 public liquidationDistance = 0.5e18;

    constructor(address vault_) {
        vault = vault_;
    }

    function equity(uint256) external pure returns (int256) {
        return 0;
    }

    function marginTrigger() external pure returns (uint256) {
        return 0.3e18;
    }

    function adjust(int256 dDelta, uint256, uint256) external returns (int256 filled) {
        liquidationDistance = 0.2e18;
        delta += dDelta;
        return dDelta;
    }
}

/// @notice A venue that trades the other way.
contract MockContraryVenue is MockOverfillingVenue {
    constructor(address vault_) MockOverfillingVenue(vault_) {}

    function adjust(int256 dDelta, uint256, uint256) external override returns (int256 filled) {
        filled = -dDelta;
        delta += filled;
    }
}
