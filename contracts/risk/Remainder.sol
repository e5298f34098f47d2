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
        bool coarse;
        uint256 spot;
        uint256 epsilon;
        uint256 w;
        /// λ
        uint256 lambda;
        /// 1/(1 - w)
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
            sums.coarse = spot < MIN_SPOT || spot > MAX_SPOT;
            sums.spot = Math.clamp(spot, MIN_SPOT, 1 << 100);
            sums.epsilon = epsilon;
            sums.w = w;
            sums.lambda = (epsilon * (one - epsilon / 2)) / (one - epsilon) + 1;
            sums.stretch = stretch;
            sums.gamma = (epsilon * epsilon) / (2 * (one - epsilon)) + 1;
            sums.volga = (((w * (one + epsilon)) >> 65) * stretch >> 64) + 2;
        }
    }

    /// @notice Of one vanilla.
    /// @param forward USD, 18 decimals, like `strike`.
    /// @param d1 Q56, `v` Q104 and `a` Q48: as of `BlackScholes.add`.
    /// @return slope V_u, USD, 18 decimals.
    /// @return curve A, USD, 18 decimals.
    /// @return twist U, USD, 18 decimals, and an allowance for what rounding does.
    function vanilla(
        Sums memory sums,
        uint256 forward,
        uint256 strike,
        int256 d1,
        uint256 v,
        uint256 a
    ) internal pure returns (int256 slope, uint256 curve, uint256 twist) {
        unchecked {
            // The price and the forward are whole units, delta is one of 2^-59.8 ETH; two of each, for two such options.
            twist = 8 + (sums.spot >> 59);
            curve = ((forward * sums.epsilon) >> 64) + 1;
            if (v == 0) {
                // A kink, of no effect unless the box reaches it.
                return (0, Math.zeroFloorSub(curve, Math.dist(forward, strike)), twist);
            }
            slope = int256((a * (v >> 40)) >> 112);
            // What the clamps of `BlackScholes` do to the forward and to s makes V_p jump between 0 and at most r/(1 - ε),
            // and V_u between 0 and s·F/2 with s <= 16/(1 - w): slopes within bounds, but no convexity.
            if (sums.coarse || v > MAX_V) {
                twist += 2 * curve + (((forward * (v >> 44)) >> 60) * sums.w * 2 >> 64);
                return (slope, 0, twist);
            }
            uint256 d2 = Math.abs(d1 - int256(v >> 48));
            uint256 z = Math.abs(d1);
            uint256 shift;
            {
                uint256 m = Math.abs(d1 - int256(v >> 49)) + 2;
                shift = (((sums.lambda << 96) / v + ((m * sums.w) >> 64) + 2) * sums.stretch >> 64)
                    + ((v >> 48) * sums.w >> 65) + 8;
            }
            d2 += shift;
            uint256 near = Math.zeroFloorSub(z, shift);
            if (near >= MAX_D1) return (slope, 0, twist);
            // The tails are good to 3e-18 of the dearer of forward and strike.
            twist += (forward + strike) >> 52;
            a = ((forward * Gaussian.density(near)) >> 80) + 1;
            if (d2 > FAR) twist += a >> 76;
            curve = Math.min(curve, ((a * sums.gamma << 40) / v >> 48) + 1);
            uint256 e = sums.epsilon;
            // Q64.
            uint256 b = ((e + (((((v >> 40) + 1) * (z + shift) >> 56) + 1) * sums.volga >> 64) + 2) * d2 >> 56) + 1;
            b = Math.min(b, ((v >> 40) * ((1 << 64) + e) >> 64) + 2);
            twist += (((a * b) >> 64) * sums.w >> 112) + 1;
        }
    }

    /// @notice Adds `quantity` of a series that would stray by `up` and `down` but for its clamp to [0, width].
    /// @dev Where the clamp at 0 binds, the series strays by -price - tangent, `tangent` being what the linear terms add:
    /// upwards by at most |tangent| - price, downwards by no more than without it; so at the width. If one binds already
    /// at the centre, by -tangent where it goes on to, and between that and what it would without it elsewhere.
    /// @param raw The price before that clamp, and all else, USD, 18 decimals.
    function add(
        Sums memory sums,
        int256 quantity,
        int256 raw,
        uint256 width,
        int256 delta,
        int256 slope,
        uint256 up,
        uint256 down
    ) internal pure {
        unchecked {
            sums.slope += slope * quantity;
            uint256 price = uint256(Math.clamp(raw, 0, int256(width)));
            uint256 tangent = ((((Math.abs(delta) * sums.spot) / 1e18 + 1) * sums.epsilon) >> 64)
                + ((Math.abs(slope) * sums.w) >> 64) + 2;
            bool inside = raw == int256(price);
            up = Math.max(up, Math.zeroFloorSub(tangent, inside ? price : 0));
            down = Math.max(down, Math.zeroFloorSub(tangent, inside ? width - price : 0));
            // And no price leaves [0, width].
            up = Math.min(up, width - price + tangent);
            down = Math.min(down, price + tangent);
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
