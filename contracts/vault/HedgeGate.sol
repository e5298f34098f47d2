// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {HedgeLeg, IVault, Marks, Trigger} from "../interfaces/IVault.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {Valuation, VaultState} from "./VaultState.sol";

/// @notice The gate every hedge passes: what a rebalance must prove before and after its legs run.
/// @dev Linked, so that the vault stays under the size limit; runs on the vault's storage.
library HedgeGate {
    using FixedPointMathLib for uint256;

    uint256 private constant WAD = 1e18;
    uint256 public constant MAX_HEDGE_LEGS = 8;

    /// @notice See `IVault.rebalance`.
    function rebalance(
        VaultState storage self,
        IERC20 usdc,
        Marks memory marks,
        HedgeLeg[] calldata hedgeLegs,
        uint64 nonce,
        uint256 deadline,
        uint256 maxLoss
    ) external {
        if (nonce != self.rebalanceNonce) revert IVault.WrongRebalanceNonce(self.rebalanceNonce);
        if (block.timestamp > deadline) revert IVault.DeadlinePassed(deadline);
        if (hedgeLegs.length > MAX_HEDGE_LEGS) revert IVault.TooManyLegs();
        if (!marks.fresh) revert IVault.OracleUnfit();
        int256 navBefore = self.nav(marks);
        int256 driftBefore = marks.book.delta + marks.venueDelta;
        Trigger trigger = due(self, driftBefore);
        if (trigger == Trigger.None) revert IVault.NothingDue();
        uint256[] memory distances = _liquidationDistances(self);

        self.rebalanceNonce = nonce + 1;
        self.lastRebalanceAt = uint64(block.timestamp);
        for (uint256 i; i < hedgeLegs.length; ++i) _execute(self, usdc, hedgeLegs[i], marks.price, nonce);

        (marks.venueDelta, marks.venueEquity) = self.venueTotals(marks.price);
        int256 driftAfter = marks.book.delta + marks.venueDelta;
        _requireLess(driftBefore, driftAfter, trigger);
        _requireMarginsHeld(self, distances, trigger);
        int256 navAfter = self.nav(marks);
        _requireLossWithin(navBefore, navAfter, maxLoss.min(_lossLimit(self, navBefore)));
        emit IVault.Rebalanced(nonce, driftBefore, driftAfter, navBefore, navAfter, marks.price);
    }

    /// @notice Why a rebalance is due at this drift.
    function due(VaultState storage self, int256 drift) public view returns (Trigger) {
        uint256 count = self.venues.length;
        for (uint256 i; i < count; ++i) {
            IVenue venue = self.venues[i];
            if (venue.liquidationDistance() < venue.marginTrigger()) return Trigger.Margin;
        }
        if (FixedPointMathLib.abs(drift) >= self.limits.minDrift) return Trigger.Delta;
        if (drift != 0 && block.timestamp >= uint256(self.lastRebalanceAt) + self.limits.maxAge)
            return Trigger.Age;
        return Trigger.None;
    }

    /// @dev The limit is the vault's own, around the oracle price; the keeper's can only be tighter.
    function _execute(
        VaultState storage self,
        IERC20 usdc,
        HedgeLeg calldata leg,
        uint256 price,
        uint64 nonce
    ) private {
        if (_isOpposed(self, leg)) {
            emit IVault.LegExecuted(nonce, leg.venue, leg.dDelta, 0, 0);
            return;
        }
        uint256 slippage = self.limits.maxSlippage;
        uint256 limitPrice =
            leg.dDelta > 0
                ? price.mulWad(WAD + slippage).min(leg.limitPrice)
                : price.mulWadUp(WAD - slippage).max(leg.limitPrice);

        uint256 held = usdc.balanceOf(address(this));
        int256 filled = self.venues[leg.venue].adjust(leg.dDelta, limitPrice, self.cash);
        int256 cashDelta = int256(usdc.balanceOf(address(this))) - int256(held);
        self.cash = Valuation.add(self.cash, cashDelta);
        bool isWithin =
            leg.dDelta >= 0 ? filled >= 0 && filled <= leg.dDelta : filled <= 0 && filled >= leg.dDelta;
        if (!isWithin) revert IVault.Overfilled(leg.dDelta, filled);
        emit IVault.LegExecuted(nonce, leg.venue, leg.dDelta, filled, cashDelta);
    }

    /// @dev A leg may close against its own venue; it opens only where no other venue holds the opposite: two sides
    /// would pay twice and hide size. No reason to revert: the opposite may be what a leg before left unfilled.
    function _isOpposed(VaultState storage self, HedgeLeg calldata leg) private view returns (bool) {
        if (leg.dDelta == 0) return false;
        bool buys = leg.dDelta > 0;
        int256 own = self.venues[leg.venue].delta();
        if (own != 0 && own > 0 != buys) return false;
        uint256 count = self.venues.length;
        for (uint256 i; i < count; ++i) {
            if (i == leg.venue) continue;
            int256 other = self.venues[i].delta();
            if (other != 0 && other > 0 != buys) return true;
        }
        return false;
    }

    /// @dev Nothing may raise drift or carry it past its own size on the other side; only mending a margin may leave it.
    function _requireLess(int256 driftBefore, int256 driftAfter, Trigger trigger) private pure {
        uint256 sizeBefore = FixedPointMathLib.abs(driftBefore);
        uint256 sizeAfter = FixedPointMathLib.abs(driftAfter);
        if (trigger == Trigger.Margin ? sizeAfter > sizeBefore : sizeAfter >= sizeBefore) {
            revert IVault.DriftNotReduced(driftBefore, driftAfter);
        }
    }

    function _liquidationDistances(
        VaultState storage self
    ) private view returns (uint256[] memory distances) {
        distances = new uint256[](self.venues.length);
        for (uint256 i; i < distances.length; ++i) distances[i] = self.venues[i].liquidationDistance();
    }

    /// @dev A margin may fall only as long as it stays above its trigger; when margin is what made the rebalance due,
    /// one that was below must have improved.
    function _requireMarginsHeld(
        VaultState storage self,
        uint256[] memory before,
        Trigger trigger
    ) private view {
        for (uint256 i; i < before.length; ++i) {
            uint256 distance = self.venues[i].liquidationDistance();
            if (distance >= self.venues[i].marginTrigger()) continue;
            if (distance < before[i] || (trigger == Trigger.Margin && distance == before[i])) {
                revert IVault.MarginWorsened(uint8(i));
            }
        }
    }

    function _lossLimit(VaultState storage self, int256 navBefore) private view returns (uint256) {
        return navBefore > 0 ? uint256(navBefore).mulWad(self.limits.maxLoss) : 0;
    }

    function _requireLossWithin(int256 navBefore, int256 navAfter, uint256 maxLoss) private pure {
        int256 loss = navBefore - navAfter;
        if (loss > 0 && uint256(loss) > maxLoss) revert IVault.LossTooLarge(loss, maxLoss);
    }
}
