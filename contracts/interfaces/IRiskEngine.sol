// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Leg, SeriesId} from "../types/Series.sol";
import {Box, Greeks, Surface} from "../types/Surface.sol";

/// @title IRiskEngine
/// @notice Prices and greeks of single options and of a book. Pure and total: no input reverts (an unsorted or empty
/// surface prices at zero volatility), since a valuation that reverts locks a vault.
interface IRiskEngine {
    /// @notice A vanilla or, with `cap` non-zero, a capped option: the vanilla at `strike` less the vanilla at `cap`.
    /// @param isPut Put or call.
    /// @param spot USD per ETH, 18 decimals.
    /// @param strike USD, 18 decimals.
    /// @param cap USD, 18 decimals; a put's floor; 0 for a vanilla.
    /// @param sigma Annualised volatility, 18 decimals.
    /// @param tau Seconds to expiry.
    /// @param forward USD, 18 decimals: the forward price to expiry.
    function greeks(
        bool isPut,
        uint256 spot,
        uint256 strike,
        uint256 cap,
        uint256 sigma,
        uint256 tau,
        uint256 forward
    ) external pure returns (Greeks memory);

    /// @notice One option of `id` at `timestamp`, its volatilities and forward read from `surface`.
    /// An expired series is worth its payout at `spot`, with a step delta.
    /// @param spot USD per ETH, 18 decimals.
    /// @param timestamp Unix seconds.
    function value(
        SeriesId id,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory);

    /// @notice The sum over `legs` of quantity times the greeks of one option. Units as in `value`.
    function book(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory);

    /// @notice `book`, and how far the book's value V may stray from its tangent within `box`: with p0 the spot, for every
    /// price p and relative change u of all volatilities in the box
    /// |V(p, u) - V(p0, 0) - total.delta·(p - p0) - volSlope·u| <= remainder,
    /// where V is this engine's own value, each strike keeping its volatility and the forward its ratio to spot.
    /// The whole book is thus worth total.price ± (|total.delta|·box.price·p0 + |volSlope|·box.volatility + remainder),
    /// to which the caller may first add, to total.delta, whatever else it holds that is linear in the price.
    /// @dev For a spot within the engine's range, 1e-9 to 1.2e12 USD; beyond it p0 is that bound.
    /// @return total As of `book`.
    /// @return volSlope ∂V/∂u: the sum of quantity times vega times volatility, strike by strike. USD, 18 decimals.
    /// @return remainder USD, 18 decimals, rounded up.
    function bounds(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface,
        Box calldata box
    ) external pure returns (Greeks memory total, int256 volSlope, uint256 remainder);

    /// @notice Volatility of `strike` (USD, 18 decimals) for an expiry `tau` seconds away, 18 decimals, and the
    /// forward ratio to that expiry, 18 decimals.
    function volatility(
        uint256 spot,
        uint256 strike,
        uint256 tau,
        Surface calldata surface
    ) external pure returns (uint256 sigma, uint256 forwardRatio);
}
