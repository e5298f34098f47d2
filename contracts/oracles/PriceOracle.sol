// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IChainlinkAggregatorProxy} from "../interfaces/IChainlinkProxy.sol";
import {IPriceOracle, PriceReading} from "../interfaces/IPriceOracle.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";
import {UniswapV3Price} from "./UniswapV3Price.sol";

/// @title PriceOracle
/// @notice See `IPriceOracle`.
contract PriceOracle is IPriceOracle {
    /// @dev Real ETH/USD rounds overrun the heartbeat by up to two minutes, 12 % of the time.
    uint256 public constant HEARTBEAT_GRACE = 10 minutes;
    uint32 public constant TWAP_WINDOW = 30 minutes;
    /// @dev 18 decimals. Chainlink deviates by up to 0.5 % and a 30-minute mean lags; beyond this entry waits.
    uint256 public constant TWAP_TOLERANCE = 0.03e18;
    uint256 public constant PEG_LOW = 0.98e8;
    uint256 public constant PEG_HIGH = 1.02e8;

    IChainlinkAggregatorProxy public immutable ethUsd;
    IChainlinkAggregatorProxy public immutable usdcUsd;
    uint256 public immutable ethUsdHeartbeat;
    uint256 public immutable usdcUsdHeartbeat;
    IUniswapV3Pool public immutable pool;
    bool public immutable usdcIsToken0;

    error UnexpectedDecimals(IChainlinkAggregatorProxy feed);
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
        if (ethUsd_.decimals() != 8) revert UnexpectedDecimals(ethUsd_);
        if (usdcUsd_.decimals() != 8) revert UnexpectedDecimals(usdcUsd_);
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
        reading.open = reading.fresh && usdc >= PEG_LOW && usdc <= PEG_HIGH && _twapAgrees(reading.price);
    }

    /// @dev Zero stands for every answer that cannot be a price, so that reading never reverts.
    function _latest(
        IChainlinkAggregatorProxy feed
    ) private view returns (uint256 answer, uint256 updatedAt) {
        try feed.latestRoundData() returns (uint80, int256 a, uint256, uint256 u, uint80) {
            if (a > 0 && a <= int256(uint256(type(uint96).max))) answer = uint256(a);
            updatedAt = u;
        } catch {
            answer = 0;
        }
    }

    function _isOnTime(uint256 updatedAt, uint256 heartbeat) private view returns (bool) {
        return updatedAt <= block.timestamp && block.timestamp - updatedAt <= heartbeat + HEARTBEAT_GRACE;
    }

    function _twapAgrees(uint256 price) private view returns (bool) {
        uint32[] memory ago = new uint32[](2);
        ago[0] = TWAP_WINDOW;
        try pool.observe(ago) returns (int56[] memory cumulative, uint160[] memory) {
            // Truncation is at most one tick, a basis point.
            int24 tick = int24((cumulative[1] - cumulative[0]) / int56(uint56(TWAP_WINDOW)));
            uint256 twap = UniswapV3Price.fromTick(tick, usdcIsToken0);
            uint256 gap = twap > price ? twap - price : price - twap;
            return gap <= (price * TWAP_TOLERANCE) / 1e18;
        } catch {
            return false;
        }
    }
}
