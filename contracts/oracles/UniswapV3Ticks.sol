// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";

/// @notice The recent past of a Uniswap v3 pool, as ticks that nothing done in this block can move: the pool writes an
/// observation at the first swap of a block, of the tick before it.
/// @dev What the pool's own `observe` computes, but read backwards from the newest observation: a minute is a few blocks,
/// and the pool would search all it remembers. No answer reverts; what cannot be told is `UNKNOWN`.
library UniswapV3Ticks {
    int256 internal constant UNKNOWN = type(int256).max;

    /// @dev Beyond this many observations the pool's own search is cheaper. At most one a block.
    uint256 private constant MAX_STEPS = 8;

    /// @dev Uniswap's clock wraps at 2^32, and so do differences of it.
    struct Observation {
        uint32 writtenAt;
        int256 cumulative;
    }

    /// @notice The tick before the first swap of this block, and the mean of the last `window` seconds, rounded down.
    function recent(
        IUniswapV3Pool pool,
        uint32 window
    ) internal view returns (int256 startingTick, int256 meanTick) {
        bytes memory result = ask(address(pool), abi.encodeCall(pool.slot0, ()), 7);
        if (result.length == 0) return (UNKNOWN, UNKNOWN);
        (, int256 tick, uint256 index, uint256 cardinality) = abi.decode(
            result,
            (uint256, int256, uint256, uint256)
        );
        if (cardinality == 0) return (UNKNOWN, UNKNOWN);
        unchecked {
            uint32 time = uint32(block.timestamp);
            Observation memory newer = _observation(pool, index);
            if (newer.writtenAt == 0) return (UNKNOWN, UNKNOWN);
            uint32 age = time - newer.writtenAt;
            startingTick = tick;
            int256 last = newer.cumulative + tick * int256(uint256(age));
            if (age >= window) return (tick, tick);

            for (uint256 i; i < MAX_STEPS; ++i) {
                index = (index == 0 ? cardinality : index) - 1;
                Observation memory older = _observation(pool, index);
                uint32 span = newer.writtenAt - older.writtenAt;
                if (older.writtenAt == 0 || span == 0)
                    return (i == 0 && age == 0 ? UNKNOWN : startingTick, UNKNOWN);
                // Between two observations the tick was one.
                tick = _floorDiv(newer.cumulative - older.cumulative, span);
                if (i == 0 && age == 0) startingTick = tick;
                if (time - older.writtenAt >= window) {
                    int256 first =
                        newer.cumulative - tick * int256(uint256(window - (time - newer.writtenAt)));
                    return (startingTick, _floorDiv(last - first, window));
                }
                newer = older;
            }
        }
        return (startingTick, _observedMean(pool, window));
    }

    /// @notice The answer of `words` words, which decode whatever they hold; none if it is another.
    function ask(
        address target,
        bytes memory question,
        uint256 words
    ) internal view returns (bytes memory result) {
        bool success;
        (success, result) = target.staticcall(question);
        if (!success || result.length != words * 32) return "";
    }

    /// @dev Written at 0 where there is none.
    function _observation(
        IUniswapV3Pool pool,
        uint256 index
    ) private view returns (Observation memory observation) {
        bytes memory result = ask(address(pool), abi.encodeCall(pool.observations, (index)), 4);
        if (result.length == 0) return observation;
        (uint256 at, int256 sum, , uint256 isInitialized) = abi.decode(
            result,
            (uint256, int256, uint256, uint256)
        );
        if (isInitialized == 1) observation = Observation(uint32(at), sum);
    }

    /// @dev A pool reverts that remembers less than the window.
    function _observedMean(IUniswapV3Pool pool, uint32 window) private view returns (int256) {
        uint32[] memory ago = new uint32[](2);
        ago[0] = window;
        // Two offsets, and two arrays of a length and two.
        bytes memory result = ask(address(pool), abi.encodeCall(pool.observe, (ago)), 8);
        if (result.length == 0) return UNKNOWN;
        (, , , int256 first, int256 last) = abi.decode(result, (uint256, uint256, uint256, int256, int256));
        unchecked {
            return _floorDiv(last - first, window);
        }
    }

    /// @dev As Uniswap's OracleLibrary rounds; `time` is not zero.
    function _floorDiv(int256 sum, uint32 time) private pure returns (int256 tick) {
        unchecked {
            int256 divisor = int256(uint256(time));
            tick = sum / divisor;
            if (sum < 0 && sum % divisor != 0) --tick;
        }
    }
}
