// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {UniswapV3Swapper} from "./UniswapV3Swapper.sol";

/// @notice Long ETH delta as WETH, bought and sold in one Uniswap v3 pool. Cannot be short and cannot be liquidated.
contract SpotUniswapV3 is UniswapV3Swapper {
    using SafeERC20 for IERC20;

    /// @dev WETH bought here, 18 decimals. A ledger, so that WETH sent in by others counts for nothing.
    uint256 private held;

    constructor(
        address vault_,
        IUniswapV3Pool pool_,
        IERC20 usdc_,
        IERC20 weth_
    ) UniswapV3Swapper(vault_, pool_, usdc_, weth_) {}

    /// @inheritdoc IVenue
    function delta() external view returns (int256) {
        return int256(held);
    }

    /// @inheritdoc IVenue
    /// @dev Rounded down.
    function equity(uint256 price) external view returns (int256) {
        return int256(FixedPointMathLib.fullMulDiv(held, price, 1e30));
    }

    /// @inheritdoc IVenue
    function liquidationDistance() external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @inheritdoc IVenue
    function marginTrigger() external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IVenue
    function adjust(
        int256 dDelta,
        uint256 limitPrice,
        uint256 cash
    ) external onlyVault returns (int256 filled) {
        int256 wanted =
            dDelta > 0
                ? int256(
                    FixedPointMathLib.min(
                        uint256(dDelta),
                        FixedPointMathLib.fullMulDiv(cash, 1e30, limitPrice)
                    )
                )
                : -int256(FixedPointMathLib.min(uint256(-dDelta), held));
        if (wanted != 0) filled = _swap(wanted, limitPrice);
        held = uint256(int256(held) + filled);
        emit Adjusted(dDelta, filled, limitPrice);
    }

    /// @inheritdoc UniswapV3Swapper
    function _settleBuy(uint256 usdcOwed, uint256) internal override {
        usdc.safeTransferFrom(vault, address(pool), usdcOwed);
    }

    /// @inheritdoc UniswapV3Swapper
    function _settleSell(uint256 wethOwed, uint256 usdcReceived) internal override {
        weth.safeTransfer(address(pool), wethOwed);
        usdc.safeTransfer(vault, usdcReceived);
    }
}
