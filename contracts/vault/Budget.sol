// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice A leaky bucket: what a hot key may use up, refilled by time alone. Shares of NAV, 18 decimals, so that the
/// bound it gives is one of NAV, whatever is deposited or withdrawn in between.
/// @param capacity The most that can be used at once.
/// @param perDay What time gives back in a day.
/// @param used Of the capacity, at `updatedAt`.
struct Budget {
    uint64 capacity;
    uint64 perDay;
    uint64 used;
    uint64 updatedAt;
}

using BudgetLib for Budget global;

library BudgetLib {
    /// @notice What can be used now.
    function left(Budget memory self) internal view returns (uint256) {
        uint256 used = _usedNow(self);
        return used < self.capacity ? self.capacity - used : 0;
    }

    /// @notice Uses `amount`; false, with nothing changed, where it does not fit. Gains have no say: only time refills.
    function charge(Budget storage self, uint256 amount) internal returns (bool) {
        Budget memory budget = self;
        if (amount > left(budget)) return false;
        // Within the capacity, which is a `uint64`.
        budget.used = uint64(_usedNow(budget) + amount);
        (self.used, self.updatedAt) = (budget.used, uint64(block.timestamp));
        return true;
    }

    /// @notice Takes in what time has refilled, at the pace that was.
    function settle(Budget storage self) internal {
        (self.used, self.updatedAt) = (uint64(_usedNow(self)), uint64(block.timestamp));
    }

    /// @dev Refills are rounded down.
    function _usedNow(Budget memory self) private view returns (uint256) {
        uint256 refilled = (uint256(self.perDay) * (block.timestamp - self.updatedAt)) / 1 days;
        return self.used > refilled ? self.used - refilled : 0;
    }
}
