// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPriceOracle} from "../../../contracts/interfaces/IPriceOracle.sol";
import {IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3Pool.sol";

/// @notice A pool that answers what it is asked with any bytes.
contract MockPool {
    address public immutable token0;
    address public immutable token1;
    mapping(bytes4 => bytes) private answers;
    bytes[] private observations;

    constructor(address token0_, address token1_) {
        (token0, token1) = (token0_, token1_);
    }

    function set(bytes calldata observe, bytes calldata slot0, bytes[] calldata observations_) external {
        answers[IUniswapV3Pool.observe.selector] = observe;
        answers[IUniswapV3Pool.slot0.selector] = slot0;
        observations = observations_;
    }

    fallback(bytes calldata question) external returns (bytes memory) {
        if (bytes4(question) != IUniswapV3Pool.observations.selector) return answers[bytes4(question)];
        return observations[abi.decode(question[4:], (uint256))];
    }
}

/// @notice A feed whose round is a word short.
contract MockShortFeed {
    uint8 public constant decimals = 8;

    function latestRoundData() external view returns (uint80, int256, uint256, uint256) {
        return (1, 3_000e8, block.timestamp, block.timestamp);
    }
}

/// @notice Moves a pool with what it holds and reads the price in the same transaction.
contract MockFlashSwapper {
    function swapAndRead(
        IUniswapV3Pool pool,
        uint160 sqrtPriceX96,
        IPriceOracle oracle
    ) external returns (bool openBefore, bool openAfter, uint160 reached) {
        openBefore = oracle.read().open;
        (uint160 start, , , , , , ) = pool.slot0();
        pool.swap(address(this), sqrtPriceX96 < start, type(int128).max, sqrtPriceX96, "");
        openAfter = oracle.read().open;
        (reached, , , , , , ) = pool.slot0();
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        IUniswapV3Pool pool = IUniswapV3Pool(msg.sender);
        if (amount0 > 0) IERC20(pool.token0()).transfer(msg.sender, uint256(amount0));
        if (amount1 > 0) IERC20(pool.token1()).transfer(msg.sender, uint256(amount1));
    }
}
