// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IVolatilityOracle} from "../interfaces/IVolatilityOracle.sol";
import {Pillar, Surface} from "../types/Surface.sol";

/// @title VolatilityOracle
/// @notice See `IVolatilityOracle`.
contract VolatilityOracle is IVolatilityOracle, AccessManaged {
    uint256 public constant MAX_PILLARS = 4;
    uint256 public constant HEARTBEAT = 3 hours;
    /// @dev With the largest step this bounds how fast a stolen key can move the surface.
    uint256 public constant MIN_INTERVAL = 5 minutes;

    // All with 9 decimals.
    uint256 public constant MIN_VOL = 0.05e9;
    uint256 public constant MAX_VOL = 4e9;
    uint256 public constant MAX_SHAPE = 1e9;
    uint256 public constant MIN_FORWARD_RATIO = 0.9e9;
    uint256 public constant MAX_FORWARD_RATIO = 1.1e9;
    /// @dev Of the volatility now served; the other steps are absolute.
    uint256 public constant MAX_VOL_STEP = 0.2e9;
    uint256 public constant MAX_SHAPE_STEP = 0.1e9;
    uint256 public constant MAX_FORWARD_STEP = 0.01e9;

    Pillar[] private _pillars;
    /// @inheritdoc IVolatilityOracle
    uint256 public postedAt;

    /// @param initial The first surface; its tenors stay for ever.
    constructor(address authority, Pillar[] memory initial) AccessManaged(authority) {
        if (initial.length == 0 || initial.length > MAX_PILLARS) revert InvalidSurface(initial.length);
        for (uint256 i; i < initial.length; ++i) {
            if (initial[i].tenor == 0 || (i != 0 && initial[i].tenor <= initial[i - 1].tenor)) {
                revert InvalidSurface(i);
            }
            _requireInBounds(initial[i], i);
            _pillars.push(initial[i]);
        }
        postedAt = block.timestamp;
        emit SurfacePosted(block.timestamp, initial);
    }

    /// @inheritdoc IVolatilityOracle
    function post(Pillar[] calldata pillars) external restricted {
        if (block.timestamp < postedAt + MIN_INTERVAL) revert PostedTooSoon(postedAt + MIN_INTERVAL);
        if (pillars.length != _pillars.length) revert InvalidSurface(pillars.length);
        for (uint256 i; i < pillars.length; ++i) {
            Pillar calldata next = pillars[i];
            Pillar memory last = _pillars[i];
            if (next.tenor != last.tenor) revert InvalidSurface(i);
            _requireInBounds(next, i);
            if (
                FixedPointMathLib.dist(next.atmVol, last.atmVol) >
                    (uint256(last.atmVol) * MAX_VOL_STEP) / 1e9 ||
                FixedPointMathLib.dist(next.skew, last.skew) > MAX_SHAPE_STEP ||
                FixedPointMathLib.dist(next.curvature, last.curvature) > MAX_SHAPE_STEP ||
                FixedPointMathLib.dist(next.forwardRatio, last.forwardRatio) > MAX_FORWARD_STEP
            ) revert StepTooLarge(i);
            _pillars[i] = next;
        }
        postedAt = block.timestamp;
        emit SurfacePosted(block.timestamp, pillars);
    }

    /// @inheritdoc IVolatilityOracle
    function surface() external view returns (Surface memory) {
        return Surface(_pillars);
    }

    /// @inheritdoc IVolatilityOracle
    function isFresh() external view returns (bool) {
        return block.timestamp <= postedAt + HEARTBEAT;
    }

    function _requireInBounds(Pillar memory pillar, uint256 index) private pure {
        if (
            pillar.atmVol < MIN_VOL ||
            pillar.atmVol > MAX_VOL ||
            FixedPointMathLib.abs(pillar.skew) > MAX_SHAPE ||
            FixedPointMathLib.abs(pillar.curvature) > MAX_SHAPE ||
            pillar.forwardRatio < MIN_FORWARD_RATIO ||
            pillar.forwardRatio > MAX_FORWARD_RATIO
        ) revert InvalidSurface(index);
    }
}
