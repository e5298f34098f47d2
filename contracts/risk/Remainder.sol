// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib as Math} from "solady/src/utils/FixedPointMathLib.sol";

import {Box} from "../types/Surface.sol";
import {BlackScholes} from "./BlackScholes.sol";
import {Gaussian} from "./Gaussian.sol";

/// @title Remainder
/// @notice How far options stray from their tangent within a box of spots p0·(1 ± ε) and volatilities σ0·(1 + u), |u| <= w.
/// @dev Everything here is rounded up. Write s = σ0·√τ, F the forward, r = F/p, and go first from (p0, 0) to (p, 0), then
/// to (p, u). A vanilla strays by the sum of
///   ∫(V_p(q, 0) - V_p(p0, 0)) dq, of either sign of p - p0 in [0, A], as V is convex in p, with V_pp = r·φ(d1)/(p·s) and
///     V_p in [0, r] (of a put [-r, 0]):            A = F0·min(φ̂·ε²/(2(1 - ε))/s, ε)
///   ∫(V_u(p, x) - V_u(p0, 0)) dx, in [-U, U], with V_pu = -r·φ(d1)·d2 at u = 0, V_uu = s·F·φ(d1)·d1·d2/(1 + u) and V_u =
///     s·F·φ(d1) >= 0:  U = w·F0·φ̂·min(D2·(ε + w·s·D1·(1 + ε)/(2(1 - w))), (1 + ε)·s).
/// D1, D2 and φ̂ bound |d1|, |d2| and φ(d1) in the whole box: from its centre either of d moves by at most
///   shift = (λ/s + |ln(F0/K)/s|·w)/(1 - w) + s·w/2, where λ = -ln(1 - ε) <= ε·(1 - ε/2)/(1 - ε).
/// As A is of one sign, what an option sold strays cancels against what another one bought does: a book strays up by at
/// most the sum of what those bought stray up and those sold down, and the reverse.
library Remainder {
    uint256 internal constant MAX_BOX = 0.5e18;

    /// @dev Q56, where `BlackScholes` has no tails any more, nor any curvature.
    uint256 private constant MAX_D1 = 13 << 56;
    /// @dev Q104. A volatility times root time that no box takes into the clamp of `BlackScholes`, which is at 16.
    uint256 private constant MAX_V = 10 << 104;
    /// @dev Q56. Beyond it Mills' ratio is good to 1.5e-9 only.
    uint256 private constant FAR = 6 << 56;
    /// @dev With any forward ratio, spots for which a forward stays below its clamp throughout the box. USD, 18 decimals.
    uint256 private constant MIN_SPOT = 1e9;
    uint256 private constant MAX_SPOT = 1 << 80;

    /// @notice The box, in the numbers a vanilla needs of it (all Q64), and the sums over a book.
    struct Sums {
        bool wanted;
        uint256 spot;
        /// Up to which v, Q104, the box reaches no clamp.
        uint256 maxV;
        /// What rounding may do to an option. USD, 18 decimals.
        uint256 allowance;
        uint256 epsilon;
        uint256 w;
        /// λ/(1 - w)
        uint256 lambda;
        /// w/(1 - w)
        uint256 stretch;
        /// ε²/(2(1 - ε))
        uint256 gamma;
        /// w·(1 + ε)/(2(1 - w))
        uint256 volga;
        /// USD, 36 decimals: Σ quantity · V_u, and how far the book may stray up and down.
        int256 slope;
        uint256 up;
        uint256 down;
    }

    /// @param spot USD, 18 decimals.
    function start(Sums memory sums, Box calldata box, uint256 spot) internal pure {
        unchecked {
            uint256 epsilon = Math.divUp(Math.min(box.price, MAX_BOX) << 64, 1e18);
            uint256 w = Math.divUp(Math.min(box.volatility, MAX_BOX) << 64, 1e18);
            uint256 one = 1 << 64;
            uint256 stretch = (1 << 128) / (one - w) + 1;
            sums.wanted = true;
            if (spot >= MIN_SPOT && spot <= MAX_SPOT) sums.maxV = MAX_V;
            sums.spot = spot = Math.clamp(spot, MIN_SPOT, 1 << 100);
            // The price and the forward are whole units, delta is one of 2^-59.8 ETH; two of each, for two such options.
            sums.allowance = 8 + (spot >> 59);
            sums.epsilon = epsilon;
            sums.w = w;
            sums.lambda = ((((epsilon * (one - epsilon / 2)) / (one - epsilon) + 2) * stretch) >> 64) + 1;
            sums.stretch = ((w * stretch) >> 64) + 1;
            sums.gamma = (epsilon * epsilon) / (2 * (one - epsilon)) + 1;
            sums.volga = ((((w * (one + epsilon)) >> 65) * stretch) >> 64) + 2;
        }
    }

    /// @param shape As `BlackScholes.add` left it.
    /// @return slope V_u, USD, 18 decimals.
    /// @return curve A, USD, 18 decimals.
    /// @return twist U, USD, 18 decimals, and an allowance for what rounding does.
    function vanilla(
        Sums memory sums,
        BlackScholes.Market memory m,
        BlackScholes.Shape memory shape,
        uint256 strike
    ) internal pure returns (int256 slope, uint256 curve, uint256 twist) {
        uint256 v = shape.v;
        uint256 forward = m.forward;
        unchecked {
            twist = sums.allowance;
            curve = ((forward * sums.epsilon) >> 64) + 1;
            if (v == 0) {
                // A kink, of no effect unless the box reaches it.
                return (0, Math.zeroFloorSub(curve, Math.dist(forward, strike)), twist);
            }
            slope = int256((shape.a * (v >> 40)) >> 112);
            uint256 w = sums.w;
            // What the clamps of `BlackScholes` do to the forward and to s makes V_p jump between 0 and at most r/(1 - ε),
            // and V_u between 0 and s·F/2 with s <= 16/(1 - w): slopes within bounds, but no convexity.
            if (v > sums.maxV) {
                twist += 2 * curve + ((((forward * (v >> 44)) >> 60) * w * 2) >> 64);
                return (slope, 0, twist);
            }
            (uint256 z, uint256 z1, uint256 z2) = _reach(sums, shape, v);
            if (z >= MAX_D1) return (slope, 0, twist);
            uint256 a = ((forward * Gaussian.density(z)) >> 80) + 1;
            // The tails are good to 3e-18 of the dearer of forward and strike.
            twist += (forward + strike) >> 52;
            (uint256 epsilon, uint256 gamma, uint256 volga) = (sums.epsilon, sums.gamma, sums.volga);
            assembly ("memory-safe") {
                if gt(z2, FAR) {
                    twist := add(twist, shr(76, a))
                }
                let c := add(shr(48, div(shl(40, mul(a, gamma)), v)), 1)
                if lt(c, curve) {
                    curve := c
                }
                // Q64.
                v := add(shr(40, v), 1)
                let b := shr(64, mul(add(shr(56, mul(v, z1)), 1), volga))
                b := add(shr(56, mul(add(add(epsilon, b), 2), z2)), 1)
                c := add(v, shr(64, mul(v, epsilon)))
                if lt(c, b) {
                    b := add(c, 1)
                }
                twist := add(add(twist, shr(112, mul(shr(64, mul(a, b)), w))), 1)
            }
        }
    }

    /// @return z max(0, |d1| - shift), Q56; `z1` and `z2` D1 and D2.
    function _reach(
        Sums memory sums,
        BlackScholes.Shape memory shape,
        uint256 v
    ) private pure returns (uint256 z, uint256 z1, uint256 z2) {
        (uint256 lambda, uint256 stretch, uint256 w) = (sums.lambda, sums.stretch, sums.w);
        (z1, z2) = (shape.z1, shape.z2);
        assembly ("memory-safe") {
            let h := shr(48, v)
            // |ln(F0/K)/s| is the larger of |d1| and |d2| less s/2.
            let shift := add(z1, mul(sub(z2, z1), gt(z2, z1)))
            shift := mul(add(sub(shift, shr(1, h)), 2), stretch)
            shift := add(add(div(shl(96, lambda), v), shr(64, shift)), add(shr(65, mul(h, w)), 12))
            z := mul(sub(z1, shift), gt(z1, shift))
            z1 := add(z1, shift)
            z2 := add(z2, shift)
        }
    }

    /// @notice Adds `quantity` of a series that would stray as found but for its clamp to [0, width].
    /// @dev Where the clamp at 0 binds, the series strays by -price - tangent, `tangent` being what the linear terms add:
    /// upwards by at most |tangent| - price, downwards by no more than without it; so at the width. If one binds already
    /// at the centre, by -tangent where it goes on to, and between that and what it would without it elsewhere.
    /// @param raw The price before that clamp, and all else, USD, 18 decimals.
    /// @param up How far the series would stray up, and `down` down; `slope` its V_u.
    function add(
        Sums memory sums,
        int256 quantity,
        int256 raw,
        int256 width,
        int256 delta,
        int256 slope,
        uint256 up,
        uint256 down
    ) internal pure {
        unchecked {
            sums.slope += slope * quantity;
            uint256 tangent =
                (((uint256(delta < 0 ? -delta : delta) * sums.spot) / 1e18 + 1) * sums.epsilon +
                    uint256(slope < 0 ? -slope : slope) * sums.w) >> 64;
            tangent += 2;
            if (uint256(raw) > uint256(width)) {
                raw = raw < 0 ? int256(0) : width;
                if (up < tangent) up = tangent;
                if (down < tangent) down = tangent;
            }
            // What is left below the price, and above it.
            (uint256 below, uint256 above) = (uint256(raw), uint256(width - raw));
            if (up + below < tangent) up = tangent - below;
            if (down + above < tangent) down = tangent - above;
            // And no price leaves [0, width].
            if (up > above + tangent) up = above + tangent;
            if (down > below + tangent) down = below + tangent;
            if (quantity < 0) (up, down, quantity) = (down, up, -quantity);
            sums.up += up * uint256(quantity);
            sums.down += down * uint256(quantity);
        }
    }

    /// @return slope Σ quantity · V_u, USD, 18 decimals.
    /// @return remainder Likewise, rounded up.
    function end(Sums memory sums) internal pure returns (int256 slope, uint256 remainder) {
        unchecked {
            slope = sums.slope / 1e18;
            remainder = Math.max(sums.up, sums.down);
            // The sums of price, delta and slope are rounded once more.
            if (remainder != 0) remainder = remainder / 1e18 + 4 + (sums.spot >> 59);
        }
    }
}
