// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib as Math} from "solady/src/utils/FixedPointMathLib.sol";

import {Pillar, Surface} from "../types/Surface.sol";

/// @title VolatilitySurface
/// @notice Reads a surface at one expiry and strike. Total: no pillars or no time left give zero volatility and a
/// forward ratio of 1, pillars out of order some value within the bounds.
library VolatilitySurface {
    uint256 internal constant MIN_SIGMA = 0.01e18;
    uint256 internal constant MAX_SIGMA = 5e18;
    /// @dev Standard deviations at the at-the-money volatility beyond which a smile is flat. A parabola that goes on makes
    /// the farther of two strikes the dearer option, and a capped option worth less than nothing.
    int256 private constant WING = 3;
    /// @dev Of a pillar in calldata.
    uint256 private constant PILLAR_SIZE = 5 * 32;

    /// @notice The surface at one expiry, 18 decimals; `atm` is 0 where there is no volatility to speak of.
    struct Smile {
        uint256 atm;
        int256 skew;
        int256 curvature;
        uint256 forwardRatio;
    }

    /// @notice Linear in tenor, the at-the-money volatility in its total variance; flat outside the pillars.
    /// @param tau Seconds.
    /// @param s Written to.
    function smile(Smile memory s, Surface calldata surface, uint256 tau) internal pure {
        Pillar[] calldata pillars = surface.pillars;
        uint256 n = pillars.length;
        if (n == 0 || tau == 0) {
            s.forwardRatio = 1e18;
            return;
        }

        // The first pillar not before tau, if any, and the one before it.
        Pillar calldata b = pillars[0];
        Pillar calldata a = b;
        uint256 start = b.tenor;
        uint256 end = start;
        assembly ("memory-safe") {
            let last := add(b, mul(PILLAR_SIZE, sub(n, 1)))
            for {} and(lt(end, tau), lt(b, last)) {} {
                a := b
                start := end
                b := add(b, PILLAR_SIZE)
                end := and(calldataload(b), 0xffffffff)
            }
        }
        if (tau <= start || tau >= end) _flat(s, tau < end ? a : b);
        else _between(s, a, b, start, end, tau);
    }

    /// @notice Volatility of a strike: atm + skew·x + curvature·x²/2 with x = ln(K/F)/√T within ±3·atm, within its bounds.
    /// @param logMoneyness ln(F/K), Q120.
    /// @param rootTau Square root of the time in years, Q96.
    /// @return sigma 18 decimals.
    function volatility(
        Smile memory s,
        int256 logMoneyness,
        uint256 rootTau
    ) internal pure returns (uint256 sigma) {
        unchecked {
            int256 atm = int256(s.atm);
            // Where there is no time there is none of this either.
            if (atm == 0) return 0;
            // Below 2^80: prices are within 2^100 of each other, and the time is at least a second.
            int256 x = -Math.rawSDiv((logMoneyness * 1e18) >> 24, int256(rootTau));
            int256 wing = WING * atm;
            // Of either sign at once: what is below the least is a huge unsigned number.
            if (uint256(x + wing) > uint256(2 * wing)) x = x < 0 ? -wing : wing;
            int256 v = atm + (s.skew * x + (((s.curvature * x) / 1e18) * x) / 2) / 1e18;
            if (uint256(v) - MIN_SIGMA > MAX_SIGMA - MIN_SIGMA)
                return v < int256(MIN_SIGMA) ? MIN_SIGMA : MAX_SIGMA;
            return uint256(v);
        }
    }

    function _flat(Smile memory s, Pillar calldata p) private pure {
        unchecked {
            // An at-the-money volatility of zero still means a surface: its smile counts, and the bounds apply.
            s.atm = Math.max(uint256(p.atmVol) * 1e9, 1);
            s.skew = int256(p.skew) * 1e9;
            s.curvature = int256(p.curvature) * 1e9;
            s.forwardRatio = uint256(p.forwardRatio) * 1e9;
        }
    }

    /// @dev `start`, a's tenor, < tau < `end`, b's.
    function _between(
        Smile memory s,
        Pillar calldata a,
        Pillar calldata b,
        uint256 start,
        uint256 end,
        uint256 tau
    ) private pure {
        unchecked {
            (uint256 from, uint256 to) = (a.atmVol, b.atmVol);
            uint256 span = end - start;
            uint256 right = tau - start;
            uint256 left = span - right;
            uint256 variance = (left * start * from * from + right * end * to * to) * 1e18;
            s.atm = Math.max(Math.sqrt(Math.rawDiv(variance, span * tau)), 1);
            s.skew = Math.rawSDiv((int256(left) * a.skew + int256(right) * b.skew) * 1e9, int256(span));
            s.curvature = Math.rawSDiv(
                (int256(left) * a.curvature + int256(right) * b.curvature) * 1e9,
                int256(span)
            );
            s.forwardRatio = Math.rawDiv((left * a.forwardRatio + right * b.forwardRatio) * 1e9, span);
        }
    }
}
