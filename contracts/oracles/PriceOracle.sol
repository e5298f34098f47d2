// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IChainlinkAggregatorProxy} from "../interfaces/IChainlinkProxy.sol";
import {IPriceOracle, PriceReading} from "../interfaces/IPriceOracle.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";
import {UniswapV3Price} from "./UniswapV3Price.sol";
import {UniswapV3Ticks} from "./UniswapV3Ticks.sol";

/// @title PriceOracle
/// @notice See `IPriceOracle`.
contract PriceOracle is IPriceOracle {
    using UniswapV3Ticks for IUniswapV3Pool;

    /// @dev Real ETH/USD rounds overrun the heartbeat by up to two minutes, 12 % of the time.
    uint256 public constant HEARTBEAT_GRACE = 10 minutes;
    /// @dev Five blocks: short enough to see a move that Chainlink has yet to answer, long enough that whoever holds the pool
    /// off the market through a block, against everybody, moves the mean by a fifth of that.
    uint32 public constant TWAP_WINDOW = 1 minutes;
    /// @notice Half the width of the box a two-sided value allows for around the price: while `open`, the pool's mean of the
    /// last minute lies in it. 18 decimals.
    uint256 public constant BOX = 0.01e18;
    uint256 public constant PEG_LOW = 0.98e8;
    uint256 public constant PEG_HIGH = 1.02e8;

    IChainlinkAggregatorProxy public immutable ethUsd;
    IChainlinkAggregatorProxy public immutable usdcUsd;
    uint256 public immutable ethUsdHeartbeat;
    uint256 public immutable usdcUsdHeartbeat;
    IUniswapV3Pool public immutable pool;
    bool public immutable usdcIsToken0;

    int256 private constant MAX_TICK = 887272;

    error InvalidDecimals(address source);
    error UnexpectedPool();

    /// @param ethUsdHeartbeat_ Seconds.
    /// @param usdcUsdHeartbeat_ Seconds.
    /// @param pool_ A Uniswap v3 pool of USDC and WETH.
    constructor(
        IChainlinkAggregatorProxy ethUsd_,
        uint256 ethUsdHeartbeat_,
        IChainlinkAggregatorProxy usdcUsd_,
        uint256 usdcUsdHeartbeat_,
        IUniswapV3Pool pool_,
        address usdc
    ) {
        if (ethUsd_.decimals() != 8) revert InvalidDecimals(address(ethUsd_));
        if (usdcUsd_.decimals() != 8) revert InvalidDecimals(address(usdcUsd_));
        usdcIsToken0 = pool_.token0() == usdc;
        if (!usdcIsToken0 && pool_.token1() != usdc) revert UnexpectedPool();
        ethUsd = ethUsd_;
        ethUsdHeartbeat = ethUsdHeartbeat_;
        usdcUsd = usdcUsd_;
        usdcUsdHeartbeat = usdcUsdHeartbeat_;
        pool = pool_;
    }

    /// @inheritdoc IPriceOracle
    function read() external view returns (PriceReading memory reading) {
        (uint256 eth, uint256 ethUpdatedAt) = _latest(ethUsd);
        (uint256 usdc, uint256 usdcUpdatedAt) = _latest(usdcUsd);
        reading.updatedAt = ethUpdatedAt;
        if (eth == 0 || usdc == 0) return reading;
        reading.price = (eth * 1e18) / usdc;
        reading.ethUsd = eth * 1e10;
        reading.fresh =
            _isOnTime(ethUpdatedAt, ethUsdHeartbeat) &&
            _isOnTime(usdcUpdatedAt, usdcUsdHeartbeat) &&
            reading.price != 0;
        reading.agreed = reading.fresh && _poolAgrees(reading.price);
        reading.open = reading.agreed && usdc >= PEG_LOW && usdc <= PEG_HIGH;
    }

    /// @dev Zero stands for every answer that cannot be a price, so that reading never reverts.
    function _latest(
        IChainlinkAggregatorProxy feed
    ) private view returns (uint256 answer, uint256 updatedAt) {
        bytes memory result = UniswapV3Ticks.ask(address(feed), abi.encodeCall(feed.latestRoundData, ()), 5);
        if (result.length == 0) return (0, 0);
        (, answer, , updatedAt) = abi.decode(result, (uint256, uint256, uint256, uint256));
        // A negative answer is beyond it too.
        if (answer > type(uint96).max) answer = 0;
    }

    function _isOnTime(uint256 updatedAt, uint256 heartbeat) private view returns (bool) {
        return updatedAt <= block.timestamp && block.timestamp - updatedAt <= heartbeat + HEARTBEAT_GRACE;
    }

    /// @dev The price the block began with answers a move at once; the mean, somebody who held the pool off the market for a
    /// block.
    function _poolAgrees(uint256 price) private view returns (bool) {
        (int256 startingTick, int256 meanTick) = pool.recent(TWAP_WINDOW);
        return _isInBox(startingTick, price) && _isInBox(meanTick, price);
    }

    function _isInBox(int256 tick, uint256 price) private view returns (bool) {
        if (tick < -MAX_TICK || tick > MAX_TICK) return false;
        uint256 poolPrice = UniswapV3Price.fromTick(int24(tick), usdcIsToken0);
        return FixedPointMathLib.dist(poolPrice, price) <= (price * BOX) / 1e18;
    }
}
