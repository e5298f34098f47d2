// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Quote} from "../interfaces/IOptionBook.sol";
import {IVault, Marks, Use} from "../interfaces/IVault.sol";
import {Leg, LegLib, SeriesId} from "../types/Series.sol";
import {Box, Greeks} from "../types/Surface.sol";
import {BookLimits} from "./BookLimits.sol";
import {ExitQueue} from "./ExitQueue.sol";
import {HedgeGate} from "./HedgeGate.sol";
import {Valuation} from "./Valuation.sol";
import {Ground, LockedGain, VaultState} from "./VaultState.sol";

/// @notice The vault's option positions: one signed quantity a series, changed by fills and settlement only.
/// @dev Linked, so that the vault stays under the size limit; runs on the vault's storage.
library OptionLedger {
    using FixedPointMathLib for uint256;
    using FixedPointMathLib for int256;

    uint256 private constant WAD = 1e18;
    uint256 public constant MAX_SERIES = 32;
    /// @notice No exit can wait longer than this for a series to expire.
    uint256 public constant MAX_TENOR = 35 days;
    /// @notice No position may be left smaller, ETH, 18 decimals: takers fill in parts, and dust could occupy every series.
    uint256 public constant MIN_POSITION = 0.1e18;
    /// @notice What a fill made beyond the mark unlocks over this, so that nobody profits by entering before it.
    uint256 public constant UNLOCK_PERIOD = 1 days;

    /// @dev What one option of a fill is, USD, 18 decimals, how far it may stray from its tangent in the box, and what the
    /// fill does to the book.
    struct Fill {
        Greeks option;
        int256 volSlope;
        uint256 stray;
        uint256 mark;
        int256 change;
        int256 nav;
        int256 spareBefore;
    }

    /// @notice See `IQuoteMaker.onQuoteFilled`: the last word on a fill, after options and money have moved.
    /// @param supply Shares in all, with the offset that `Vault` counts virtually.
    /// @return opens Whether the vault's position has grown, or turned.
    function recordFill(
        VaultState storage self,
        Ground memory ground,
        Quote calldata quote,
        uint256 quantity,
        uint256 paid,
        int256 cashDelta,
        uint256 supply
    ) external returns (bool opens) {
        Marks memory marks = Valuation.marks(self, ground);
        if (!marks.open || !ground.volatilityOracle.isOpen()) revert IVault.NotOpen();
        HedgeGate.forgetEnded(self, marks);
        // The option book trades no expired series.
        uint256 tenor = quote.seriesId.expiry() - block.timestamp;
        if (tenor > MAX_TENOR) revert IVault.TenorTooLong(tenor);

        Fill memory f = _valueOne(ground, quote.seriesId, marks.ethUsd);
        f.change = quote.makerSells ? -int256(quantity) : int256(quantity);
        f.nav = Valuation.nav(self, marks);
        _requireWithinEdge(quote.makerSells, quote.premium * 1e12, f.mark, self.limits.quoteEdge);
        uint256 waiting = _waiting(self, f.nav, supply);
        f.spareBefore = _spare(self, marks.venueEquity) - int256(waiting);

        opens = _addToLeg(self, quote.seriesId, f.change);
        self.addCash(cashDelta);
        // What the premium does not explain went to, or came from, the collateral of the shorts.
        int256 premiumFlow = quote.makerSells ? int256(paid) : -int256(paid);
        self.addCollateral(premiumFlow - cashDelta);

        if (opens) _requireMayOpen(self);
        _requireBookWithin(self, f, marks);
        _chargeQuoter(self, f, premiumFlow, marks.ethUsd);
        // A fill that mends a breached reserve is welcome.
        int256 spare = _spare(self, marks.venueEquity) - int256(waiting);
        if (spare < 0 && spare <= f.spareBefore) revert IVault.HedgeReserveBreached(spare);
        emit IVault.OptionTraded(quote.seriesId, f.change, paid, f.mark);
    }

    /// @notice See `IVault.settle`.
    function settle(
        VaultState storage self,
        Ground memory ground,
        SeriesId id
    ) external returns (uint256 received) {
        uint256 index = _indexOf(self, id);
        if (index == self.legs.length) revert IVault.UnknownSeries(id);
        int256 quantity = self.legs[index].quantity();
        if (self.breachedAt != 0) {
            Marks memory marks = Valuation.marks(self, ground);
            if (marks.fresh) HedgeGate.forgetEnded(self, marks);
        }
        _removeLeg(self, index);
        if (quantity < 0) {
            self.addCollateral(-int256(ground.optionBook.collateralOf(address(this), id)));
            received = ground.optionBook.release(id);
        } else {
            received = ground.optionBook.claim(id, address(this));
        }
        self.addCash(int256(received));
        emit IVault.SeriesSettled(id, quantity, received);
    }

    function _valueOne(
        Ground memory ground,
        SeriesId id,
        uint256 ethUsd
    ) private view returns (Fill memory f) {
        Leg[] memory one = new Leg[](1);
        one[0] = LegLib.pack(id, 1e18);
        (f.option, f.volSlope, f.stray) = ground.riskEngine.bounds(
            one,
            ethUsd,
            block.timestamp,
            ground.volatilityOracle.surface(),
            Box(Valuation.PRICE_BOX, Valuation.VOLATILITY_BOX)
        );
        f.mark = f.option.price > 0 ? uint256(f.option.price) : 0;
    }

    function _requireWithinEdge(bool sells, uint256 premium, uint256 mark, uint256 edge) private pure {
        bool isWithin = sells ? premium >= mark.mulWadUp(WAD - edge) : premium <= mark.mulWad(WAD + edge);
        if (!isWithin) revert IVault.QuoteOutsideEdge(premium, mark);
    }

    function _requireMayOpen(VaultState storage self) private view {
        if (self.isShutdown) revert IVault.IsShutDown();
        uint256 oldest = ExitQueue.oldestRequestAt(self.exits);
        if (oldest != 0 && block.timestamp > oldest + ExitQueue.PATIENCE) revert IVault.ExitsFirst();
    }

    /// @dev A limit already passed stops only what takes the book further past it.
    function _requireBookWithin(VaultState storage self, Fill memory f, Marks memory marks) private view {
        (int256 gamma, int256 vega) = (marks.book.gamma, marks.book.vega);
        int256 gammaAfter = gamma + (f.option.gamma * f.change) / 1e18;
        int256 vegaAfter = vega + (f.option.vega * f.change) / 1e18;
        uint256 share = BookLimits.gammaShare(gammaAfter, marks.ethUsd, f.nav);
        if (share > self.limits.maxGamma && gammaAfter.abs() > gamma.abs()) {
            revert IVault.GammaTooLarge(share, self.limits.maxGamma);
        }
        share = BookLimits.vegaShare(vegaAfter, f.nav);
        if (share > self.limits.maxVega && vegaAfter.abs() > vega.abs()) {
            revert IVault.VegaTooLarge(share, self.limits.maxVega);
        }
    }

    /// @dev Without a positive NAV there is no share of it to use: nothing is traded.
    function _chargeQuoter(
        VaultState storage self,
        Fill memory f,
        int256 premiumFlow,
        uint256 ethUsd
    ) private {
        if (f.nav <= 0) revert IVault.NotOpen();
        uint256 nav = uint256(f.nav);
        // USD, 36 decimals, to USDC's 6; rounded to the vault's disadvantage.
        int256 worth = f.option.price * f.change;
        int256 gain = premiumFlow + (worth < 0 ? -int256(uint256(-worth).divUp(1e30)) : worth / 1e30);
        if (gain > 0) {
            _lock(self, uint256(gain));
        } else {
            _unlock(self, uint256(-gain));
            self.charge(Use.QuoteLoss, uint256(-gain), nav);
        }
        uint256 size = f.change.abs();
        // An option about to end has no delta a per cent from its strike, and much there: what it may stray is charged as the
        // delta that would cost as much.
        uint256 exposure = f.option.delta.abs().mulWadUp(ethUsd) + f.stray.divWadUp(Valuation.PRICE_BOX);
        self.charge(Use.QuoteDelta, exposure.fullMulDivUp(size, 1e30), nav);
        self.charge(Use.QuoteVega, (f.volSlope.abs() * size).divUp(1e30), nav);
    }

    /// @dev What is locked already keeps its pace: together they unlock by the mean of their ends.
    function _lock(VaultState storage self, uint256 gain) private {
        uint256 locked = Valuation.lockedGain(self);
        uint256 rest = locked == 0 ? 0 : self.lockedGain.until - block.timestamp;
        uint256 period = (locked * rest + gain * UNLOCK_PERIOD).divUp(locked + gain);
        // Gains are premiums, below what USDC there is.
        self.lockedGain = LockedGain(
            uint128(locked + gain),
            uint64(block.timestamp),
            uint64(block.timestamp + period)
        );
    }

    /// @dev A loss is borne by what is locked first.
    function _unlock(VaultState storage self, uint256 loss) private {
        uint256 locked = Valuation.lockedGain(self);
        if (loss == 0 || locked == 0) return;
        self.lockedGain.amount = uint128(locked.zeroFloorSub(loss));
        self.lockedGain.from = uint64(block.timestamp);
    }

    /// @dev USDC outside the option book beyond the hedge reserve.
    function _spare(VaultState storage self, int256 venueEquity) private view returns (int256) {
        return int256(uint256(self.cash)) + venueEquity - int256(Valuation.hedgeReserve(self, self.legs));
    }

    /// @dev USDC that the exits which wait are worth, rounded up.
    function _waiting(VaultState storage self, int256 nav, uint256 supply) private view returns (uint256) {
        uint256 shares = self.exits.requested - self.exits.processed;
        return shares == 0 || nav <= 0 ? 0 : shares.fullMulDivUp(uint256(nav), supply);
    }

    function _addToLeg(VaultState storage self, SeriesId id, int256 change) private returns (bool opens) {
        uint256 index = _indexOf(self, id);
        bool isNew = index == self.legs.length;
        int256 before = isNew ? int256(0) : self.legs[index].quantity();
        int256 quantity = before + change;
        opens = quantity != 0 && (quantity > 0 != before > 0 || quantity.abs() > before.abs());
        if (int256(int80(quantity)) != quantity) revert IVault.QuantityTooLarge();
        if (quantity == 0) {
            _removeLeg(self, index);
            return false;
        }
        if (quantity.abs() < MIN_POSITION) revert IVault.PositionTooSmall(quantity.abs());
        if (isNew) {
            if (index == MAX_SERIES) revert IVault.TooManySeries();
            self.legs.push(LegLib.pack(id, quantity));
        } else {
            self.legs[index] = LegLib.pack(id, quantity);
        }
    }

    /// @dev At most `MAX_SERIES` reads; the length when absent.
    function _indexOf(VaultState storage self, SeriesId id) private view returns (uint256 index) {
        uint256 count = self.legs.length;
        while (index < count && SeriesId.unwrap(self.legs[index].series()) != SeriesId.unwrap(id)) ++index;
    }

    function _removeLeg(VaultState storage self, uint256 index) private {
        self.legs[index] = self.legs[self.legs.length - 1];
        self.legs.pop();
    }
}
