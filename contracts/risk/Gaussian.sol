// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title Gaussian
/// @notice The standard normal distribution: within 1e-17 for every x, monotone, N(x) + N(-x) = 1 to the last unit.
/// @dev The upper tail at z >= 0 is exp(-z²/2)/√(2π) · P(z)/Q(z), where P/Q approximates Mills' ratio. Qn is a number
/// with n fractional bits. Two fits, each a weighted minimax rational found offline at 70 digits by iteratively
/// reweighted least squares, then rounded to the bits shown; tests compare the outcome with exact values:
/// - Mills' ratio by degree 7 over degree 8 on [0, ∞): both monic, so that it falls as 1/z, and exact at 0, so that
///   N(0) = 1/2. The weight max(φ(z), 3e-10·min(z, 20)) leaves 2.7e-18 in the tail, and 1e-8 in the ratio far out.
/// - 2^-t on [-1/2, 1/2] by (A - tB)/(A + tB), A of degree 3 and B of degree 2 in t²: 4.4e-23 relative, and the sign of
///   the error at 1/2 makes the step from one power of two to the next fall, as it must to be monotone.
/// Each coefficient has the scale that the product has reached where Horner's rule adds it, so that the product needs
/// a shift only where it would outgrow the word. What the shifts lose is less than one step of z changes the result,
/// hence monotone.
library Gaussian {
    /// @dev From here the tail is below a unit of the last place.
    uint256 private constant Z_MAX = 9e18;

    uint256 private constant P6 = 0x16bb088c89a5c950; // Q56
    uint256 private constant P5 = 0xf21f3fac2417330f2543867f6f6ae4; // Q112
    uint256 private constant P4 = 0x614fd09e49149ae8e5d9e6eaf8f10c1c05a0a7243007a; // Q168
    uint256 private constant P3 = 0x197cef5098a6fa28f321f10750b12e71759a8b53d3a4fd55d6ebd277647a; // Q224
    uint256 private constant P2 = 0x4607656a643ae07f9db3bdc1a9aa57; // Q104
    uint256 private constant P1 = 0x7688b876dc8ca9a41f9073f8287f9fceb76535942fe4; // Q160
    uint256 private constant P0 = 0x640ec236c46e96e8dfbe8c5271a6aea74614c062f9cf3aaf9d28b87aeb; // Q216

    uint256 private constant Q7 = 0x16bb0825c4ea0c63; // Q56
    uint256 private constant Q6 = 0xf31f575ca8a2ee03a9fd36f82bbebf; // Q112
    uint256 private constant Q5 = 0x62bb58f80aaf3ecf4bd1e82dee583887879521fcb775d; // Q168
    uint256 private constant Q4 = 0x1a6d39604121f7158048345226cd65959d70d2a1440dcd00eb39a4fce902; // Q224
    uint256 private constant Q3 = 0x4bece3e1a430728d54bc996981e9df; // Q104
    uint256 private constant Q2 = 0x8e3e3989d1479d5962c363c1762efaa511556b0363a9; // Q160
    uint256 private constant Q1 = 0x9e467223d914064113f946874da78ae8fd6d189781e2107b8d1f74a53b; // Q216
    uint256 private constant Q0 = 0x4fd59ed61410762f5be5a1175e5165b0; // Q112

    uint256 private constant A2 = 0x6d549a6b6eae9f42a42; // Q64
    uint256 private constant A1 = 0x5002d27854b0ea2556dde0a667f4186037af3; // Q128
    uint256 private constant A0 = 0x5b9820688af1fa610d135475be8d0a178351e1a67aa80fa9baf44e; // Q192
    uint256 private constant B2 = 0x3c9d670ae6dd341533; // Q64
    uint256 private constant B1 = 0x764ef8cfc06b2b7eea191b6a5f33fb30c57c; // Q128
    uint256 private constant B0 = 0x1fbe805d0630a29c2835fc7cc932a258570d5b5f5f21f07f4f765d; // Q192

    /// @dev 1/(2·ln 2), Q128.
    uint256 private constant HALF_LOG2E = 0xb8aa3b295c17f0bbbe87fed0691d3e89;
    /// @dev 1e18/√(2π), Q8, and a hair more, so that half rounds down to half.
    uint256 private constant TAIL_UNIT = 0x58953e3ed363065f3;
    /// @dev 1/√(2π), Q128.
    uint256 private constant DENSITY_UNIT = 0x662114cf50d942343f2cf1402eae38c0;

    /// @notice N(x).
    /// @param x 18 decimals.
    /// @return y 18 decimals: the lower tail rounded down, the upper side its complement.
    function cdf(int256 x) internal pure returns (uint256 y) {
        // `tails` written out for one z, with one division: as a call it would cost a tenth more.
        assembly ("memory-safe") {
            let sign := sar(255, x)
            let z := sub(xor(x, sign), sign)
            if lt(z, Z_MAX) {
                z := div(shl(56, z), 1000000000000000000)
                let d := mul(HALF_LOG2E, mul(z, z))
                let k := shr(240, add(shl(239, 1), d))
                let t := sar(176, sub(d, shl(240, k)))
                let n := shr(64, mul(t, t))
                d := shr(128, add(A0, mul(n, add(A1, mul(n, add(A2, n))))))
                t := sar(64, mul(t, shr(128, add(B0, mul(n, add(B1, mul(n, B2)))))))
                n := sub(d, t)
                d := add(d, t)

                t := shr(176, add(P3, mul(z, add(P4, mul(z, add(P5, mul(z, add(P6, z))))))))
                n := mul(n, shr(144, add(P0, mul(z, add(P1, mul(z, add(P2, mul(z, t))))))))
                t := shr(176, add(Q4, mul(z, add(Q5, mul(z, add(Q6, mul(z, add(Q7, z))))))))
                t := shr(160, add(Q1, mul(z, add(Q2, mul(z, add(Q3, mul(z, t)))))))
                d := mul(d, shr(32, add(Q0, mul(z, t))))
                // 87 + 98 + 67 bits over 87 + 109.
                y := shr(k, div(mul(n, TAIL_UNIT), d))
            }
            // 1e18 - y unless x is negative.
            sign := not(sign)
            y := add(xor(y, sign), and(sign, 1000000000000000001))
        }
    }

    /// @notice φ(x).
    /// @param x 18 decimals.
    /// @return 18 decimals, rounded down.
    function pdf(int256 x) internal pure returns (uint256) {
        unchecked {
            uint256 z = x < 0 ? uint256(-x) : uint256(x);
            if (z >= Z_MAX) return 0;
            return (density((z << 56) / 1e18) * 1e18) >> 128;
        }
    }

    /// @notice φ(z).
    /// @param z At most 13, Q56.
    /// @return y Q128.
    function density(uint256 z) internal pure returns (uint256 y) {
        assembly ("memory-safe") {
            // exp(-z²/2) = 2^-(k + t), k an integer and t in [-1/2, 1/2], Q64.
            let d := mul(HALF_LOG2E, mul(z, z))
            let k := shr(240, add(shl(239, 1), d))
            let t := sar(176, sub(d, shl(240, k)))
            let s := shr(64, mul(t, t))
            d := shr(128, add(A0, mul(s, add(A1, mul(s, add(A2, s))))))
            t := sar(64, mul(t, shr(128, add(B0, mul(s, add(B1, mul(s, B2)))))))
            y := shr(k, div(mul(DENSITY_UNIT, sub(d, t)), add(d, t)))
        }
    }

    /// @notice φ(z1), and Mills' ratio N(-z)/φ(z) of z1 and z2: written out, since calls would cost a tenth more.
    /// @param z1 At most 13, Q56.
    /// @param z2 At most 29, Q56.
    /// @return y Q128.
    /// @return m1 Q104.
    /// @return m2 Q104.
    function tails(uint256 z1, uint256 z2) internal pure returns (uint256 y, uint256 m1, uint256 m2) {
        assembly ("memory-safe") {
            let d := mul(HALF_LOG2E, mul(z1, z1))
            let k := shr(240, add(shl(239, 1), d))
            let t := sar(176, sub(d, shl(240, k)))
            let s := shr(64, mul(t, t))
            d := shr(128, add(A0, mul(s, add(A1, mul(s, add(A2, s))))))
            t := sar(64, mul(t, shr(128, add(B0, mul(s, add(B1, mul(s, B2)))))))
            y := shr(k, div(mul(DENSITY_UNIT, sub(d, t)), add(d, t)))

            let p := shr(176, add(P3, mul(z1, add(P4, mul(z1, add(P5, mul(z1, add(P6, z1))))))))
            p := add(P0, mul(z1, add(P1, mul(z1, add(P2, mul(z1, p))))))
            let q := shr(176, add(Q4, mul(z1, add(Q5, mul(z1, add(Q6, mul(z1, add(Q7, z1))))))))
            q := shr(160, add(Q1, mul(z1, add(Q2, mul(z1, add(Q3, mul(z1, q)))))))
            m1 := div(p, add(Q0, mul(z1, q)))

            p := shr(176, add(P3, mul(z2, add(P4, mul(z2, add(P5, mul(z2, add(P6, z2))))))))
            p := add(P0, mul(z2, add(P1, mul(z2, add(P2, mul(z2, p))))))
            q := shr(176, add(Q4, mul(z2, add(Q5, mul(z2, add(Q6, mul(z2, add(Q7, z2))))))))
            q := shr(160, add(Q1, mul(z2, add(Q2, mul(z2, add(Q3, mul(z2, q)))))))
            m2 := div(p, add(Q0, mul(z2, q)))
        }
    }
}
