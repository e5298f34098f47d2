// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Limits, Marks} from "../interfaces/IVault.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {Leg} from "../types/Series.sol";

/// @notice What the vault stores, shared with the libraries that act on it.
/// @param cash USDC the vault knows it holds, 6 decimals. What others send in counts for nothing.
/// @param bookCollateral USDC held in the option book for the vault's shorts.
struct VaultState {
    uint256 cash;
    uint256 bookCollateral;
    uint64 rebalanceNonce;
    uint64 lastRebalanceAt;
    Limits limits;
    Leg[] legs;
    IVenue[] venues;
}

using Valuation for VaultState global;

library Valuation {
    /// @dev From 18 decimals to USDC's 6.
    int256 private constant USDC_SCALE = 1e12;

    /// @notice ETH over all venues, 18 decimals, and what they are worth at `price`, USDC.
    function venueTotals(
        VaultState storage self,
        uint256 price
    ) internal view returns (int256 delta, int256 equity) {
        uint256 count = self.venues.length;
        for (uint256 i; i < count; ++i) {
            IVenue venue = self.venues[i];
            delta += venue.delta();
            equity += venue.equity(price);
        }
    }

    /// @notice USDC. The value of the options is rounded down: towards what the vault owes.
    function nav(VaultState storage self, Marks memory marks) internal view returns (int256) {
        int256 options = marks.book.price / USDC_SCALE;
        if (marks.book.price % USDC_SCALE < 0) --options;
        return int256(self.cash) + int256(self.bookCollateral) + marks.venueEquity + options;
    }

    /// @dev Checked: a balance that would go below zero reverts.
    function add(uint256 balance, int256 change) internal pure returns (uint256) {
        return change < 0 ? balance - uint256(-change) : balance + uint256(change);
    }
}
