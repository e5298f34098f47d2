// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IVenue} from "../../../contracts/interfaces/IVenue.sol";
import {MockAttacker} from "./MockAttacker.sol";

/// @notice A venue that holds whatever delta it is asked for, by anyone, and is worth nothing.
contract MockVenue is IVenue {
    address public immutable vault;
    int256 public delta;
    uint256 public liquidationDistance = type(uint256).max;
    uint256 public marginTrigger;

    constructor(address vault_) {
        vault = vault_;
    }

    function adjust(int256 dDelta, uint256, uint256) external returns (int256 filled) {
        filled = _fill(dDelta);
        delta += filled;
    }

    function equity(uint256) external view virtual returns (int256) {
        return 0;
    }

    function _fill(int256 dDelta) internal virtual returns (int256) {
        return dDelta;
    }
}

/// @notice A venue that fills twice what it was asked for.
contract MockOverfillingVenue is MockVenue {
    constructor(address vault_) MockVenue(vault_) {}

    function _fill(int256 dDelta) internal pure override returns (int256) {
        return 2 * dDelta;
    }
}

/// @notice A venue that trades the other way.
contract MockContraryVenue is MockVenue {
    constructor(address vault_) MockVenue(vault_) {}

    function _fill(int256 dDelta) internal pure override returns (int256) {
        return -dDelta;
    }
}

/// @notice A venue whose margin falls below its trigger when it is adjusted.
contract MockThinningVenue is MockVenue {
    constructor(address vault_) MockVenue(vault_) {
        (liquidationDistance, marginTrigger) = (0.5e18, 0.3e18);
    }

    function _fill(int256 dDelta) internal override returns (int256) {
        liquidationDistance = 0.2e18;
        return dDelta;
    }
}

/// @notice A venue that attacks while it is being adjusted.
contract MockAttackingVenue is MockVenue, MockAttacker {
    constructor(address vault_) MockVenue(vault_) {}

    function _fill(int256 dDelta) internal override returns (int256) {
        _attack();
        return dDelta;
    }
}

/// @notice A venue that reverts whenever it is adjusted.
contract MockRevertingVenue is MockVenue {
    error Broken();

    constructor(address vault_) MockVenue(vault_) {}

    function _fill(int256 dDelta) internal view override returns (int256) {
        if (marginTrigger == 0) revert Broken();
        return dDelta;
    }
}
