// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib as Math} from "solady/src/utils/FixedPointMathLib.sol";

import {Pillar} from "../types/Surface.sol";
import {BlackScholes} from "./BlackScholes.sol";

/// @title VolatilitySurface
/// @notice Reads a surface at one expiry. A strike's volatility is atm + skew·x + curvature·x²/2 with x = ln(K/F)/√T
/// within ±3·atm, all within the bounds below. Total: no pillars or no time left give zero volatility and a forward
/// ratio of 1, pillars out of order some value within the bounds.
library VolatilitySurface {
    uint256 internal constant MIN_SIGMA = 0.01e18;
    uint256 internal constant MAX_SIGMA = 5e18;
    /// @dev A pillar in calldata.
    uint256 private constant ATM = 32;
    uint256 private constant SKEW = 64;
    uint256 private constant CURVATURE = 96;
    uint256 private constant RATIO = 128;
    uint256 private constant PILLAR_SIZE = 160;

    /// @notice Linear in tenor, the at-the-money volatility in its total variance; flat outside the pillars.
    /// @param m Written to.
    /// @param spot USD, 18 decimals.
    /// @param tau Seconds.
    /// @return ratio Forward over spot, 18 decimals.
    function market(
        BlackScholes.Market memory m,
        Pillar[] calldata pillars,
        uint256 spot,
        uint256 tau
    ) internal pure returns (uint256 ratio) {
        unchecked {
            // A spot above 2^156 is beyond the clamp by far; the product must not wrap.
            uint256 most = Math.min(spot, type(uint128).max);
            if (pillars.length == 0 || tau == 0) {
                BlackScholes.market(m, spot, tau, most);
                (m.atm, m.low, m.high, m.skew, m.bend) = (0, 0, 0, 0, 0);
                return 1e18;
            }
            (uint256 a, uint256 b, uint256 left, uint256 right) = _around(pillars, tau);
            int256 unit = int256((left + right) * 1e9);
            ratio = (uint256(_sum(a + RATIO, b + RATIO, left, right)) * 1e18) / uint256(unit);
            BlackScholes.market(m, spot, tau, (most * ratio) / 1e18);
            uint256 rootTau = m.rootTau;
            m.atm = ((_atm(a + ATM, b + ATM, left, right, tau) * rootTau) << 8) / 1e18;
            m.low = ((MIN_SIGMA * rootTau) << 8) / 1e18;
            m.high = Math.min(((MAX_SIGMA * rootTau) << 8) / 1e18, BlackScholes.MAX_V);
            m.skew = Math.rawSDiv(_sum(a + SKEW, b + SKEW, left, right) << 64, unit);
            m.bend = Math.rawSDiv(
                _sum(a + CURVATURE, b + CURVATURE, left, right) << 159,
                unit * int256(rootTau)
            );
        }
    }

    /// @dev Where the pillars either side of `tau` lie in calldata and their weights; outside them that at the end, twice.
    function _around(
        Pillar[] calldata pillars,
        uint256 tau
    ) private pure returns (uint256 a, uint256 b, uint256 left, uint256 right) {
        // Tenors are cut to size, so that neither weight wraps; of what else is dirty comes some smile, and a smile is
        // clamped where it is used.
        assembly ("memory-safe") {
            // The first pillar not before tau, if any, and the one before it.
            b := pillars.offset
            a := b
            let last := add(b, mul(PILLAR_SIZE, sub(pillars.length, 1)))
            let start := 0
            let end := and(calldataload(b), 0xffffffff)
            for {} and(lt(end, tau), lt(b, last)) {} {
                a := b
                start := end
                b := add(b, PILLAR_SIZE)
                end := and(calldataload(b), 0xffffffff)
            }
            if iszero(lt(tau, end)) {
                a := b
            }
            left := 1
            if xor(a, b) {
                left := sub(end, tau)
                right := sub(tau, start)
            }
        }
    }

    /// @dev The weighted sum of two words of calldata.
    function _sum(uint256 a, uint256 b, uint256 left, uint256 right) private pure returns (int256 sum) {
        assembly ("memory-safe") {
            sum := add(mul(left, calldataload(a)), mul(right, calldataload(b)))
        }
    }

    /// @dev 18 decimals.
    function _atm(
        uint256 a,
        uint256 b,
        uint256 left,
        uint256 right,
        uint256 tau
    ) private pure returns (uint256) {
        uint256 from;
        uint256 to;
        assembly ("memory-safe") {
            from := calldataload(a)
            to := calldataload(b)
        }
        unchecked {
            if (right == 0) return from * 1e9;
            // The tenors are tau - right and tau + left.
            uint256 variance = left * (tau - right) * from * from + right * (tau + left) * to * to;
            return Math.sqrt(Math.rawDiv(variance * 1e18, (left + right) * tau));
        }
    }
}
