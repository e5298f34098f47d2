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
    /// @dev With the largest step this bounds how fast a stolen key can move the surface served; the pace, the one traded on.
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

    /// @dev The anchor moves by a pace a period. 5 % and 0.025 are those of a pillar of 30 days. Shorter ones move faster, by
    /// the root of the time: as options do in volatility for the same change of price, and as markets do in fact. Over three
    /// years of ETH's DVOL, hourly, that is unsettled less than 2 % of the time: a test prints it. A faster pace would be less
    /// so, and let a stolen key do more.
    uint256 public constant PACE_PERIOD = 6 hours;
    uint256 public constant PACE_TENOR = 30 days;
    /// @dev Of the anchor's volatility.
    uint256 public constant VOL_PACE = 0.05e9;
    uint256 public constant SHAPE_PACE = 0.025e9;
    /// @dev The same for every tenor, since it moves prices alike.
    uint256 public constant FORWARD_PACE = 0.001e9;

    /// @notice How far from the anchor a settled surface may be; of the volatility served. A two-sided value must be at
    /// least this wide in volatility.
    uint256 public constant VOL_TOLERANCE = 0.05e9;
    uint256 public constant SHAPE_TOLERANCE = 0.05e9;
    uint256 public constant FORWARD_TOLERANCE = 0.001e9;

    /// @dev What skew, curvature and forward may move to and fro within their tolerances, which no two-sided value covers, in
    /// tolerances: one at once, and two a day. Past it the surface is unsettled until time has made room; at most two days,
    /// so that a key that was stolen closes nothing for longer once it is revoked.
    uint256 public constant SWING_ROOM = 1e9;
    uint256 public constant SWING_PER_DAY = 2e9;
    uint256 private constant MAX_SWING = SWING_ROOM + 2 * SWING_PER_DAY;

    /// @dev How many pillars, and their tenors, the first lowest, 32 bits each: they stay, and need no storage.
    uint256 private immutable _count;
    uint256 private immutable _tenors;
    /// @dev The rest of each pillar, two a slot, as every valuation reads them all: volatility, skew, curvature and forward
    /// ratio, the first lowest. The bounds above fit 32 bits each.
    uint256[MAX_PILLARS / 2] private _pillars;
    /// @dev As of the last post; it has moved on since, see `_follow`.
    uint256[MAX_PILLARS / 2] private _anchors;
    /// @dev One slot, the only one read by `isOpen`.
    uint64 private _postedAt;
    uint64 private _settledFrom;
    /// @dev Swing in use as of the last post.
    uint64 private _swing;

    /// @param initial The first surface, and the first anchor; its tenors stay for ever.
    constructor(address authority, Pillar[] memory initial) AccessManaged(authority) {
        if (initial.length == 0 || initial.length > MAX_PILLARS) revert InvalidSurface(initial.length);
        uint256 tenors;
        for (uint256 i; i < initial.length; ++i) {
            if (initial[i].tenor == 0 || (i != 0 && initial[i].tenor <= initial[i - 1].tenor)) {
                revert InvalidSurface(i);
            }
            _requireInBounds(initial[i], i);
            tenors |= uint256(initial[i].tenor) << (32 * i);
        }
        _store(_anchors, initial);
        _store(_pillars, initial);
        (_count, _tenors) = (initial.length, tenors);
        _setTimes(0);
        emit SurfacePosted(block.timestamp, block.timestamp, initial);
    }

    /// @inheritdoc IVolatilityOracle
    function post(Pillar[] calldata pillars) external restricted {
        if (block.timestamp < _postedAt + MIN_INTERVAL) revert PostedTooSoon(_postedAt + MIN_INTERVAL);
        if (pillars.length != _count) revert InvalidSurface(pillars.length);
        uint256 elapsed = block.timestamp - _postedAt;
        (Pillar[] memory served, Pillar[] memory anchors) = (_unpack(_pillars), _unpack(_anchors));
        uint256 wait;
        uint256 swing;
        for (uint256 i; i < pillars.length; ++i) {
            Pillar calldata next = pillars[i];
            Pillar memory last = served[i];
            if (next.tenor != last.tenor) revert InvalidSurface(i);
            _requireInBounds(next, i);
            if (
                FixedPointMathLib.dist(next.atmVol, last.atmVol) >
                    (uint256(last.atmVol) * MAX_VOL_STEP) / 1e9 ||
                FixedPointMathLib.dist(next.skew, last.skew) > MAX_SHAPE_STEP ||
                FixedPointMathLib.dist(next.curvature, last.curvature) > MAX_SHAPE_STEP ||
                FixedPointMathLib.dist(next.forwardRatio, last.forwardRatio) > MAX_FORWARD_STEP
            ) revert StepTooLarge(i);
            swing = FixedPointMathLib.max(swing, _swingOf(last, next));
            // What was served until now draws the anchor, not what is posted.
            Pillar memory anchor_ = _follow(anchors[i], last, elapsed);
            wait = FixedPointMathLib.max(wait, _timeToSettle(anchor_, next));
            (anchors[i], served[i]) = (anchor_, next);
        }
        _store(_anchors, anchors);
        _store(_pillars, served);
        _setTimes(FixedPointMathLib.max(wait, _timeToCalm(swing, elapsed)));
        emit SurfacePosted(block.timestamp, _settledFrom, pillars);
    }

    /// @inheritdoc IVolatilityOracle
    function surface() external view returns (Surface memory) {
        return Surface(_unpack(_pillars));
    }

    /// @inheritdoc IVolatilityOracle
    function anchor() external view returns (Surface memory) {
        (Pillar[] memory anchors, Pillar[] memory served) = (_unpack(_anchors), _unpack(_pillars));
        for (uint256 i; i < anchors.length; ++i) {
            anchors[i] = _follow(anchors[i], served[i], block.timestamp - _postedAt);
        }
        return Surface(anchors);
    }

    /// @inheritdoc IVolatilityOracle
    function postedAt() external view returns (uint256) {
        return _postedAt;
    }

    /// @inheritdoc IVolatilityOracle
    function settledFrom() external view returns (uint256) {
        return _settledFrom;
    }

    /// @inheritdoc IVolatilityOracle
    function isFresh() public view returns (bool) {
        return block.timestamp <= _postedAt + HEARTBEAT;
    }

    /// @inheritdoc IVolatilityOracle
    function isSettled() public view returns (bool) {
        return block.timestamp >= _settledFrom;
    }

    /// @inheritdoc IVolatilityOracle
    function isOpen() external view returns (bool) {
        return isFresh() && isSettled();
    }

    /// @dev Books `swing`. @return Seconds until there is room for all of it, rounded up.
    function _timeToCalm(uint256 swing, uint256 elapsed) private returns (uint256) {
        swing += FixedPointMathLib.zeroFloorSub(_swing, (SWING_PER_DAY * elapsed) / 1 days);
        swing = FixedPointMathLib.min(swing, MAX_SWING);
        _swing = uint64(swing);
        return _timeToClose(swing, SWING_ROOM, SWING_PER_DAY, 1 days);
    }

    /// @dev What a pillar's shape and forward move by, in tolerances, rounded up.
    function _swingOf(Pillar memory from, Pillar memory to) private pure returns (uint256) {
        uint256 shape = FixedPointMathLib.max(
            FixedPointMathLib.dist(from.skew, to.skew),
            FixedPointMathLib.dist(from.curvature, to.curvature)
        );
        return
            FixedPointMathLib.divUp(shape * 1e9, SHAPE_TOLERANCE) +
            FixedPointMathLib.divUp(
                FixedPointMathLib.dist(from.forwardRatio, to.forwardRatio) * 1e9,
                FORWARD_TOLERANCE
            );
    }

    function _unpack(uint256[MAX_PILLARS / 2] storage slots) private view returns (Pillar[] memory pillars) {
        uint256 count = _count;
        uint256 tenors = _tenors;
        pillars = new Pillar[](count);
        uint256 packed;
        for (uint256 i; i < count; ++i) {
            packed = i % 2 == 0 ? slots[i / 2] : packed >> 128;
            Pillar memory p = pillars[i];
            p.tenor = uint32(tenors >> (32 * i));
            p.atmVol = uint32(packed);
            p.skew = int32(uint32(packed >> 32));
            p.curvature = int32(uint32(packed >> 64));
            p.forwardRatio = uint32(packed >> 96);
        }
    }

    function _store(uint256[MAX_PILLARS / 2] storage slots, Pillar[] memory pillars) private {
        uint256 packed;
        for (uint256 i; i < pillars.length; ++i) {
            Pillar memory p = pillars[i];
            uint256 half =
                uint256(p.atmVol) |
                    (uint256(uint32(int32(p.skew))) << 32) |
                    (uint256(uint32(int32(p.curvature))) << 64) |
                    (uint256(p.forwardRatio) << 96);
            packed = i % 2 == 0 ? half : packed | (half << 128);
            if (i % 2 == 1 || i + 1 == pillars.length) slots[i / 2] = packed;
        }
    }

    /// @param wait Below 2^58 seconds: the widest gap within bounds over the slowest pace.
    function _setTimes(uint256 wait) private {
        _postedAt = uint64(block.timestamp);
        _settledFrom = uint64(block.timestamp + wait);
    }

    /// @dev Where `from` is after drawing near `to` for `elapsed` seconds, rounded towards where it was. An anchor that
    /// falls would slow down if its pace were not of where it began: linear between posts, so that `_timeToSettle` is exact.
    function _follow(
        Pillar memory from,
        Pillar memory to,
        uint256 elapsed
    ) private pure returns (Pillar memory) {
        (uint256 volPace, uint256 shapePace) = _paces(from);
        return
            Pillar({
                tenor: from.tenor,
                atmVol: uint48(_towards(from.atmVol, to.atmVol, volPace, elapsed)),
                skew: int48(_towards(from.skew, to.skew, shapePace, elapsed)),
                curvature: int48(_towards(from.curvature, to.curvature, shapePace, elapsed)),
                forwardRatio: uint48(_towards(from.forwardRatio, to.forwardRatio, FORWARD_PACE, elapsed))
            });
    }

    /// @dev Seconds until the anchor, now at `from`, is within the tolerances of `to` in every parameter, rounded up.
    function _timeToSettle(Pillar memory from, Pillar memory to) private pure returns (uint256) {
        (uint256 volPace, uint256 shapePace) = _paces(from);
        uint256 volTolerance = (uint256(to.atmVol) * VOL_TOLERANCE) / 1e9;
        uint256 wait = _timeToClose(
            FixedPointMathLib.dist(from.atmVol, to.atmVol),
            volTolerance,
            volPace,
            PACE_PERIOD
        );
        uint256 gap = FixedPointMathLib.dist(from.forwardRatio, to.forwardRatio);
        wait = FixedPointMathLib.max(wait, _timeToClose(gap, FORWARD_TOLERANCE, FORWARD_PACE, PACE_PERIOD));
        gap = FixedPointMathLib.max(
            FixedPointMathLib.dist(from.skew, to.skew),
            FixedPointMathLib.dist(from.curvature, to.curvature)
        );
        return FixedPointMathLib.max(wait, _timeToClose(gap, SHAPE_TOLERANCE, shapePace, PACE_PERIOD));
    }

    /// @dev Never 0: the lowest volatility and the longest tenor there can be leave 61,000.
    function _paces(Pillar memory from) private pure returns (uint256 vol, uint256 shape) {
        uint256 scale = FixedPointMathLib.sqrt((PACE_TENOR * 1e18) / from.tenor);
        vol = (from.atmVol * VOL_PACE * scale) / 1e18;
        shape = (SHAPE_PACE * scale) / 1e9;
    }

    function _towards(int256 from, int256 to, uint256 pace, uint256 elapsed) private pure returns (int256) {
        int256 reach = int256((pace * elapsed) / PACE_PERIOD);
        return FixedPointMathLib.clamp(to, from - reach, from + reach);
    }

    function _towards(
        uint256 from,
        uint256 to,
        uint256 pace,
        uint256 elapsed
    ) private pure returns (uint256) {
        return uint256(_towards(int256(from), int256(to), pace, elapsed));
    }

    function _timeToClose(
        uint256 gap,
        uint256 tolerance,
        uint256 pace,
        uint256 period
    ) private pure returns (uint256) {
        return gap <= tolerance ? 0 : FixedPointMathLib.divUp((gap - tolerance) * period, pace);
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
