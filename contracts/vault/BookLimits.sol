// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Limits} from "../interfaces/IVault.sol";
import {Greeks} from "../types/Surface.sol";

/// @notice The book's gamma and vega as the limits count them: shares of NAV, 18 decimals, rounded up. Without a positive
/// NAV any is too much.
library BookLimits {
    using FixedPointMathLib for uint256;
    using FixedPointMathLib for int256;

    /// @notice Delta in USD that a move of 1 % adds.
    /// @param gamma ETH per USD, 18 decimals.
    /// @param ethUsd USD, 18 decimals.
    /// @param nav USDC, 6 decimals.
    function gammaShare(int256 gamma, uint256 ethUsd, int256 nav) internal pure returns (uint256) {
        return _share(gamma.abs().saturatingMul(ethUsd) / 1e18, ethUsd / 100, nav);
    }

    /// @notice What a move of volatility by 0.01 brings.
    /// @param vega USD per 1.00, 18 decimals.
    function vegaShare(int256 vega, int256 nav) internal pure returns (uint256) {
        return _share(vega.abs(), 0.01e18, nav);
    }

    /// @notice Whether the book is past either limit.
    function isExceeded(
        Limits storage limits,
        Greeks memory book,
        uint256 ethUsd,
        int256 nav
    ) internal view returns (bool) {
        return
            gammaShare(book.gamma, ethUsd, nav) > limits.maxGamma ||
            vegaShare(book.vega, nav) > limits.maxVega;
    }

    /// @dev `amount` times `scale` in USD, 36 decimals, over `nav`.
    function _share(uint256 amount, uint256 scale, int256 nav) private pure returns (uint256) {
        if (amount == 0) return 0;
        if (nav <= 0) return type(uint256).max;
        return FixedPointMathLib.saturatingMul(amount, scale).divUp(uint256(nav) * 1e12);
    }
}
