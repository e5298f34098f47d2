// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib as Math} from "solady/src/utils/FixedPointMathLib.sol";

import {IRiskEngine} from "../interfaces/IRiskEngine.sol";
import {Leg, SeriesId} from "../types/Series.sol";
import {Box, Greeks, Pillar, Surface} from "../types/Surface.sol";
import {BlackScholes} from "./BlackScholes.sol";
import {Remainder} from "./Remainder.sol";
import {VolatilitySurface} from "./VolatilitySurface.sol";

/// @title RiskEngine
contract RiskEngine is IRiskEngine {
    /// @dev From the 8 decimals of a series to 18.
    uint256 private constant STRIKE_SCALE = 1e10;
    /// @dev An expiry in memory: its time, then its `BlackScholes.Market` of nine words.
    uint256 private constant EXPIRY_SIZE = 10 * 32;

    /// @dev Room for a book's sums and the shapes of the series at hand: the stack is too small for them.
    struct Work {
        Greeks total;
        Remainder.Sums sums;
        BlackScholes.Market market;
        BlackScholes.Shape near;
        BlackScholes.Shape far;
    }

    /// @inheritdoc IRiskEngine
    function greeks(
        bool isPut,
        uint256 spot,
        uint256 strike,
        uint256 cap,
        uint256 sigma,
        uint256 tau,
        uint256 forward
    ) external pure returns (Greeks memory g) {
        BlackScholes.Market memory m;
        BlackScholes.market(m, spot, tau, forward);
        BlackScholes.capped(g, m, isPut, strike, cap, sigma);
    }

    /// @inheritdoc IRiskEngine
    function value(
        SeriesId id,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory) {
        Work memory work;
        BlackScholes.Market memory m;
        VolatilitySurface.market(m, surface.pillars, spot, Math.zeroFloorSub(id.expiry(), timestamp));
        _add(work, id, 1, m);
        return work.total;
    }

    /// @inheritdoc IRiskEngine
    function book(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory) {
        Work memory work;
        _sum(work, legs, spot, timestamp, surface);
        return work.total;
    }

    /// @inheritdoc IRiskEngine
    function bounds(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface,
        Box calldata box
    ) external pure returns (Greeks memory total, int256 volSlope, uint256 remainder) {
        Work memory work;
        Remainder.start(work.sums, box, spot);
        _sum(work, legs, spot, timestamp, surface);
        total = work.total;
        (volSlope, remainder) = Remainder.end(work.sums);
    }

    /// @inheritdoc IRiskEngine
    function volatility(
        uint256 spot,
        uint256 strike,
        uint256 tau,
        Surface calldata surface
    ) external pure returns (uint256 sigma, uint256 forwardRatio) {
        BlackScholes.Market memory m;
        forwardRatio = VolatilitySurface.market(m, surface.pillars, spot, tau);
        Greeks memory none;
        BlackScholes.Shape memory shape;
        BlackScholes.add(none, m, shape, false, BlackScholes.clampStrike(strike), int256(tau));
        // Up, since v was rounded down: so it comes out as it went in.
        if (shape.v != 0) sigma = Math.divUp(shape.v * 1e18, m.rootTau << 8);
    }

    function _sum(
        Work memory work,
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) private pure {
        Pillar[] calldata pillars = surface.pillars;
        // The expiries met, one after the other, and the one at hand.
        BlackScholes.Market memory m = work.market;
        uint256 first;
        assembly ("memory-safe") {
            // Room for as many as legs, none of which is read before it is written, and a word behind them.
            first := mload(0x40)
            mstore(0x40, add(add(first, 32), mul(EXPIRY_SIZE, legs.length)))
        }
        unchecked {
            uint256 end = first;
            // None of a series.
            uint256 at = type(uint256).max;
            for (uint256 i; i < legs.length; ++i) {
                Leg leg;
                assembly ("memory-safe") {
                    leg := calldataload(add(legs.offset, shl(5, i)))
                }
                uint256 expiry = leg.series().expiry();
                // Series of one expiry share its forward, its smile and the root of its time. Neighbours mostly do.
                if (expiry != at) {
                    at = expiry;
                    uint256 found = _find(expiry, first, end);
                    assembly ("memory-safe") {
                        m := add(found, 32)
                    }
                    if (found == end) {
                        VolatilitySurface.market(m, pillars, spot, Math.zeroFloorSub(expiry, timestamp));
                        end += EXPIRY_SIZE;
                    }
                }
                _add(work, leg.series(), leg.quantity(), m);
            }
        }
        Greeks memory total = work.total;
        total.price /= 1e18;
        total.delta /= 1e18;
        total.gamma /= 1e18;
        total.vega /= 1e18;
        total.theta /= 1e18;
    }

    /// @return e Where `expiry` is from `first` on, `end` if it is not: written there, it is found at the latest there.
    function _find(uint256 expiry, uint256 first, uint256 end) private pure returns (uint256 e) {
        assembly ("memory-safe") {
            mstore(end, expiry)
            e := first
            for {} xor(mload(e), expiry) {} {
                e := add(e, EXPIRY_SIZE)
            }
        }
    }

    /// @dev Adds `quantity` of the vanilla at the strike less the one at the cap, each at its own volatility. A surface
    /// steep enough makes that difference negative, or more than the series can pay; its price never is.
    function _add(Work memory work, SeriesId id, int256 quantity, BlackScholes.Market memory m) private pure {
        unchecked {
            Greeks memory total = work.total;
            bool isPut = id.isPut();
            uint256 strike = id.strike() * STRIKE_SCALE;
            uint256 cap = id.cap() * STRIKE_SCALE;
            // Not the series' own width, which reverts for an id that is none.
            int256 width = int256(strike < cap ? cap - strike : strike - cap);
            if (strike == 0) strike = 1;
            (int256 price, int256 delta) = BlackScholes.add(total, m, work.near, isPut, strike, quantity);
            if (cap != 0) {
                (int256 price2, int256 delta2) = BlackScholes.add(total, m, work.far, isPut, cap, -quantity);
                price -= price2;
                delta -= delta2;
            }
            if (work.sums.wanted) {
                Remainder.Sums memory sums = work.sums;
                (int256 slope, uint256 up, uint256 both) = Remainder.vanilla(sums, m, work.near, strike);
                uint256 down = both;
                if (cap != 0) {
                    (int256 slope2, uint256 curve, uint256 twist) = Remainder.vanilla(sums, m, work.far, cap);
                    slope -= slope2;
                    both += twist;
                    down = both + curve;
                }
                Remainder.add(sums, quantity, price, width, delta, slope, up + both, down);
            }
            if (uint256(price) > uint256(width)) price = price < 0 ? int256(0) : width;
            total.price += price * quantity;
            total.delta += delta * quantity;
        }
    }
}
