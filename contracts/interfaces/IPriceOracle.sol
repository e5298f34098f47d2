// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice One reading of the price. `fresh` is what de-risking needs: both Chainlink answers positive and on time.
/// `agreed` is fresh, and the pool's mean of the last minute within the box around the price that a two-sided value allows
/// for. `open` is what entry, instant exit and writing need: agreed, and the dollar peg held. Nothing done to the pool
/// within the block brings about or ends either.
/// @param price USDC per ETH, 18 decimals: ETH/USD over USDC/USD. 0 when an answer is not positive.
/// @param ethUsd USD per ETH, 18 decimals: what options settle on, paid as so many USDC. 0 with `price`.
/// @param updatedAt When the ETH/USD round was written, unix seconds.
struct PriceReading {
    uint256 price;
    uint256 ethUsd;
    uint256 updatedAt;
    bool fresh;
    bool agreed;
    bool open;
}

/// @title IPriceOracle
/// @notice Chainlink ETH/USD and USDC/USD, guarded by the mean of a Uniswap v3 pool. Never reverts.
interface IPriceOracle {
    function read() external view returns (PriceReading memory);
}
