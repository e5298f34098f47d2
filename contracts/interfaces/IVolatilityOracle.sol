// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Pillar, Surface} from "../types/Surface.sol";

/// @title IVolatilityOracle
/// @notice A volatility surface posted by its own key, within a stated step of the last one.
interface IVolatilityOracle {
    event SurfacePosted(uint256 indexed postedAt, Pillar[] pillars);

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

    /// @notice Unix seconds.
    function postedAt() external view returns (uint256);

    /// @notice Whether the surface was posted within the heartbeat.
    function isFresh() external view returns (bool);
}
