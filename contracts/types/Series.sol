// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice The terms of an option, packed into its own ERC-1155 id, so a series needs no storage and no creation.
/// Bits, low to high: expiry 40 (unix seconds), cap 64, strike 64 (USD, 8 decimals), put flag 1. A call pays
/// `clamp(S - strike, 0, cap - strike)`; a put pays `clamp(strike - S, 0, strike - cap)`: the cap of a put is its floor.
type SeriesId is uint256;

/// @notice A series and the signed quantity held in it: the low 176 bits are the `SeriesId`, the high 80 bits an
/// `int80` quantity (options on 1 ETH, 18 decimals; negative is short).
type Leg is uint256;

using SeriesLib for SeriesId global;
using LegLib for Leg global;

library SeriesLib {
    /// @dev The caller validates: packing is total, so that decoding what is stored never fails.
    function pack(bool isPut_, uint64 strike_, uint64 cap_, uint40 expiry_) internal pure returns (SeriesId) {
        return
            SeriesId.wrap(
                uint256(expiry_) | (uint256(cap_) << 40) | (uint256(strike_) << 104) | (isPut_ ? 1 << 168 : 0)
            );
    }

    /// @notice Whether `id` names a series: no stray bits, and a positive width on the right side of the strike.
    function isValid(SeriesId id) internal pure returns (bool) {
        if (SeriesId.unwrap(id) >> 169 != 0) return false;
        return isPut(id) ? strike(id) > cap(id) : cap(id) > strike(id) && strike(id) != 0;
    }

    /// @notice Unix seconds.
    function expiry(SeriesId id) internal pure returns (uint40) {
        return uint40(SeriesId.unwrap(id));
    }

    /// @notice USD, 8 decimals: the price beyond which the payout stops growing.
    function cap(SeriesId id) internal pure returns (uint64) {
        return uint64(SeriesId.unwrap(id) >> 40);
    }

    /// @notice USD, 8 decimals.
    function strike(SeriesId id) internal pure returns (uint64) {
        return uint64(SeriesId.unwrap(id) >> 104);
    }

    function isPut(SeriesId id) internal pure returns (bool) {
        return (SeriesId.unwrap(id) >> 168) & 1 == 1;
    }

    /// @notice The largest payout of one option, USD, 8 decimals. For a valid series only.
    function width(SeriesId id) internal pure returns (uint64) {
        return isPut(id) ? strike(id) - cap(id) : cap(id) - strike(id);
    }

    /// @notice The payout of one option at `price`, USD, 8 decimals. For a valid series only.
    function payout(SeriesId id, uint256 price) internal pure returns (uint256) {
        uint256 k = strike(id);
        uint256 intrinsic = isPut(id) ? (price < k ? k - price : 0) : (price > k ? price - k : 0);
        uint256 most = width(id);
        return intrinsic < most ? intrinsic : most;
    }
}

library LegLib {
    uint256 private constant SERIES_MASK = (1 << 176) - 1;

    /// @dev The caller checks that `quantity_` fits an `int80`.
    function pack(SeriesId id, int256 quantity_) internal pure returns (Leg) {
        return Leg.wrap(SeriesId.unwrap(id) | (uint256(quantity_) << 176));
    }

    function series(Leg leg) internal pure returns (SeriesId) {
        return SeriesId.wrap(Leg.unwrap(leg) & SERIES_MASK);
    }

    /// @notice Options on 1 ETH, 18 decimals; negative is short.
    function quantity(Leg leg) internal pure returns (int256) {
        return int256(Leg.unwrap(leg)) >> 176;
    }
}
