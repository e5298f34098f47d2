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
        (BlackScholes.Market memory market, VolatilitySurface.Smile memory smile) = _expiry(
            id.expiry(),
            spot,
            timestamp,
            surface
        );
        return _value(id, market, smile);
    }

    /// @inheritdoc IRiskEngine
    function book(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external pure returns (Greeks memory total) {
        BlackScholes.Market memory market;
        VolatilitySurface.Smile memory smile;
        uint256 expiry = type(uint256).max;
        for (uint256 i; i < legs.length; ++i) {
            SeriesId id = legs[i].series();
            // Neighbours of one expiry share its forward, its smile and the root of its time.
            if (id.expiry() != expiry) {
                expiry = id.expiry();
                (market, smile) = _expiry(expiry, spot, timestamp, surface);
            }
            _add(total, _value(id, market, smile), legs[i].quantity());
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
        (BlackScholes.Market memory market, VolatilitySurface.Smile memory smile) = _expiry(
            tau,
            spot,
            0,
            surface
        );
        int256 y = BlackScholes.logMoneyness(market.forward, BlackScholes.clampPrice(strike));
        return (VolatilitySurface.volatility(smile, y, market.rootTau), smile.forwardRatio);
    }

    function _expiry(
        uint256 expiry,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) private pure returns (BlackScholes.Market memory market, VolatilitySurface.Smile memory smile) {
        unchecked {
            uint256 tau = expiry > timestamp ? expiry - timestamp : 0;
            smile = VolatilitySurface.smile(surface, tau);
            // A spot above 2^156 is beyond the clamp by far; the product must not wrap.
            uint256 forward = (FixedPointMathLib.min(spot, type(uint128).max) * smile.forwardRatio) / 1e18;
            market = BlackScholes.market(spot, tau, forward);
        }
    }

    /// @dev The vanilla at the strike less the one at the cap, each at its own volatility.
    function _value(
        SeriesId id,
        BlackScholes.Market memory market,
        VolatilitySurface.Smile memory smile
    ) private pure returns (Greeks memory g) {
        unchecked {
            bool isPut = id.isPut();
            g = _vanilla(isPut, id.strike() * STRIKE_SCALE, market, smile);
            uint256 cap = id.cap() * STRIKE_SCALE;
            if (cap != 0) BlackScholes.subtract(g, _vanilla(isPut, cap, market, smile));
        }
    }

    function _vanilla(
        bool isPut,
        uint256 strike,
        BlackScholes.Market memory market,
        VolatilitySurface.Smile memory smile
    ) private pure returns (Greeks memory) {
        strike = BlackScholes.clampPrice(strike);
        int256 y = BlackScholes.logMoneyness(market.forward, strike);
        uint256 sigma = VolatilitySurface.volatility(smile, y, market.rootTau);
        return BlackScholes.vanillaAt(market, isPut, strike, sigma, y);
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
