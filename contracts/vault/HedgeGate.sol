// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {HedgeLeg, IVault, Marks, Trigger, Use} from "../interfaces/IVault.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {BookLimits} from "./BookLimits.sol";
import {Hedge, HedgeLegs} from "./HedgeLegs.sol";
import {Valuation} from "./Valuation.sol";
import {Ground, VaultState} from "./VaultState.sol";

/// @notice The gate every hedge passes, the keeper's and anybody's: what it must prove before and after its legs run.
/// @dev The price is read once: nothing a leg calls can move Chainlink's answer. Linked, so that the vault stays under the
/// size limit; runs on the vault's storage.
library HedgeGate {
    using FixedPointMathLib for uint256;
    using FixedPointMathLib for int256;
    using SafeERC20 for IERC20;

    uint256 private constant WAD = 1e18;
    uint256 public constant MAX_HEDGE_LEGS = 8;

    /// @notice What a recorded breach must outlast before anybody may mend it, and how long they then may.
    uint256 public constant RIPCORD_WAIT = 15 minutes;
    uint256 public constant RIPCORD_WINDOW = 1 hours;
    /// @notice In which the reward grows from nothing to all of it.
    uint256 public constant REWARD_RAMP = 30 minutes;
    /// @notice What a minute of a recorded breach adds to the slippage allowed, 18 decimals.
    uint256 public constant SLIPPAGE_STEP = 0.005e18;

    /* THE KEEPER'S */

    /// @notice See `IVault.rebalance`.
    function rebalance(
        VaultState storage self,
        Ground memory ground,
        HedgeLeg[] calldata hedgeLegs,
        uint64 nonce,
        uint256 deadline,
        uint256 maxLoss
    ) external {
        if (nonce != self.rebalanceNonce) revert IVault.WrongRebalanceNonce(self.rebalanceNonce);
        if (block.timestamp > deadline) revert IVault.DeadlinePassed(deadline);
        Hedge memory h = _read(self, ground);
        Trigger trigger = _due(self, h.marks, h.nav, h.distances);
        if (trigger == Trigger.None) revert IVault.NothingDue();
        // No cooldown: the budgets bound what calls in a row can cost, and a crash may need them.
        _widen(self, h, block.timestamp - self.breachedAt);
        _narrow(self, h, hedgeLegs);
        h.mayOpen = true;

        self.rebalanceNonce = nonce + 1;
        self.lastRebalanceAt = uint64(block.timestamp);
        (int256 driftBefore, int256 navBefore) = (h.drift, h.nav);
        // The policy may aim beside zero: crossing it is allowed, as far as the floor under the trigger.
        uint256 beyond =
            trigger == Trigger.Margin
                ? driftBefore.abs().max(self.limits.minDrift)
                : driftBefore.abs().min(self.limits.minDrift);
        _execute(self, ground.usdc, h, hedgeLegs, nonce, int256(beyond), trigger);

        _requireLess(driftBefore, h.drift, trigger, self.limits.minDrift);
        uint256 loss = _loss(navBefore, h.nav);
        if (loss > maxLoss) revert IVault.LossTooLarge(int256(loss), maxLoss);
        _charge(self, h, navBefore, loss);
        emit IVault.Rebalanced(nonce, driftBefore, h.drift, navBefore, h.nav, h.marks.price);
    }

    /// @notice Why a rebalance is due, given the marks and the NAV they make.
    function due(VaultState storage self, Marks memory marks, int256 nav) internal view returns (Trigger) {
        return _due(self, marks, nav, _distances(self));
    }

    /* ANYBODY'S */

    /// @notice See `IVault.recordBreach`.
    function recordBreach(VaultState storage self, Ground memory ground) external {
        Hedge memory h = _read(self, ground);
        if (!_isBreached(self, h)) revert IVault.NoBreach();
        if (_isOnRecord(self)) revert IVault.AlreadyRecorded(self.breachedAt);
        (self.breachedAt, self.rewarded) = (uint64(block.timestamp), 0);
        emit IVault.BreachRecorded(h.drift);
    }

    /// @notice See `IVault.clearBreach`.
    function clearBreach(VaultState storage self, Ground memory ground) external {
        _forgetMended(self, _read(self, ground));
    }

    /// @notice Takes a breach off the record that ended unseen, before a change of the book can make another in its place.
    function forgetEnded(VaultState storage self, Marks memory marks) internal {
        if (self.breachedAt == 0) return;
        Hedge memory h;
        h.drift = marks.book.delta + marks.venueDelta;
        h.distances = _distances(self);
        // Nor may what is left of an empty book's hedge lend its wait to the first option's.
        if (_isBreachedAsEver(self, h)) return;
        self.breachedAt = 0;
        emit IVault.BreachEnded();
    }

    /// @notice See `IVault.ripcord`.
    function ripcord(
        VaultState storage self,
        Ground memory ground,
        HedgeLeg[] calldata hedgeLegs
    ) external returns (uint256 reward) {
        Hedge memory h = _read(self, ground);
        if (!_isBreached(self, h)) revert IVault.NoBreach();
        bool marginAtStake = _isMarginLow(self, h.distances);
        uint256 waited = _isOnRecord(self) ? block.timestamp - self.breachedAt : 0;
        if (!marginAtStake && waited < RIPCORD_WAIT) {
            revert IVault.BreachNotDue(_isOnRecord(self) ? self.breachedAt + RIPCORD_WAIT : 0);
        }
        uint256 overdue = marginAtStake ? waited : waited - RIPCORD_WAIT;
        _widen(self, h, overdue);
        h.isRescue = true;
        // A margin is mended by repaying; what could be opened beside it is none of an outsider's business.
        h.mayOpen = !marginAtStake;
        h.isWindingUp = self.legs.length == 0;

        (int256 driftBefore, int256 navBefore) = (h.drift, h.nav);
        Trigger trigger = marginAtStake ? Trigger.Margin : Trigger.Delta;
        uint256 beyond = marginAtStake ? driftBefore.abs().max(self.limits.ripcordDrift) : 0;
        _execute(self, ground.usdc, h, hedgeLegs, self.rebalanceNonce, int256(beyond), trigger);

        _requireLess(driftBefore, h.drift, trigger, self.limits.ripcordDrift);
        _charge(self, h, navBefore, _loss(navBefore, h.nav));
        uint256 progress =
            marginAtStake
                ? (_isMarginLow(self, h.distances) ? 0 : WAD)
                : (driftBefore.abs() - h.drift.abs()).divWad(driftBefore.abs().max(self.limits.ripcordDrift));
        reward = _reward(self, overdue, progress, navBefore);
        emit IVault.RipcordPulled(msg.sender, driftBefore, h.drift, reward);
        if (reward != 0) {
            self.rewarded += uint32(reward); // below the ceiling of `ripcordReward`, all of a record together
            self.charge(Use.RescueLoss, reward, uint256(navBefore));
            self.addCash(-int256(reward));
            ground.usdc.safeTransfer(msg.sender, reward);
        }
    }

    /// @notice Brings home what venues without a position still hold: what a lender had not to give back when the position
    /// was closed. No hedge would ever be due for it. With no cash to spend, a venue can only give.
    function collect(VaultState storage self, Ground memory ground) external {
        uint256 count = self.venues.length;
        for (uint256 i; i < count; ++i) {
            IVenue venue = self.venues[i].venue;
            // At a price of nothing what is left is margin.
            if (venue.delta() != 0 || venue.equity(0) <= 0) continue;
            uint256 held = ground.usdc.balanceOf(address(this));
            // A lender that gives nothing now must not keep anybody from what there is.
            // solhint-disable-next-line no-empty-blocks
            try venue.adjust(0, 0, 0) returns (int256) {} catch {}
            self.addCash(int256(ground.usdc.balanceOf(address(this)) - held));
        }
    }

    /* BEFORE */

    function _read(VaultState storage self, Ground memory ground) private view returns (Hedge memory h) {
        h.marks = Valuation.marks(self, ground);
        if (!h.marks.fresh) revert IVault.OracleUnfit();
        h.nav = Valuation.nav(self, h.marks);
        h.drift = h.marks.book.delta + h.marks.venueDelta;
        h.distances = _distances(self);
    }

    function _due(
        VaultState storage self,
        Marks memory marks,
        int256 nav,
        uint256[] memory distances
    ) private view returns (Trigger) {
        for (uint256 i; i < distances.length; ++i) {
            if (_isBelow(self, i, distances[i], 1)) return Trigger.Margin;
        }
        int256 drift = marks.book.delta + marks.venueDelta;
        uint256 floor = self.limits.minDrift;
        if (BookLimits.isExceeded(self.limits, marks.book, marks.ethUsd, nav)) floor /= 2;
        if (drift.abs() >= floor) return Trigger.Delta;
        if (drift != 0 && block.timestamp >= uint256(self.lastRebalanceAt) + self.limits.maxAge) {
            return Trigger.Age;
        }
        return Trigger.None;
    }

    /// @dev Widens what legs may pay by a step a minute of a breach on record, `waited` seconds old, that still stands.
    /// Past the usual limit, or while the pool's last minute disagrees with the oracle, it is a rescue: charged apart.
    function _widen(VaultState storage self, Hedge memory h, uint256 waited) private view {
        h.slippage = self.limits.maxSlippage;
        if (_isOnRecord(self) && _isBreached(self, h)) {
            h.slippage = (h.slippage + (waited / 1 minutes) * SLIPPAGE_STEP).min(self.limits.rescueSlippage);
        }
        h.isRescue = !h.marks.agreed || h.slippage > self.limits.maxSlippage;
    }

    /// @dev A keeper that asks for no more than the usual pays from its own budgets, however wide the record would let it
    /// trade: those of rescues may be used up.
    function _narrow(VaultState storage self, Hedge memory h, HedgeLeg[] calldata hedgeLegs) private view {
        if (!h.marks.agreed) return;
        uint256 usual = self.limits.maxSlippage;
        (uint256 low, uint256 high) = (
            h.marks.price.mulWadUp(WAD - usual),
            h.marks.price.mulWad(WAD + usual)
        );
        for (uint256 i; i < hedgeLegs.length; ++i) {
            (int256 dDelta, uint256 limit) = (hedgeLegs[i].dDelta, hedgeLegs[i].limitPrice);
            if (dDelta > 0 ? limit > high : dDelta < 0 && limit < low) return;
        }
        (h.slippage, h.isRescue) = (usual, false);
    }

    function _isOnRecord(VaultState storage self) private view returns (bool) {
        return block.timestamp < uint256(self.breachedAt) + RIPCORD_WAIT + RIPCORD_WINDOW;
    }

    /// @dev Once no option is left, any position that is: nobody else may be there to end it, and exits wait for it.
    function _isBreached(VaultState storage self, Hedge memory h) private view returns (bool) {
        return (h.drift != 0 && self.legs.length == 0) || _isBreachedAsEver(self, h);
    }

    /// @dev What is a breach with options and without.
    function _isBreachedAsEver(VaultState storage self, Hedge memory h) private view returns (bool) {
        return h.drift.abs() >= self.limits.ripcordDrift || _isMarginLow(self, h.distances);
    }

    /// @dev Below half of where the venue wants margin.
    function _isMarginLow(VaultState storage self, uint256[] memory distances) private view returns (bool) {
        for (uint256 i; i < distances.length; ++i) {
            if (_isBelow(self, i, distances[i], 2)) return true;
        }
        return false;
    }

    /// @dev Whether `distance` is within the margin trigger of venue `i` over `divisor`.
    function _isBelow(
        VaultState storage self,
        uint256 i,
        uint256 distance,
        uint256 divisor
    ) private view returns (bool) {
        // Spares the question where nothing can be liquidated.
        return distance != type(uint256).max && distance < self.venues[i].venue.marginTrigger() / divisor;
    }

    function _distances(VaultState storage self) private view returns (uint256[] memory distances) {
        distances = new uint256[](self.venues.length);
        for (uint256 i; i < distances.length; ++i) {
            distances[i] = self.venues[i].venue.liquidationDistance();
        }
    }

    /* LEGS */

    /// @dev Runs the legs, then reads again what they have changed.
    function _execute(
        VaultState storage self,
        IERC20 usdc,
        Hedge memory h,
        HedgeLeg[] calldata hedgeLegs,
        uint64 nonce,
        int256 beyond,
        Trigger trigger
    ) private {
        if (hedgeLegs.length > MAX_HEDGE_LEGS) revert IVault.TooManyLegs();
        // Without a positive NAV there are no shares of it to count; what costs nothing may be traded.
        h.tradable =
            h.nav > 0 && !h.isWindingUp
                ? self.budgets[_turnover(h)].left().mulWad(uint256(h.nav))
                : type(uint128).max;
        uint256 count = self.venues.length;
        h.deltas = new int256[](count);
        for (uint256 i; i < count; ++i) h.deltas[i] = self.venues[i].venue.delta();
        for (uint256 i; i < hedgeLegs.length; ++i) {
            // Each leg brings drift nearer to zero, or across it by what is allowed; only a margin may ask for the reverse.
            (h.low, h.high) =
                trigger == Trigger.Margin
                    ? (-beyond, beyond)
                    : (h.drift > 0 ? (-beyond, h.drift) : (h.drift, beyond));
            HedgeLegs.execute(self, usdc, h, hedgeLegs[i], nonce);
        }

        (h.marks.venueDelta, h.marks.venueEquity, ) = Valuation.venueTotals(self, h.marks.price);
        h.drift = h.marks.book.delta + h.marks.venueDelta;
        h.nav = Valuation.nav(self, h.marks);
        uint256[] memory before = h.distances;
        h.distances = _distances(self);
        _requireMarginsHeld(self, before, h.distances, trigger);
        _forgetMended(self, h);
    }

    /* AFTER */

    /// @dev Nothing may raise drift or carry it past its own size on the other side; only mending a margin may leave it, or
    /// raise it within `band`.
    function _requireLess(int256 before, int256 drift, Trigger trigger, uint256 band) private pure {
        bool held =
            trigger == Trigger.Margin ? drift.abs() <= before.abs().max(band) : drift.abs() < before.abs();
        if (!held) revert IVault.DriftNotReduced(before, drift);
    }

    /// @dev A margin may fall only as long as it stays above its trigger; when margin is what made the rebalance due,
    /// one that was below must have improved.
    function _requireMarginsHeld(
        VaultState storage self,
        uint256[] memory before,
        uint256[] memory distances,
        Trigger trigger
    ) private view {
        for (uint256 i; i < before.length; ++i) {
            if (!_isBelow(self, i, distances[i], 1)) continue;
            if (distances[i] < before[i] || (trigger == Trigger.Margin && distances[i] == before[i])) {
                revert IVault.MarginWorsened(uint8(i));
            }
        }
    }

    function _forgetMended(VaultState storage self, Hedge memory h) private {
        if (self.breachedAt == 0 || _isBreached(self, h)) return;
        self.breachedAt = 0;
        emit IVault.BreachEnded();
    }

    /// @dev At one price before and after, so that what the market does is no part of it.
    function _loss(int256 navBefore, int256 navAfter) private pure returns (uint256) {
        return navBefore > navAfter ? uint256(navBefore - navAfter) : 0;
    }

    function _charge(VaultState storage self, Hedge memory h, int256 navBefore, uint256 loss) private {
        if (navBefore <= 0) {
            // No share of nothing: what costs nothing may still be done.
            if (loss != 0) revert IVault.LossTooLarge(int256(loss), 0);
            return;
        }
        self.charge(h.isRescue ? Use.RescueLoss : Use.Loss, loss, uint256(navBefore));
        if (!h.isWindingUp) self.charge(_turnover(h), h.traded, uint256(navBefore));
    }

    function _turnover(Hedge memory h) private pure returns (Use) {
        return h.isRescue ? Use.RescueTurnover : Use.Turnover;
    }

    /// @dev Grows with the time it was overdue, and pays for what was mended: for one record never more in parts than at once,
    /// and for dust no more than dust. No hedge fails for its reward: that is at most what cash and budget have left.
    function _reward(
        VaultState storage self,
        uint256 overdue,
        uint256 progress,
        int256 nav
    ) private view returns (uint256 reward) {
        if (nav <= 0) return 0;
        uint256 most = self.limits.ripcordReward;
        reward = (most * overdue.min(REWARD_RAMP) * progress) / (REWARD_RAMP * WAD);
        reward = reward.min(most.zeroFloorSub(self.rewarded)).min(self.cash);
        return reward.min(self.budgets[Use.RescueLoss].left().fullMulDiv(uint256(nav), WAD));
    }
}
