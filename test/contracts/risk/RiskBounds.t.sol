// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {RiskEngine} from "../../../contracts/risk/RiskEngine.sol";
import {Leg, LegLib, SeriesId} from "../../../contracts/types/Series.sol";
import {Box, Greeks, Pillar, Surface} from "../../../contracts/types/Surface.sol";

contract RiskBoundsTest {
    RiskEngine private immutable engine = new RiskEngine();

    /// @dev At least 2^least, below 2^most, each size as likely as another.
    function scaled(uint256 x, uint256 least, uint256 most) private pure returns (uint256) {
        uint256 bits = least + ((x >> 248) % (most - least));
        return (1 << bits) | (x & ((1 << bits) - 1));
    }

    function expectAsBook(
        Leg[] memory legs,
        uint256 spot,
        uint256 timestamp,
        Surface memory surface,
        Box memory box
    ) private view {
        Greeks memory book = engine.book(legs, spot, timestamp, surface);
        (Greeks memory total, , ) = engine.bounds(legs, spot, timestamp, surface, box);
        assert(keccak256(abi.encode(book)) == keccak256(abi.encode(total)));
    }

    /// @dev Any legs and pillars, in any order, of any sign and size, in any box.
    function testFuzz_BoundsDoNotRevertAndAddUpAsTheBook(
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Pillar[] calldata pillars,
        Box memory box
    ) external view {
        Surface memory surface = Surface(pillars);
        expectAsBook(legs, spot, timestamp, surface, box);
        box = Box(scaled(box.price, 0, 62), scaled(box.volatility, 0, 62));
        expectAsBook(legs, scaled(spot, 0, 256), timestamp % 2 ** 41, surface, box);
        expectAsBook(legs, scaled(spot, 60, 80), timestamp % 2 ** 38, surface, box);
    }

    /// @dev The extremes of quantity, strike and cap, in a box as wide as it gets: a sum that wrapped would be below one
    /// of its terms.
    function testFuzz_NothingWraps(
        uint256 terms,
        uint256 spot,
        uint256 tau,
        Pillar calldata p
    ) external view {
        Surface memory surface = Surface(new Pillar[](1));
        surface.pillars[0] = p;
        uint256 expiry = 1 + (scaled(tau, 0, 40) % (2 ** 40 - 1));
        SeriesId id = SeriesId.wrap((terms & (((1 << 169) - 1) ^ (2 ** 40 - 1))) | expiry);
        Leg[] memory legs = new Leg[](1);
        Leg[] memory many = new Leg[](40);
        legs[0] = LegLib.pack(id, type(int80).min);
        for (uint256 i; i < many.length; ++i) many[i] = legs[0];
        Box memory box = Box(type(uint256).max, type(uint256).max);
        (, , uint256 one) = engine.bounds(legs, scaled(spot, 0, 256), 0, surface, box);
        (, , uint256 all) = engine.bounds(many, scaled(spot, 0, 256), 0, surface, box);
        // Each sum is rounded once.
        assert(all >= one && (all + 40) / 40 <= one + 1 && one < 1 << 187);
    }

    function testFuzz_AnEmptyBookStraysNowhere(
        uint256 spot,
        uint256 timestamp,
        Pillar[] calldata pillars,
        Box calldata box
    ) external view {
        (Greeks memory total, int256 slope, uint256 remainder) = engine.bounds(
            new Leg[](0),
            spot,
            timestamp,
            Surface(pillars),
            box
        );
        assert(total.price == 0 && total.delta == 0 && slope == 0 && remainder == 0);
    }

    /// @dev In a box of one point an option of a usual size strays by its rounding, which is below 1e-10 USD, and in one
    /// of any size by less than in a greater.
    function testFuzz_WiderBoxesStrayFurther(
        SeriesId id,
        uint256 spot,
        uint256 tau,
        uint48 atm,
        Box memory box
    ) external view {
        Surface memory surface = Surface(new Pillar[](1));
        surface.pillars[0] = Pillar(7 days, atm % 2e9, -0.1e9, 0.2e9, 1e9);
        spot = 100e18 + (spot % 10_000e18);
        tau = tau % 90 days;
        // Strikes and caps up to 40,000 USD.
        uint256 mask = (uint256(2 ** 42 - 1) << 40) | (uint256(2 ** 42 - 1) << 104) | (1 << 168);
        Leg[] memory legs = new Leg[](1);
        legs[0] = LegLib.pack(SeriesId.wrap((SeriesId.unwrap(id) & mask) | (2 ** 31 + tau)), -1e18);
        (, , uint256 none) = engine.bounds(legs, spot, 2 ** 31, surface, Box(0, 0));
        assert(none < 1e8);
        box = Box(box.price % 0.5e18, box.volatility % 0.5e18);
        (, , uint256 small) = engine.bounds(legs, spot, 2 ** 31, surface, box);
        (, , uint256 large) = engine.bounds(
            legs,
            spot,
            2 ** 31,
            surface,
            Box(box.price + 1e15, box.volatility + 1e15)
        );
        assert(none <= small && small <= large);
    }
}
