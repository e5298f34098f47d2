// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IRiskEngine} from "../interfaces/IRiskEngine.sol";
import {Leg, SeriesId} from "../types/Series.sol";
import {Box, Greeks, Surface} from "../types/Surface.sol";
import {BlackScholes} from "./BlackScholes.sol";
import {Remainder} from "./Remainder.sol";
import {VolatilitySurface} from "./VolatilitySurface.sol";

/// @title RiskEngine
contract RiskEngine is IRiskEngine {
    /// @dev From the 8 decimals of a series to 18.
    uint256 private constant STRIKE_SCALE = 1e10;

    /// @dev What the series of one expiry share.
    struct Expiry {
        uint256 timestamp;
        BlackScholes.Market market;
        VolatilitySurface.Smile smile;
    }

    /// @dev Room for a book's sums and the two options of the series at hand: the stack is too small for them.
    struct Work {
        Greeks total;
        Remainder.Sums sums;
        BlackScholes.Option near;
        BlackScholes.Option far;
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
    ) external pure returns (Greeks memory) {
        BlackScholes.Market memory m;
        BlackScholes.market(m, spot, tau, forward);
        return BlackScholes.capped(m, isPut, strike, cap, sigma);
    }

    /// @inheritdoc IRiskEngine
    function value(
        SeriesId id,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory) {
        Work memory work;
        _add(work, id, 1, _expiry(id.expiry(), spot, timestamp, surface));
        return work.total;
    }

    /// @inheritdoc IRiskEngine
    function book(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory total) {
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
        (volSlope, remainder) = Remainder.end(work.sums);
        total = work.total;
    }

    /// @inheritdoc IRiskEngine
    function volatility(
        uint256 spot,
        uint256 strike,
        uint256 tau,
        Surface calldata surface
    ) external pure returns (uint256 sigma, uint256 forwardRatio) {
        Expiry memory e = _expiry(tau, spot, 0, surface);
        int256 y = BlackScholes.logMoneyness(e.market.forward, BlackScholes.clampStrike(strike));
        return (VolatilitySurface.volatility(e.smile, y, e.market.rootTau), e.smile.forwardRatio);
    }

    function _sum(
        Work memory work,
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) private pure {
        Expiry[] memory expiries;
        assembly ("memory-safe") {
            // Room for as many pointers as legs, none of which is read before it is written.
            expiries := mload(0x40)
            mstore(expiries, legs.length)
            mstore(0x40, add(expiries, shl(5, add(legs.length, 1))))
        }
        unchecked {
            uint256 known;
            Expiry memory e;
            for (uint256 i; i < legs.length; ++i) {
                Leg leg;
                assembly ("memory-safe") {
                    leg := calldataload(add(legs.offset, shl(5, i)))
                }
                uint256 expiry = leg.series().expiry();
                // Series of one expiry share its forward, its smile and the root of its time. Neighbours mostly do.
                if (e.timestamp != expiry || known == 0) {
                    uint256 j = known;
                    while (j != 0 && expiries[j - 1].timestamp != expiry) --j;
                    if (j == 0) {
                        expiries[known] = _expiry(expiry, spot, timestamp, surface);
                        j = ++known;
                    }
                    e = expiries[j - 1];
                }
                _add(work, leg.series(), leg.quantity(), e);
            }
        }
        Greeks memory total = work.total;
        total.price /= 1e18;
        total.delta /= 1e18;
        total.gamma /= 1e18;
        total.vega /= 1e18;
        total.theta /= 1e18;
    }

    function _expiry(
        uint256 expiry,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) private pure returns (Expiry memory e) {
        unchecked {
            uint256 tau = expiry > timestamp ? expiry - timestamp : 0;
            e.timestamp = expiry;
            VolatilitySurface.smile(e.smile, surface, tau);
            // A spot above 2^156 is beyond the clamp by far; the product must not wrap.
            uint256 forward = (FixedPointMathLib.min(spot, type(uint128).max) * e.smile.forwardRatio) / 1e18;
            BlackScholes.market(e.market, spot, tau, forward);
        }
    }

    /// @dev Adds `quantity` of the vanilla at the strike less the one at the cap, each at its own volatility. A surface
    /// steep enough makes that difference negative, or more than the series can pay; its price never is.
    function _add(Work memory work, SeriesId id, int256 quantity, Expiry memory e) private pure {
        unchecked {
            Greeks memory total = work.total;
            BlackScholes.Option memory o = work.near;
            bool isPut = id.isPut();
            uint256 strike = id.strike() * STRIKE_SCALE;
            uint256 cap = id.cap() * STRIKE_SCALE;
            // Not the series' own width, which reverts for an id that is none.
            int256 width = int256(FixedPointMathLib.dist(strike, cap));
            (o.isPut, o.strike, o.quantity) = (isPut, strike, quantity);
            _vanilla(total, o, e);
            (int256 price, int256 delta) = (o.price, o.delta);
            if (cap != 0) {
                o = work.far;
                (o.isPut, o.strike, o.quantity) = (isPut, cap, -quantity);
                _vanilla(total, o, e);
                price -= o.price;
                delta -= o.delta;
            }
            if (work.sums.wanted) {
                Remainder.add(
                    work.sums,
                    e.market,
                    work.near,
                    work.far,
                    cap != 0,
                    quantity,
                    price,
                    width,
                    delta
                );
            }
            if (uint256(price) > uint256(width)) price = price < 0 ? int256(0) : width;
            total.price += price * quantity;
            total.delta += delta * quantity;
        }
    }

    function _vanilla(Greeks memory total, BlackScholes.Option memory o, Expiry memory e) private pure {
        BlackScholes.Market memory m = e.market;
        uint256 strike = BlackScholes.clampStrike(o.strike);
        o.strike = strike;
        int256 y = BlackScholes.logMoneyness(m.forward, strike);
        BlackScholes.add(total, m, o, VolatilitySurface.volatility(e.smile, y, m.rootTau), y);
    }
}
