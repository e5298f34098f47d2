// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {UniswapV3Price} from "../oracles/UniswapV3Price.sol";

/// @notice What every venue that trades ETH in one Uniswap v3 USDC/WETH pool shares: the swap itself, stopped by the
/// pool at the limit price, so that short liquidity fills in part.
/// @dev Swaps the pool directly: a router would add an approval and an external call and give no limit on partial fills.
abstract contract UniswapV3Swapper is IVenue {
    using SafeERC20 for IERC20;

    uint256 internal constant FEE_UNIT = 1e6;

    address public immutable vault;
    IUniswapV3Pool public immutable pool;
    IERC20 public immutable usdc;
    IERC20 public immutable weth;
    bool public immutable usdcIsToken0;
    uint24 private immutable fee;

    modifier onlyVault() {
        if (msg.sender != vault) revert OnlyVault();
        _;
    }

    error UnexpectedPool();

    constructor(address vault_, IUniswapV3Pool pool_, IERC20 usdc_, IERC20 weth_) {
        usdcIsToken0 = pool_.token0() == address(usdc_);
        (address first, address second) = usdcIsToken0
            ? (address(usdc_), address(weth_))
            : (address(weth_), address(usdc_));
        if (pool_.token0() != first || pool_.token1() != second) revert UnexpectedPool();
        vault = vault_;
        pool = pool_;
        usdc = usdc_;
        weth = weth_;
        fee = pool_.fee();
    }

    /// @dev The pool calls back only the account that swaps, so a call from it is always within `_swap`.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        if (msg.sender != address(pool)) revert OnlyPool();
        (int256 usdcOwed, int256 wethOwed) = usdcIsToken0 ? (amount0, amount1) : (amount1, amount0);
        if (usdcOwed > 0) {
            _settleBuy(uint256(usdcOwed), uint256(-wethOwed));
        } else if (wethOwed > 0) {
            _settleSell(uint256(wethOwed), uint256(-usdcOwed));
        }
        // Else the pool walked through an empty range to the limit: nothing to pay, and nothing to borrow.
    }

    /// @dev Pays the pool `usdcOwed` for `wethReceived`, which has already arrived; zero where the pool's rounding left
    /// nothing but a unit to pay.
    function _settleBuy(uint256 usdcOwed, uint256 wethReceived) internal virtual;

    /// @dev Pays the pool `wethOwed` for `usdcReceived`, which has already arrived.
    function _settleSell(uint256 wethOwed, uint256 usdcReceived) internal virtual;

    /// @dev Buys (`dEth` > 0) or sells ETH at a marginal price, fee included, no worse than `limitPrice`. Returns the
    /// signed amount filled; zero, not a revert, when the pool is already past the limit or empty.
    function _swap(int256 dEth, uint256 limitPrice) internal returns (int256 filled) {
        bool buys = dEth > 0;
        // The pool takes its fee from the input: the marginal cost of a buy is price / (1 - fee), the marginal
        // proceeds of a sale price · (1 - fee). Each limit is rounded to the safe side.
        uint256 poolLimit =
            buys
                ? (limitPrice * (FEE_UNIT - fee)) / FEE_UNIT
                : (limitPrice * FEE_UNIT + (FEE_UNIT - fee) - 1) / (FEE_UNIT - fee);
        uint160 sqrtLimit = UniswapV3Price.toSqrtPriceX96(poolLimit, usdcIsToken0);
        // Buying ETH raises its price in USDC, which lowers token1 per token0 when USDC is token0.
        bool zeroForOne = buys == usdcIsToken0;
        (uint160 sqrtPrice, , , , , , ) = pool.slot0();
        if (zeroForOne ? sqrtPrice <= sqrtLimit : sqrtPrice >= sqrtLimit) return 0;
        (int256 amount0, int256 amount1) = pool.swap(
            address(this),
            zeroForOne,
            -dEth, // negative: exact output of ETH bought; positive: exact input of ETH sold
            sqrtLimit,
            ""
        );
        filled = -(usdcIsToken0 ? amount1 : amount0);
    }
}
