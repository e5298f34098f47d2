// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {UniswapV3Price} from "../../contracts/oracles/UniswapV3Price.sol";

contract UniswapV3PriceFuzzTest {
    uint256 private constant WAD = 1e18;
    uint160 private constant MIN_LIMIT = 4295128740;
    uint160 private constant MAX_LIMIT = 1461446703485210103287273052203988822378723970341;
    int24 private constant MAX_TICK = 887272;

    function testFuzz_SqrtPriceRoundTrips(uint256 price, bool usdcIsToken0) public pure {
        price = _between(price, 0.01e18, 1e9 * WAD);
        uint160 sqrtPrice = UniswapV3Price.toSqrtPriceX96(price, usdcIsToken0);
        _requireClose(UniswapV3Price.fromSqrtPriceX96(sqrtPrice, usdcIsToken0), price, 1e9);
    }

    /// @dev A pool of the other token order stands at the reciprocal.
    function testFuzz_TokenOrdersMirror(uint256 price) public pure {
        price = _between(price, 0.01e18, 1e9 * WAD);
        uint256 product =
            uint256(UniswapV3Price.toSqrtPriceX96(price, true)) *
                uint256(UniswapV3Price.toSqrtPriceX96(price, false));
        _requireClose(product, 1 << 192, 1e12);
    }

    /// @dev Whatever a keeper gives as its limit; a higher price never becomes a lower limit.
    function testFuzz_LimitIsTotalAndMonotone(uint256 low, uint256 high) public pure {
        if (low > high) (low, high) = (high, low);
        uint160 first = UniswapV3Price.toSqrtPriceX96(low, false);
        uint160 second = UniswapV3Price.toSqrtPriceX96(high, false);
        require(first >= MIN_LIMIT && second <= MAX_LIMIT && first <= second, "usdc is token1");
        first = UniswapV3Price.toSqrtPriceX96(low, true);
        second = UniswapV3Price.toSqrtPriceX96(high, true);
        require(second >= MIN_LIMIT && first <= MAX_LIMIT && first >= second, "usdc is token0");
    }

    function testFuzz_SqrtPriceNeverReverts(uint160 sqrtPrice, bool usdcIsToken0) public pure {
        UniswapV3Price.fromSqrtPriceX96(sqrtPrice, usdcIsToken0);
    }

    function testFuzz_TicksAreABasisPointApart(int24 tick, bool usdcIsToken0) public pure {
        // Within these ticks an ETH costs between a cent and a billion.
        tick = int24(int256(_between(uint24(tick), 70_000, 322_000)));
        if (!usdcIsToken0) tick = -tick;
        uint256 price = UniswapV3Price.fromTick(tick, usdcIsToken0);
        uint256 next = UniswapV3Price.fromTick(usdcIsToken0 ? tick - 1 : tick + 1, usdcIsToken0);
        _requireClose(next, (price * 10_001) / 10_000, 1e4);
        require(price == UniswapV3Price.fromTick(-tick, !usdcIsToken0), "orders mirror");
    }

    function testFuzz_TickNeverReverts(int24 tick, bool usdcIsToken0) public pure {
        if (tick > MAX_TICK || tick < -MAX_TICK) tick %= MAX_TICK;
        UniswapV3Price.fromTick(tick, usdcIsToken0);
    }

    /// @dev 10^30 / 1.0001^tick to its last digit, by arbitrary precision.
    function test_TicksAreThePriceTheyStandFor() public pure {
        _requireClose(UniswapV3Price.fromTick(196_256, true), 3000104290406328548377, 1e8);
        _requireClose(UniswapV3Price.fromTick(-92_108, false), 100000088127620690885293408, 1e10);
    }

    function _between(uint256 value, uint256 low, uint256 high) private pure returns (uint256) {
        return low + (value % (high - low + 1));
    }

    /// @dev Within one part in `precision`.
    function _requireClose(uint256 actual, uint256 expected, uint256 precision) private pure {
        uint256 gap = actual > expected ? actual - expected : expected - actual;
        require(gap <= expected / precision, "not close");
    }
}
