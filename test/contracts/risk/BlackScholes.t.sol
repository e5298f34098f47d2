// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {RiskEngine} from "../../../contracts/risk/RiskEngine.sol";
import {Leg, LegLib, SeriesId} from "../../../contracts/types/Series.sol";
import {Greeks, Pillar, Surface} from "../../../contracts/types/Surface.sol";

contract BlackScholesTest {
    RiskEngine private immutable engine = new RiskEngine();

    struct Terms {
        uint256 spot;
        uint256 strike;
        uint256 sigma;
        uint256 tau;
        uint256 forward;
    }

    /// @dev Of any size, each size as likely as another, within the range the engine does not clamp.
    function within(Terms memory t) private pure {
        t.spot = scaled(t.spot, 30, 100);
        t.forward = scaled(t.forward, 0, 100);
        if (t.forward > t.spot << 20) t.forward = t.spot << 20;
        t.strike = scaled(t.strike, 0, 128);
        t.sigma = scaled(t.sigma, 0, 62);
        t.tau = scaled(t.tau, 0, 28) - 1;
    }

    /// @dev At least 2^least, below 2^most.
    function scaled(uint256 x, uint256 least, uint256 most) private pure returns (uint256) {
        uint256 bits = least + ((x >> 248) % (most - least));
        return (1 << bits) | (x & ((1 << bits) - 1));
    }

    function testFuzz_NothingReverts(bool isPut, Terms calldata t, uint256 cap) external view {
        engine.greeks(isPut, t.spot, t.strike, cap, t.sigma, t.tau, t.forward);
    }

    function testFuzz_NothingRevertsAtAnySize(bool isPut, Terms memory t, uint256 cap) external view {
        engine.greeks(
            isPut,
            scaled(t.spot, 0, 256),
            scaled(t.strike, 0, 256),
            scaled(cap, 0, 256),
            scaled(t.sigma, 0, 256),
            scaled(t.tau, 0, 256),
            scaled(t.forward, 0, 256)
        );
    }

    /// @dev Any legs and pillars, in any order, of any sign and size.
    function testFuzz_BooksDoNotRevert(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Pillar[] calldata pillars
    ) external view {
        Surface memory surface = Surface(pillars);
        engine.book(legs, spot, timestamp, surface);
        engine.book(legs, scaled(spot, 0, 256), timestamp % 2 ** 41, surface);
        for (uint256 i; i < legs.length; ++i) engine.value(legs[i].series(), spot, timestamp, surface);
        engine.volatility(spot, timestamp, uint256(keccak256(abi.encode(spot))) >> (spot % 256), surface);
    }

    function testFuzz_BookIsQuantityTimesValue(
        SeriesId id,
        int80 quantity,
        uint256 spot,
        Pillar calldata p
    ) external view {
        id = SeriesId.wrap(SeriesId.unwrap(id) & ((1 << 169) - 1));
        Surface memory surface = Surface(new Pillar[](1));
        surface.pillars[0] = p;
        spot = scaled(spot, 50, 80);
        uint256 timestamp = id.expiry() > 10 days ? id.expiry() - 10 days : 0;
        Leg[] memory legs = new Leg[](1);
        legs[0] = LegLib.pack(id, quantity);
        Greeks memory one = engine.value(id, spot, timestamp, surface);
        Greeks memory all = engine.book(legs, spot, timestamp, surface);
        assert(all.price == (one.price * quantity) / 1e18);
        assert(all.delta == (one.delta * quantity) / 1e18);
        assert(all.gamma == (one.gamma * quantity) / 1e18);
        assert(all.vega == (one.vega * quantity) / 1e18);
        assert(all.theta == (one.theta * quantity) / 1e18);
    }

    function testFuzz_PricesKeepTheirBounds(Terms memory t) external view {
        within(t);
        (Greeks memory call, Greeks memory put) = both(t);
        int256 gap = int256(t.forward) - int256(t.strike);
        assert(call.price >= 0 && call.price >= gap && call.price <= int256(t.forward));
        assert(put.price >= 0 && put.price >= -gap && put.price <= int256(t.strike));
        int256 ratio = int256((t.forward * 1e18) / t.spot);
        assert(call.delta >= 0 && call.delta <= ratio);
        assert(put.delta <= 0 && put.delta >= -ratio);
        assert(call.gamma >= 0 && call.vega >= 0 && call.theta <= 0);
    }

    function testFuzz_PutCallParity(Terms memory t) external view {
        within(t);
        (Greeks memory call, Greeks memory put) = both(t);
        assert(call.price - put.price == int256(t.forward) - int256(t.strike));
        int256 ratio = int256((t.forward * 1e18) / t.spot);
        int256 sum = call.delta - put.delta;
        assert(sum <= ratio && sum >= ratio - 1);
        assert(call.gamma == put.gamma && call.vega == put.vega && call.theta == put.theta);
    }

    /// @dev A call is worth less at a higher strike, and never by more than the strikes differ.
    function testFuzz_CallsFallWithTheStrike(Terms memory t, uint256 step) external view {
        within(t);
        (Greeks memory low, ) = both(t);
        step = scaled(step, 0, 100);
        t.strike += step;
        (Greeks memory high, ) = both(t);
        // To the rounding of the tails, 2^-55 of the forward.
        int256 slack = int256(t.forward >> 55) + 1;
        assert(high.price <= low.price + slack);
        assert(low.price - high.price <= int256(step) + slack);
    }

    /// @dev The bounds of BlackScholes: any input beyond one is taken as the bound itself.
    function testFuzz_BeyondABoundIsTheBound(Terms memory t, uint256 beyond) external view {
        within(t);
        (uint256 least, uint256 most) = (1e9, 1 << 100);
        uint256 more = beyond % 2 == 0 ? 1 : scaled(beyond, 0, 100);
        Terms memory far = copy(t);
        t.forward = far.forward = scaled(t.forward, 0, 40);
        (t.spot, far.spot) = (least, beyond % least);
        requireSame(t, far);
        (t.spot, far.spot) = (most, most + more);
        requireSame(t, far);
        within(t);
        far = copy(t);
        (t.forward, far.forward) = (1, 0);
        requireSame(t, far);
        t.forward = t.spot << 20 < most ? t.spot << 20 : most;
        far.forward = t.forward + more;
        requireSame(t, far);
        (t.strike, far.strike) = (1, 0);
        requireSame(t, far);
        (t.strike, far.strike) = (1 << 128, (1 << 128) + more);
        requireSame(t, far);
        (t.sigma, far.sigma) = (100e18, 100e18 + more);
        requireSame(t, far);
        (t.tau, far.tau) = (100 * 365 days, 100 * 365 days + more);
        requireSame(t, far);
    }

    function copy(Terms memory t) private pure returns (Terms memory) {
        return Terms(t.spot, t.strike, t.sigma, t.tau, t.forward);
    }

    function requireSame(Terms memory a, Terms memory b) private view {
        (Greeks memory call, Greeks memory put) = both(a);
        (Greeks memory farCall, Greeks memory farPut) = both(b);
        assert(keccak256(abi.encode(call, put)) == keccak256(abi.encode(farCall, farPut)));
    }

    function both(Terms memory t) private view returns (Greeks memory call, Greeks memory put) {
        call = engine.greeks(false, t.spot, t.strike, 0, t.sigma, t.tau, t.forward);
        put = engine.greeks(true, t.spot, t.strike, 0, t.sigma, t.tau, t.forward);
    }
}
