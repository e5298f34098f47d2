// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Pillar, Surface} from "../types/Surface.sol";

/// @title IVolatilityOracle
/// @notice A volatility surface posted by its own key, within a stated step of the last one.
///
/// Each post is served at once, for hedging cannot wait. What a stolen key could gain by it is a share price, so entry,
/// instant exit and writing ask for more: that the surface is *settled*, every parameter of every pillar within its
/// tolerance of a slow anchor. The anchor follows the served surface at a bounded pace, whatever is posted and how often.
///
/// So with a stolen key, T seconds after the theft and while `isOpen`, each at-the-money volatility v lies in
/// a0·(1 − rT) / (1 + t) <= v <= a0·exp(rT) / (1 − t), where a0 is the anchor at the theft, r = `VOL_PACE`·√(30 days/tenor)
/// per `PACE_PERIOD` and t = `VOL_TOLERANCE`; skew, curvature and forward ratio lie within tolerance + pace·T of theirs.
/// If the honest surface was settled, a0 is itself within the tolerance of it.
interface IVolatilityOracle {
    event SurfacePosted(uint256 indexed postedAt, uint256 settledFrom, Pillar[] pillars);

    /// @param pillar Index of the first that is refused, or how many there are where that is what is wrong.
    error InvalidSurface(uint256 pillar);
    error StepTooLarge(uint256 pillar);
    /// @param from Unix seconds from which the next may be posted.
    error PostedTooSoon(uint256 from);

    /// @notice Replaces the surface. Tenors must rise; each parameter must be within its bounds and within the largest
    /// step of the surface now served.
    function post(Pillar[] calldata pillars) external;

    /// @notice The last surface posted, however old.
    function surface() external view returns (Surface memory);

    /// @notice Where the anchor stands now.
    function anchor() external view returns (Surface memory);

    /// @notice Unix seconds.
    function postedAt() external view returns (uint256);

    /// @notice Unix seconds from which the surface is settled, if it stays as it is.
    function settledFrom() external view returns (uint256);

    /// @notice Whether the surface was posted within the heartbeat.
    function isFresh() external view returns (bool);

    /// @notice Whether every parameter of every pillar is within its tolerance of the anchor.
    function isSettled() external view returns (bool);

    /// @notice Fresh and settled: what entry, instant exit and writing need. De-risking needs neither.
    function isOpen() external view returns (bool);
}
