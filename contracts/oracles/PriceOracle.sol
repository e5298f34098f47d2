// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

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
    /// @dev Five blocks: short enough to see a move that Chainlink has yet to answer, long enough that whoever holds the pool
    /// off the market through a block, against everybody, moves the mean by a fifth of that.
    uint32 public constant SHORT_WINDOW = 1 minutes;
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

    /// @dev The words of what `observe` returns for three moments: two offsets, and two arrays of a length and three.
    uint256 private constant OBSERVATION_SIZE = 10 * 32;
    /// @dev The words of what `latestRoundData` returns.
    uint256 private constant ROUND_SIZE = 5 * 32;
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
        if (!reading.fresh) return reading;
        bool isNear;
        (reading.agreed, isNear) = _comparePool(reading.price);
        reading.open = reading.agreed && isNear && usdc >= PEG_LOW && usdc <= PEG_HIGH;
    }

    /// @dev Zero stands for every answer that cannot be a price, so that reading never reverts. As words, which decode
    /// whatever they hold.
    function _latest(
        IChainlinkAggregatorProxy feed
    ) private view returns (uint256 answer, uint256 updatedAt) {
        (bool success, bytes memory result) = address(feed).staticcall(
            abi.encodeCall(feed.latestRoundData, ())
        );
        if (!success || result.length < ROUND_SIZE) return (0, 0);
        (, answer, , updatedAt) = abi.decode(result, (uint256, uint256, uint256, uint256));
        // A negative answer is beyond it too.
        if (answer > type(uint96).max) answer = 0;
    }

    function _isOnTime(uint256 updatedAt, uint256 heartbeat) private view returns (bool) {
        return updatedAt <= block.timestamp && block.timestamp - updatedAt <= heartbeat + HEARTBEAT_GRACE;
    }

    /// @dev Both means are of the past alone: the pool writes an observation at the first swap of a block, of the tick before
    /// it, so what is swapped in this block is not in them.
    /// @return agreed Whether the mean of the last minute lies in the box around `price`.
    /// @return isNear Whether the mean of half an hour is near it.
    function _comparePool(uint256 price) private view returns (bool agreed, bool isNear) {
        uint32[] memory ago = new uint32[](3);
        (ago[0], ago[1]) = (TWAP_WINDOW, SHORT_WINDOW);
        (bool success, bytes memory result) = address(pool).staticcall(abi.encodeCall(pool.observe, (ago)));
        // A pool reverts that remembers less than the window.
        if (!success || result.length != OBSERVATION_SIZE) return (false, false);
        (, , , int256 first, int256 middle, int256 last) = abi.decode(
            result,
            (uint256, uint256, uint256, int256, int256, int256)
        );
        agreed = _isWithin(last, middle, SHORT_WINDOW, price, BOX);
        isNear = _isWithin(last, first, TWAP_WINDOW, price, TWAP_TOLERANCE);
    }

    /// @dev Whether the mean price over `window` is within `tolerance` of `price`.
    function _isWithin(
        int256 cumulative,
        int256 cumulativeBefore,
        uint32 window,
        uint256 price,
        uint256 tolerance
    ) private view returns (bool) {
        unchecked {
            int256 sum = cumulative - cumulativeBefore;
            int256 seconds_ = int256(uint256(window));
            int256 tick = sum / seconds_;
            // Down, as Uniswap's OracleLibrary does.
            if (sum < 0 && sum % seconds_ != 0) --tick;
            if (tick < -MAX_TICK || tick > MAX_TICK) return false;
            uint256 mean = UniswapV3Price.fromTick(int24(tick), usdcIsToken0);
            return FixedPointMathLib.dist(mean, price) <= (price * tolerance) / 1e18;
        }
    }
}
