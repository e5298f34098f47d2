// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IOptionBook} from "../interfaces/IOptionBook.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {IRiskEngine} from "../interfaces/IRiskEngine.sol";
import {IVault, Limits, Use} from "../interfaces/IVault.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {IVolatilityOracle} from "../interfaces/IVolatilityOracle.sol";
import {Leg} from "../types/Series.sol";
import {Budget} from "./Budget.sol";

/// @notice What the vault stands on: its immutables, for the libraries that act on its storage.
struct Ground {
    IERC20 usdc;
    IOptionBook optionBook;
    IPriceOracle priceOracle;
    IVolatilityOracle volatilityOracle;
    IRiskEngine riskEngine;
}

/// @param cap ETH, 18 decimals: the largest |delta| a leg may open to.
struct VenueSlot {
    IVenue venue;
    uint96 cap;
}

/// @notice What fills made beyond the mark, USDC, 6 decimals, unlocking linearly from `from` to `until`.
struct LockedGain {
    uint128 amount;
    uint64 from;
    uint64 until;
}

/// @notice One place in the line of exits: the shares from `start` to `end`.
/// @param claimed The line's position up to which `receiver` was paid.
struct Request {
    address receiver;
    uint64 requestedAt;
    uint128 claimed;
    uint128 end;
}

/// @notice The line up to `end` shares was worth `assets` USDC in all; between two releases linearly.
struct Release {
    uint128 end;
    uint128 assets;
}

/// @notice The line of exits, counted in shares since the first: [0, processed) has its price, [processed, requested) waits.
/// @param owed USDC set aside for claims; no part of the vault's cash.
struct Exits {
    uint128 requested;
    uint128 processed;
    uint256 owed;
    Request[] requests;
    Release[] releases;
}

/// @notice What the vault stores, shared with the libraries that act on it.
/// @param cash USDC the vault knows it holds, 6 decimals. What others send in counts for nothing.
/// @param bookCollateral USDC held in the option book for the vault's shorts.
/// @param breachedAt When the breach that stands was recorded, unix seconds; 0 when there is none.
/// @param rewarded USDC, 6 decimals, paid for mending it.
struct VaultState {
    uint128 cash;
    uint128 bookCollateral;
    uint64 rebalanceNonce;
    uint64 lastRebalanceAt;
    uint64 breachedAt;
    uint32 rewarded;
    bool isShutdown;
    Limits limits;
    LockedGain lockedGain;
    Leg[] legs;
    VenueSlot[] venues;
    mapping(Use => Budget) budgets;
    Exits exits;
}

using VaultStateLib for VaultState global;

library VaultStateLib {
    /// @notice Changes the cash; checked: a balance that would go below zero, or above what fits, reverts.
    function addCash(VaultState storage self, int256 change) internal {
        self.cash = _add(self.cash, change);
    }

    /// @notice As `addCash`.
    function addCollateral(VaultState storage self, int256 change) internal {
        self.bookCollateral = _add(self.bookCollateral, change);
    }

    /// @notice Uses `amount` (USDC) of `nav` (USDC, positive), rounded up, of the budget for `use`.
    function charge(VaultState storage self, Use use, uint256 amount, uint256 nav) internal {
        if (amount == 0) return;
        uint256 share = (amount * 1e18 + nav - 1) / nav;
        if (!self.budgets[use].charge(share))
            revert IVault.BudgetExceeded(use, share, self.budgets[use].left());
    }

    function _add(uint128 balance, int256 change) private pure returns (uint128) {
        int256 sum = int256(uint256(balance)) + change;
        if (sum < 0 || sum > int256(uint256(type(uint128).max))) revert IVault.BalanceOutOfRange();
        return uint128(uint256(sum));
    }
}
