// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IRiskEngine} from "../interfaces/IRiskEngine.sol";
import {Leg, SeriesId} from "../types/Series.sol";
import {Greeks, Surface} from "../types/Surface.sol";
import {BlackScholes} from "./BlackScholes.sol";
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
        return BlackScholes.capped(BlackScholes.market(spot, tau, forward), isPut, strike, cap, sigma);
    }

    /// @inheritdoc IRiskEngine
    function value(
        SeriesId id,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory) {
        return _value(id, _expiry(id.expiry(), spot, timestamp, surface));
    }

    /// @inheritdoc IRiskEngine
    function book(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory total) {
        uint256 n = legs.length;
        Expiry[] memory expiries;
        assembly ("memory-safe") {
            // Room for n pointers, none of which is read before it is written.
            expiries := mload(0x40)
            mstore(expiries, n)
            mstore(0x40, add(expiries, shl(5, add(n, 1))))
        }
        unchecked {
            uint256 known;
            for (uint256 i; i < n; ++i) {
                SeriesId id = legs[i].series();
                // Series of one expiry share its forward, its smile and the root of its time. Neighbours mostly do.
                uint256 j = known;
                while (j != 0 && expiries[j - 1].timestamp != id.expiry()) --j;
                if (j == 0) {
                    expiries[known] = _expiry(id.expiry(), spot, timestamp, surface);
                    j = ++known;
                }
                _add(total, _value(id, expiries[j - 1]), legs[i].quantity());
            }
        }
        total.price /= 1e18;
        total.delta /= 1e18;
        total.gamma /= 1e18;
        total.vega /= 1e18;
        total.theta /= 1e18;
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

    function _expiry(
        uint256 expiry,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) private pure returns (Expiry memory e) {
        unchecked {
            uint256 tau = expiry > timestamp ? expiry - timestamp : 0;
            VolatilitySurface.Smile memory smile = VolatilitySurface.smile(surface, tau);
            // A spot above 2^156 is beyond the clamp by far; the product must not wrap.
            uint256 forward = (FixedPointMathLib.min(spot, type(uint128).max) * smile.forwardRatio) / 1e18;
            e = Expiry(expiry, BlackScholes.market(spot, tau, forward), smile);
        }
    }

    /// @dev The vanilla at the strike less the one at the cap, each at its own volatility. A surface steep enough makes
    /// that difference negative, or more than the series can pay; its price never is.
    function _value(SeriesId id, Expiry memory e) private pure returns (Greeks memory g) {
        unchecked {
            (bool isPut, uint256 strike, uint256 cap) = (
                id.isPut(),
                id.strike() * STRIKE_SCALE,
                id.cap() * STRIKE_SCALE
            );
            g = _vanilla(isPut, strike, e);
            if (cap != 0) BlackScholes.subtract(g, _vanilla(isPut, cap, e));
            // Not the series' own width, which reverts for an id that is none.
            g.price = FixedPointMathLib.clamp(g.price, 0, int256(FixedPointMathLib.dist(strike, cap)));
        }
    }

    function _vanilla(bool isPut, uint256 strike, Expiry memory e) private pure returns (Greeks memory) {
        strike = BlackScholes.clampStrike(strike);
        int256 y = BlackScholes.logMoneyness(e.market.forward, strike);
        uint256 sigma = VolatilitySurface.volatility(e.smile, y, e.market.rootTau);
        return BlackScholes.vanillaAt(e.market, isPut, strike, sigma, y);
    }

    function _add(Greeks memory total, Greeks memory g, int256 quantity) private pure {
        unchecked {
            total.price += g.price * quantity;
            total.delta += g.delta * quantity;
            total.gamma += g.gamma * quantity;
            total.vega += g.vega * quantity;
            total.theta += g.theta * quantity;
        }
    }
}
