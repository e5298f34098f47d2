// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IRiskEngine} from "../../../contracts/interfaces/IRiskEngine.sol";
import {Leg, SeriesId} from "../../../contracts/types/Series.sol";
import {Box, Greeks, Surface} from "../../../contracts/types/Surface.sol";

/// @dev Values books all over a box by the engine's own prices, and compares them with the tangent.
contract BoundsHarness {
    struct Book {
        Leg[] legs;
        uint256 spot;
        uint256 timestamp;
        Surface surface;
        Box box;
    }

    /// @dev Relative to the centre, 18 decimals.
    struct Point {
        int256 price;
        int256 volatility;
    }

    struct Answer {
        Greeks total;
        int256 volSlope;
        uint256 remainder;
        /// V(p, u) - V0 - delta·(p - p0) - volSlope·u, USD, 18 decimals.
        int256[] strays;
    }

    function search(
        IRiskEngine engine,
        Book[] calldata books,
        Point[][] calldata points
    ) external pure returns (Answer[] memory answers) {
        answers = new Answer[](books.length);
        for (uint256 i; i < books.length; ++i) {
            Book calldata b = books[i];
            Answer memory a = answers[i];
            (a.total, a.volSlope, a.remainder) = engine.bounds(b.legs, b.spot, b.timestamp, b.surface, b.box);
            a.strays = new int256[](points[i].length);
            for (uint256 j; j < a.strays.length; ++j) {
                Point calldata p = points[i][j];
                int256 step = (int256(b.spot) * p.price) / 1e18;
                a.strays[j] =
                    value(engine, b, uint256(int256(b.spot) + step), p.volatility) -
                    a.total.price -
                    (a.total.delta * step + a.volSlope * p.volatility) / 1e18;
            }
        }
    }

    function value(
        IRiskEngine engine,
        Book calldata b,
        uint256 spot,
        int256 bump
    ) private pure returns (int256 sum) {
        for (uint256 i; i < b.legs.length; ++i) {
            SeriesId id = b.legs[i].series();
            (uint256 strike, uint256 cap) = (uint256(id.strike()) * 1e10, uint256(id.cap()) * 1e10);
            int256 price = vanilla(engine, b, id, strike, spot, bump);
            if (cap != 0) price -= vanilla(engine, b, id, cap, spot, bump);
            int256 width = int256(strike < cap ? cap - strike : strike - cap);
            if (price < 0) price = 0;
            if (price > width) price = width;
            sum += price * b.legs[i].quantity();
        }
        sum /= 1e18;
    }

    function vanilla(
        IRiskEngine engine,
        Book calldata b,
        SeriesId id,
        uint256 strike,
        uint256 spot,
        int256 bump
    ) private pure returns (int256) {
        uint256 tau = id.expiry() > b.timestamp ? id.expiry() - b.timestamp : 0;
        // The volatility is the strike's at the centre; the forward goes with the price.
        (uint256 sigma, uint256 ratio) = engine.volatility(b.spot, strike, tau, b.surface);
        sigma = (sigma * uint256(1e18 + bump)) / 1e18;
        return engine.greeks(id.isPut(), spot, strike, 0, sigma, tau, (spot * ratio) / 1e18).price;
    }
}
