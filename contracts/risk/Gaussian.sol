// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title Gaussian
/// @notice The standard normal distribution: within 5e-17 for every x, monotone, N(x) + N(-x) = 1 to the last unit.
/// @dev The upper tail at z >= 0 is exp(-z²/2)/√(2π) · P(z)/Q(z), where P/Q approximates Mills' ratio. Write Qn for a
/// number with n fractional bits. Two fits, each a weighted minimax rational found offline at 70 digits by iteratively
/// reweighted least squares and rounded to the bits shown; a test compares them with reference values:
/// - Mills' ratio by degree 7 over degree 8 on [0, ∞): both monic, so that it falls as 1/z, and exact at 0, so that
///   N(0) = 1/2. The weight max(φ(z), 3e-10·min(z, 20)) leaves 2.8e-18 in the tail and 1e-8 in the ratio itself.
/// - 2^-t on [-1/2, 1/2] by (A - tB)/(A + tB), A of degree 3 and B of degree 2 in t²: 4.5e-23 relative, and the sign of
///   the error at 1/2 makes the step from one power of two to the next fall, as it must to be monotone.
/// Both run through Horner's rule with the coefficients at the scale the running product has reached, which takes a
/// shift only where the product would outgrow the word.
library Gaussian {
    /// @dev From here the tail is below half a unit of the last place.
    uint256 private constant Z_MAX = 9e18;

    uint256 private constant P6 = 0x16bb088c89a5c95051; // Q64
    uint256 private constant P5 = 0xf21f3fac2417330f2543867f6f6ae3f13d; // Q128
    uint256 private constant P4 = 0x614fd09e49149ae8e5d9e6eaf8f10c1c05a0a7243007a77bb58; // Q192
    uint256 private constant P3 = 0x197cef5098a6fa28f321f10750b12e71759b; // Q128
    uint256 private constant P2 = 0x4607656a643ae07f9db3bdc1a9aa570679967fd849b75b51047e; // Q192
    uint256 private constant P1 = 0x7688b876dc8ca9a41f9073f8287f9fceb765; // Q128
    uint256 private constant P0 = 0x640ec236c46e96e8dfbe8c5271a6aea74615; // Q128

    uint256 private constant Q7 = 0x16bb0825c4ea0c62a4; // Q64
    uint256 private constant Q6 = 0xf31f575ca8a2ee03a9fd36f82bbebeef0f; // Q128
    uint256 private constant Q5 = 0x62bb58f80aaf3ecf4bd1e82dee583887879521fcb775d0ffadb; // Q192
    uint256 private constant Q4 = 0x1a6d39604121f7158048345226cd65959d71; // Q128
    uint256 private constant Q3 = 0x4bece3e1a430728d54bc996981e9df508429b67791d0a7e511d3; // Q192
    uint256 private constant Q2 = 0x8e3e3989d1479d5962c363c1762efaa51155; // Q128
    uint256 private constant Q1 = 0x9e467223d914064113f946874da78ae8fd6d; // Q128
    uint256 private constant Q0 = 0x4fd59ed61410762f5be5a1175e5165afc15b; // Q128

    uint256 private constant A2 = 0x6d549a6b6eae9f42a42; // Q64
    uint256 private constant A1 = 0x5002d27854b0ea2556dde0a667f4186037af3; // Q128
    uint256 private constant A0 = 0x5b9820688af1fa610d135475be8d0a178351e1a67aa80fa9baf44e; // Q192
    uint256 private constant B2 = 0x3c9d670ae6dd341533; // Q64
    uint256 private constant B1 = 0x764ef8cfc06b2b7eea191b6a5f33fb30c57c; // Q128
    uint256 private constant B0 = 0x1fbe805d0630a29c2835fc7cc932a258570d5b5f5f21f07f4f765d; // Q192

    /// @dev 1/(2·ln 2), Q112.
    uint256 private constant HALF_LOG2E = 0xb8aa3b295c17f0bbbe87fed0691d;
    /// @dev 1e18/√(2π), Q9: the unit of the last place with 8 guard bits and one to round by.
    uint256 private constant TAIL_UNIT = 0xb12a7c7da6c60cbe1;
    /// @dev 1/√(2π), Q128.
    uint256 private constant DENSITY_UNIT = 0x662114cf50d942343f2cf1402eae38c0;

    /// @notice N(x).
    /// @param x 18 decimals.
    /// @return 18 decimals.
    function cdf(int256 x) internal pure returns (uint256) {
        unchecked {
            return x < 0 ? tail(uint256(-x)) : 1e18 - tail(uint256(x));
        }
    }

    /// @notice N(-z), rounded to the nearest unit.
    /// @param z At least 0, 18 decimals.
    /// @return 18 decimals.
    function tail(uint256 z) internal pure returns (uint256) {
        unchecked {
            if (z >= Z_MAX) return 0;
            z = (z << 64) / 1e18;
            (uint256 n, uint256 d, uint256 k) = _exp(z);
            (uint256 p, uint256 q) = _mills(z);
            // 87 + 91 + 68 bits over 87 + 97.
            return ((((n * (p >> 64) * TAIL_UNIT) / (d * (q >> 64))) >> (k + 8)) + 1) >> 1;
        }
    }

    /// @notice φ(x).
    /// @param x 18 decimals.
    /// @return 18 decimals, rounded down.
    function pdf(int256 x) internal pure returns (uint256) {
        unchecked {
            uint256 z = x < 0 ? uint256(-x) : uint256(x);
            if (z >= 10e18) return 0;
            return (density((z << 64) / 1e18) * 1e18) >> 128;
        }
    }

    /// @notice φ(z).
    /// @param z Below 13, Q64.
    /// @return Q128.
    function density(uint256 z) internal pure returns (uint256) {
        unchecked {
            (uint256 n, uint256 d, uint256 k) = _exp(z);
            return ((n * DENSITY_UNIT) / d) >> k;
        }
    }

    /// @notice Mills' ratio N(-z)/φ(z).
    /// @param z Below 1024, Q64.
    /// @return Q80.
    function millsRatio(uint256 z) internal pure returns (uint256) {
        unchecked {
            (uint256 p, uint256 q) = _mills(z);
            return p / (q >> 80);
        }
    }

    /// @dev exp(-z²/2) = n/d · 2^-k.
    /// @param z Below 13, Q64.
    function _exp(uint256 z) private pure returns (uint256 n, uint256 d, uint256 k) {
        assembly ("memory-safe") {
            // The exponent in powers of two, Q240: its nearest integer, and what is left, Q64.
            let u := mul(mul(z, z), HALF_LOG2E)
            k := shr(240, add(u, shl(239, 1)))
            let t := sar(176, sub(u, shl(240, k)))
            let s := shr(64, mul(t, t))
            let b := sar(64, mul(t, shr(128, add(mul(add(mul(s, B2), B1), s), B0))))
            let a := shr(128, add(mul(add(mul(add(s, A2), s), A1), s), A0))
            n := sub(a, b)
            d := add(a, b)
        }
    }

    /// @dev P(z) and Q(z), Q128.
    /// @param z Below 1024, Q64.
    function _mills(uint256 z) private pure returns (uint256 p, uint256 q) {
        assembly ("memory-safe") {
            p := shr(128, add(mul(add(mul(add(z, P6), z), P5), z), P4))
            p := shr(128, add(mul(add(mul(p, z), P3), z), P2))
            p := add(mul(shr(64, add(mul(p, z), P1)), z), P0)
            q := shr(128, add(mul(add(mul(add(z, Q7), z), Q6), z), Q5))
            q := shr(128, add(mul(add(mul(q, z), Q4), z), Q3))
            q := shr(64, add(mul(q, z), Q2))
            q := add(mul(shr(64, add(mul(q, z), Q1)), z), Q0)
        }
    }
}
