// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice One tenor of a volatility surface; one storage slot. All fractions have 9 decimals.
/// @param tenor Seconds to expiry this pillar describes.
/// @param atmVol Annualised at-the-money-forward volatility: 0.65 is 650_000_000.
/// @param skew Change of volatility per unit of x = ln(K/F)/sqrt(T), T in years.
/// @param curvature Second derivative of volatility in x.
/// @param forwardRatio Forward over spot: 1 is 1_000_000_000.
struct Pillar {
    uint32 tenor;
    uint48 atmVol;
    int48 skew;
    int48 curvature;
    uint48 forwardRatio;
}

/// @notice A volatility surface: pillars in rising tenor, at-the-money total variance linear between them, the other
/// parameters linear in tenor, all flat outside.
struct Surface {
    Pillar[] pillars;
}

/// @notice Value and sensitivities, all 18 decimals, in USD and ETH. Delta and gamma are per USD of spot at a fixed
/// volatility of the strike (sticky strike); vega per 1.00 of volatility; theta per year, negative for a long option.
struct Greeks {
    int256 price;
    int256 delta;
    int256 gamma;
    int256 vega;
    int256 theta;
}

/// @notice What a two-sided value covers: every spot p0·(1 ± price), and every strike's volatility σ0·(1 + u) with one u
/// for all, |u| <= volatility. 18 decimals; either is taken as at most 0.5.
struct Box {
    uint256 price;
    uint256 volatility;
}
