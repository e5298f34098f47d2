// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib as Math} from "solady/src/utils/FixedPointMathLib.sol";

import {Greeks} from "../types/Surface.sol";
import {Gaussian} from "./Gaussian.sol";

/// @title BlackScholes
/// @notice Black-76 on the forward, undiscounted: call = F·N(d1) - K·N(d2), put = call - F + K. Greeks at a fixed ratio
/// of forward to spot. Total: inputs are clamped into the range below and no product can leave the word.
/// - spot to [1e-9, 1.2e12] USD, forward to [1e-18, 1.2e12] USD and 2^20 times spot, strike to [1e-18, 3.4e20] USD
/// - volatility to 100 (10,000 %), time to 100 years, volatility times root time to 16: beyond it a call is worth the
///   forward and a put its strike to 1e-14, unless these are a factor of 1e12 apart
/// - gamma to 2^143 units of the last place
/// @dev Qn is a number with n fractional bits. Since K·φ(d2) = F·φ(d1), one exponential serves both tails and every
/// greek: F·N(-|d1|) = F·φ(d1)·M(|d1|) and K·N(-|d2|) = F·φ(d1)·M(|d2|), M being Mills' ratio. Prices come from the
/// tails directly, without cancellation, and call - put = F - K holds to the unit.
library BlackScholes {
    uint256 internal constant YEAR = 365 days;
    uint256 private constant MAX_TAU = 100 * YEAR;
    uint256 private constant MIN_SPOT = 1e9;
    uint256 private constant MAX_PRICE = 1 << 100;
    uint256 private constant MAX_STRIKE = 1 << 128;
    uint256 private constant MAX_SIGMA = 100e18;
    /// @dev Times an int80 it still leaves 2^33 of them room to add up.
    uint256 private constant MAX_GAMMA = 1 << 143;
    /// @dev 1e36, Q16.
    uint256 private constant GAMMA_UNIT = 1e36 << 16;
    /// @dev Volatility times root time, Q104. With MAX_D1 it keeps d2 within the 29 that `Gaussian.millsRatio` takes.
    uint256 internal constant MAX_V = 16 << 104;
    /// @dev Q56. Beyond it F·N(-|d1|) and K·N(-|d2|) are below 1e-37 of the forward.
    uint256 private constant MAX_D1 = 13 << 56;

    /// @dev atanh(s)/s = P(s²)/Q(s²), Q monic, for |s| <= 1/3: a minimax fit found as those of `Gaussian`, 2e-19 relative.
    int256 private constant P4 = 0x2b74cb79e80ed78c; // Q64
    int256 private constant P3 = -0x644b7f786f4dd80238eceebd4bb10be64; // Q128
    int256 private constant P2 = 0x23781b043d5baec13e36a6f307e44c8fc6a1780576ed75b865; // Q192
    int256 private constant P1 = -0x3f39f0862e5938b944550b42fe372ed801; // Q128
    int256 private constant P0 = 0x22c8d8e7f9ff7b3bd147364f0ee405dfe0d129a77cc1d55252; // Q192
    int256 private constant Q3 = -0xe17499a59cd5f748a; // Q64
    int256 private constant Q2 = 0x3573e071ae0b0df4aaec726920ced63cc8; // Q128
    int256 private constant Q1 = -0x4ad238d381ae5f2f9e7e65c4d234eeccb1565c35ca7c40ec14; // Q192
    int256 private constant Q0 = 0x22c8d8e7f9ff7b3b54a2996c44570e7637; // Q128
    /// @dev ln 2, Q120.
    int256 private constant LN2 = 0xb17217f7d1cf79abc9e3b39803f2f7;

    /// @dev Standard deviations at the money beyond which a smile is flat. A parabola that goes on makes the farther of
    /// two strikes the dearer option, and a capped option worth less than nothing.
    int256 private constant WING = 3;

    /// @notice What the options of one expiry share. All within the clamps.
    struct Market {
        /// USD, 18 decimals.
        uint256 spot;
        /// USD, 18 decimals.
        uint256 forward;
        /// Seconds.
        uint256 tau;
        /// Square root of the time in years, Q96.
        uint256 rootTau;
        /// The smile in standard deviations to expiry, volatility times root time: at the money and at most, Q104; ...
        uint256 atm;
        uint256 low;
        uint256 high;
        /// ... and its first and half its second derivative in ln(strike/forward), Q64.
        int256 skew;
        int256 bend;
    }

    /// @notice What `add` finds of an option besides its price, for `Remainder`.
    struct Shape {
        /// Volatility times root time, Q104; 0 where there is none, and then nothing else here has a meaning.
        uint256 v;
        /// |d1| and |d2|, Q56.
        uint256 z1;
        uint256 z2;
        /// F·φ(d1), Q48; 0 in the far tails.
        uint256 a;
    }

    /// @param spot USD, 18 decimals.
    /// @param tau Seconds.
    /// @param forward USD, 18 decimals.
    /// @param m Written to.
    function market(Market memory m, uint256 spot, uint256 tau, uint256 forward) internal pure {
        unchecked {
            // Branches hardly ever taken are cheaper than clamps.
            if (spot - MIN_SPOT > MAX_PRICE - MIN_SPOT) spot = spot < MIN_SPOT ? MIN_SPOT : MAX_PRICE;
            uint256 most = spot << 20;
            if (most > MAX_PRICE) most = MAX_PRICE;
            if (forward - 1 >= most) forward = forward == 0 ? 1 : most;
            if (tau > MAX_TAU) tau = MAX_TAU;
            (m.spot, m.forward, m.tau) = (spot, forward, tau);
            m.rootTau = Math.sqrt((tau << 192) / YEAR);
        }
    }

    /// @notice The option at `strike` less the option at `cap`, at one volatility; with `cap` 0 the former alone.
    /// @param m As `market` left it, without a smile; written to.
    /// @param strike USD, 18 decimals.
    /// @param sigma Annualised volatility, 18 decimals.
    /// @param g Zero; written to.
    function capped(
        Greeks memory g,
        Market memory m,
        bool isPut,
        uint256 strike,
        uint256 cap,
        uint256 sigma
    ) internal pure {
        unchecked {
            if (sigma > MAX_SIGMA) sigma = MAX_SIGMA;
            // Q104: one unit of volatility for one second still has 32 bits.
            m.atm = ((sigma * m.rootTau) << 8) / 1e18;
            m.high = MAX_V;
            Shape memory shape;
            if (cap != 0) {
                (g.price, g.delta) = add(g, m, shape, isPut, clampStrike(cap), 1);
                (g.gamma, g.vega, g.theta) = (-g.gamma, -g.vega, -g.theta);
            }
            (int256 price, int256 delta) = add(g, m, shape, isPut, clampStrike(strike), 1);
            (g.price, g.delta) = (price - g.price, delta - g.delta);
        }
    }

    function clampStrike(uint256 strike) internal pure returns (uint256) {
        unchecked {
            if (strike - 1 >= MAX_STRIKE) return strike == 0 ? 1 : MAX_STRIKE;
            return strike;
        }
    }

    /// @notice ln(forward/strike), both within the clamps, Q120: relative error 2e-19 within a factor of two of the
    /// strike, so that a tiny volatility divides it without loss.
    function _logMoneyness(uint256 forward, uint256 strike) private pure returns (int256 y) {
        bool isFar;
        assembly ("memory-safe") {
            isFar := or(gt(forward, shl(1, strike)), gt(strike, shl(1, forward)))
        }
        if (isFar) {
            unchecked {
                // Most are within a factor of four.
                if (forward > strike) {
                    (strike, y) = (strike << 1, LN2);
                    isFar = forward > strike << 1;
                } else {
                    (forward, y) = (forward << 1, -LN2);
                    isFar = strike > forward << 1;
                }
                if (isFar) {
                    // Shift one of them until their ratio lies in [1, 2).
                    uint256 n = Math.log2((forward << 154) / strike);
                    y += (int256(n) - 154) * LN2;
                    if (n < 154) forward <<= 154 - n;
                    else strike <<= n - 154;
                }
            }
        }
        // ln(F/K) = 2·atanh((F - K)/(F + K)).
        assembly ("memory-safe") {
            let s := sdiv(shl(120, sub(forward, strike)), add(forward, strike))
            let w := sar(176, mul(s, s))
            let p := sar(128, add(mul(add(mul(P4, w), P3), w), P2))
            p := sar(64, add(mul(add(mul(p, w), P1), w), P0))
            let q := sar(128, add(mul(add(mul(add(w, Q3), w), Q2), w), Q1))
            y := add(y, sdiv(mul(shl(1, s), p), add(mul(q, w), Q0)))
        }
    }

    /// @dev What the smile makes of v at ln(forward/strike) = y, Q120.
    function _deviation(Market memory m, int256 y) private pure returns (uint256) {
        unchecked {
            (int256 atm, uint256 low, uint256 high) = (int256(m.atm), m.low, m.high);
            int256 wing = WING * atm;
            y >>= 16;
            // Of either sign at once: what is below the least is a huge unsigned number.
            if (uint256(y + wing) > uint256(2 * wing)) {
                int256 sign = y >> 255;
                y = (wing ^ sign) - sign;
            }
            int256 v = atm + (((((m.bend * y) >> 104) - m.skew) * y) >> 64);
            if (uint256(v) - low > high - low) return v < int256(low) ? low : high;
            return uint256(v);
        }
    }

    /// @return d1 Q56; `z1` and `z2` |d1| and |d2|.
    function _distances(int256 y, uint256 v) private pure returns (int256 d1, uint256 z1, uint256 z2) {
        assembly ("memory-safe") {
            d1 := add(sdiv(shl(40, y), v), shr(49, v))
            let sign := sar(255, d1)
            z1 := sub(xor(d1, sign), sign)
            z2 := sub(d1, shr(48, v))
            sign := sar(255, z2)
            z2 := sub(xor(z2, sign), sign)
        }
    }

    /// @notice Adds `quantity` times an option's gamma, vega and theta to `total`; price and delta of one are left to
    /// the caller, who nets and clamps them first.
    /// @param shape Written to.
    /// @param strike USD, 18 decimals, clamped.
    function add(
        Greeks memory total,
        Market memory m,
        Shape memory shape,
        bool isPut,
        uint256 strike,
        int256 quantity
    ) internal pure returns (int256 price, int256 delta) {
        uint256 forward = m.forward;
        int256 y = _logMoneyness(forward, strike);
        uint256 v = _deviation(m, y);
        shape.v = v;
        if (v == 0) return _intrinsic(m, isPut, strike);
        (int256 d1, uint256 z1, uint256 z2) = _distances(y, v);
        (shape.z1, shape.z2) = (z1, z2);
        // F·φ(d1), F·N(-|d1|), K·N(-|d2|), Q48.
        uint256 a;
        uint256 x1;
        uint256 x2;
        if (z1 < MAX_D1) {
            unchecked {
                (a, x1, x2) = Gaussian.tails(z1, z2);
                a = (forward * a) >> 80;
                x1 = (a * x1) >> 104;
                x2 = (a * x2) >> 104;
            }
            _addTail(total, m, a, v, quantity);
        }
        shape.a = a;
        uint256 spot = m.spot;
        assembly ("memory-safe") {
            // The probabilities the payout needs: N(d1) and N(d2) of a call, N(-d1) and N(-d2) of a put.
            if xor(isPut, sgt(d1, not(0))) {
                x1 := sub(shl(48, forward), x1)
            }
            if xor(isPut, iszero(slt(d1, shr(48, v)))) {
                x2 := sub(shl(48, strike), x2)
            }
            let sign := sub(0, isPut)
            delta := div(mul(x1, 1000000000000000000), shl(48, spot))
            delta := sub(xor(delta, sign), sign)
            price := sub(x1, x2)
            price := sar(48, sub(xor(price, sign), sign))
            // Rounding must not take the price below its intrinsic value.
            let floor := sub(forward, strike)
            floor := sub(xor(floor, sign), sign)
            if slt(price, floor) {
                price := floor
            }
            price := mul(price, sgt(price, 0))
        }
    }

    function _addTail(
        Greeks memory total,
        Market memory m,
        uint256 a,
        uint256 v,
        int256 quantity
    ) private pure {
        unchecked {
            uint256 spot = m.spot;
            uint256 gamma = Math.rawDiv(Math.rawDiv(a << 40, spot) * GAMMA_UNIT, spot * v);
            if (gamma > MAX_GAMMA) gamma = MAX_GAMMA;
            total.gamma += int256(gamma) * quantity;
            total.vega += int256((a * m.rootTau) >> 144) * quantity;
            total.theta -= int256(Math.rawDiv(((a * (v >> 8)) >> 100) * YEAR, m.tau) >> 45) * quantity;
        }
    }

    /// @dev Without volatility or time: the step delta is halved exactly at the strike.
    function _intrinsic(
        Market memory m,
        bool isPut,
        uint256 strike
    ) private pure returns (int256 price, int256 delta) {
        unchecked {
            uint256 forward = m.forward;
            if (isPut ? forward > strike : forward < strike) return (0, 0);
            price = int256(isPut ? strike - forward : forward - strike);
            delta = int256((forward * 1e18) / m.spot);
            if (forward == strike) delta /= 2;
            if (isPut) delta = -delta;
        }
    }
}
