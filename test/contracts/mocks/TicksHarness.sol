// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3Pool.sol";
import {UniswapV3Ticks} from "../../../contracts/oracles/UniswapV3Ticks.sol";

/// @notice What the oracle reads of a pool's past, beside what the pool itself says.
contract TicksHarness {
    function recent(
        IUniswapV3Pool pool,
        uint32 window
    ) external view returns (int256 startingTick, int256 meanTick, int256 observedMean) {
        (startingTick, meanTick) = UniswapV3Ticks.recent(pool, window);
        uint32[] memory ago = new uint32[](2);
        ago[0] = window;
        (int56[] memory cumulative, ) = pool.observe(ago);
        int56 sum = cumulative[1] - cumulative[0];
        observedMean = sum / int56(uint56(window));
        if (sum < 0 && sum % int56(uint56(window)) != 0) --observedMean;
    }
}
