// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @notice Conversions between the prices of a USDC/WETH Uniswap v3 pool and USDC per ETH with 18 decimals, for either
/// order of the tokens. USDC has 6 decimals and WETH 18, so token1 per token0 is 1e30/price or price/1e30.
library UniswapV3Price {
    /// @dev ln(1.0001) with 18 decimals.
    int256 private constant LN_TICK = 99_995_000_333_308;

    /// @dev At the extreme ticks expWad saturates to 0 or stays far below overflow: |tick| <= 887,272 gives e^88.7.
    function fromTick(int24 tick, bool usdcIsToken0) internal pure returns (uint256) {
        int256 exponent = (usdcIsToken0 ? -int256(tick) : int256(tick)) * LN_TICK;
        return uint256(FixedPointMathLib.expWad(exponent)) * 1e12;
    }

    /// @notice Rounded down.
    function fromSqrtPriceX96(uint160 sqrtPriceX96, bool usdcIsToken0) internal pure returns (uint256) {
        uint256 sqrtPrice = sqrtPriceX96;
        if (sqrtPrice == 0) return 0;
        // Two steps keep each product within the 512 bits of fullMulDiv: ratio = (sqrt / 2^96)^2.
        uint256 ratioX128 = FixedPointMathLib.fullMulDiv(sqrtPrice, sqrtPrice, 1 << 64);
        if (usdcIsToken0) {
            return
                ratioX128 == 0 ? type(uint128).max : FixedPointMathLib.fullMulDiv(1e30, 1 << 128, ratioX128);
        }
        return FixedPointMathLib.fullMulDiv(ratioX128, 1e30, 1 << 128);
    }

    /// @dev Above it, no pool of these tokens has a price; the shift below would drop bits, and a limit become none.
    uint256 private constant MAX_PRICE = 1 << 99;

    /// @notice Rounded down, then clamped to what a pool accepts as a limit.
    function toSqrtPriceX96(uint256 price, bool usdcIsToken0) internal pure returns (uint160) {
        price = FixedPointMathLib.clamp(price, 1, MAX_PRICE);
        uint256 radicand = usdcIsToken0 ? (1e30 << 156) / price : (price << 156) / 1e30;
        uint256 sqrtPrice = FixedPointMathLib.sqrt(radicand) << 18;
        // MIN_SQRT_RATIO + 1 and MAX_SQRT_RATIO - 1 of Uniswap v3.
        return
            uint160(
                FixedPointMathLib.clamp(
                    sqrtPrice,
                    4295128740,
                    1461446703485210103287273052203988822378723970341
                )
            );
    }
}
