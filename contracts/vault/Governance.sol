// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IVault, Limits, Use} from "../interfaces/IVault.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {Budget} from "./Budget.sol";
import {VaultState, VenueSlot} from "./VaultState.sol";

/// @notice What an admin may set, and the ceilings no admin can pass.
/// @dev Linked, so that the vault stays under the size limit; runs on the vault's storage.
library Governance {
    using SafeERC20 for IERC20;

    uint256 public constant MAX_VENUES = 4;

    // Ceilings of the limits. Fractions have 18 decimals.
    uint256 public constant MAX_SLIPPAGE_CEILING = 0.05e18;
    uint256 public constant RESCUE_SLIPPAGE_CEILING = 0.1e18;
    uint256 public constant QUOTE_EDGE_CEILING = 0.1e18;
    uint256 public constant SHORT_MARGIN_CEILING = 4e18;
    /// @notice ETH, 18 decimals: no admin can put the ripcord out of reach.
    uint256 public constant RIPCORD_DRIFT_CEILING = 1_000e18;
    uint256 public constant GAMMA_CEILING = 0.5e18;
    uint256 public constant VEGA_CEILING = 0.1e18;
    uint256 public constant REWARD_CEILING = 1_000e6;
    uint256 public constant MAX_AGE_CEILING = 30 days;

    /// @notice What a vault starts from.
    function open(VaultState storage self, Limits memory limits, Budget[] memory budgets) external {
        self.lastRebalanceAt = uint64(block.timestamp);
        _setLimits(self, limits);
        if (budgets.length != uint256(type(Use).max) + 1) revert IVault.LimitOutOfRange();
        for (uint256 i; i < budgets.length; ++i) {
            _setBudget(self, Use(i), budgets[i].capacity, budgets[i].perDay);
        }
    }

    /// @notice See `IVault.setLimits`.
    function setLimits(VaultState storage self, Limits memory limits) external {
        _setLimits(self, limits);
    }

    /// @notice See `IVault.setBudget`.
    function setBudget(VaultState storage self, Use use, uint64 capacity, uint64 perDay) external {
        _setBudget(self, use, capacity, perDay);
    }

    /// @notice See `IVault.addVenue`.
    function addVenue(VaultState storage self, IERC20 usdc, IVenue venue, uint96 cap) external {
        uint256 count = self.venues.length;
        if (count == MAX_VENUES) revert IVault.TooManyVenues();
        if (venue.vault() != address(this)) revert IVault.WrongVenueOwner();
        for (uint256 i; i < count; ++i) if (self.venues[i].venue == venue) revert IVault.DuplicateVenue();
        self.venues.push(VenueSlot(venue, cap));
        usdc.forceApprove(address(venue), type(uint256).max);
        emit IVault.VenueAdded(count, venue, cap);
    }

    /// @notice See `IVault.setVenueCap`.
    function setVenueCap(VaultState storage self, uint256 index, uint96 cap) external {
        self.venues[index].cap = cap;
        emit IVault.VenueCapSet(index, cap);
    }

    /// @notice See `IVault.shutdown`.
    function shutdown(VaultState storage self) external {
        if (self.isShutdown) revert IVault.IsShutDown();
        self.isShutdown = true;
        emit IVault.ShutDown();
    }

    /// @notice See `IVault.venues`.
    function venues(VaultState storage self) external view returns (IVenue[] memory list) {
        list = new IVenue[](self.venues.length);
        for (uint256 i; i < list.length; ++i) list[i] = self.venues[i].venue;
    }

    function _setLimits(VaultState storage self, Limits memory limits) private {
        if (
            limits.minDrift == 0 ||
            limits.ripcordDrift < limits.minDrift ||
            limits.ripcordDrift > RIPCORD_DRIFT_CEILING ||
            limits.maxSlippage > MAX_SLIPPAGE_CEILING ||
            limits.rescueSlippage < limits.maxSlippage ||
            limits.rescueSlippage > RESCUE_SLIPPAGE_CEILING ||
            limits.quoteEdge > QUOTE_EDGE_CEILING ||
            limits.shortMarginRatio > SHORT_MARGIN_CEILING ||
            limits.maxGamma > GAMMA_CEILING ||
            limits.maxVega > VEGA_CEILING ||
            limits.ripcordReward > REWARD_CEILING ||
            limits.maxAge > MAX_AGE_CEILING
        ) revert IVault.LimitOutOfRange();
        self.limits = limits;
        emit IVault.LimitsSet(limits);
    }

    /// @dev What is used stays used: setting a budget refills nothing but by time.
    function _setBudget(VaultState storage self, Use use, uint64 capacity, uint64 perDay) private {
        (uint256 most, uint256 mostPerDay) = _ceilings(use);
        if (capacity > most || perDay > mostPerDay) revert IVault.LimitOutOfRange();
        Budget storage budget = self.budgets[use];
        budget.settle();
        (budget.capacity, budget.perDay) = (capacity, perDay);
        emit IVault.BudgetSet(use, capacity, perDay);
    }

    function _ceilings(Use use) private pure returns (uint256 capacity, uint256 perDay) {
        if (use == Use.Loss || use == Use.RescueLoss || use == Use.QuoteLoss) return (0.05e18, 0.05e18);
        if (use == Use.QuoteVega) return (2e18, 2e18);
        return (10e18, 10e18);
    }
}
