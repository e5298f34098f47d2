// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IOptionBook, Quote} from "../interfaces/IOptionBook.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Leg, LegLib, SeriesId} from "../types/Series.sol";
import {Valuation, VaultState} from "./VaultState.sol";

/// @notice The vault's option positions: one signed quantity a series, changed by fills and settlement only.
/// @dev Linked, so that the vault stays under the size limit; runs on the vault's storage.
library OptionLedger {
    using FixedPointMathLib for uint256;

    uint256 private constant WAD = 1e18;
    uint256 public constant MAX_SERIES = 32;

    /// @notice Books a fill of `quote`, whose option is worth `mark` (USD, 18 decimals), after it has moved.
    /// @param paid USDC premium that changed hands.
    /// @param cashDelta USDC the fill moved in or out of the vault.
    function recordFill(
        VaultState storage self,
        Quote calldata quote,
        uint256 quantity,
        uint256 paid,
        int256 cashDelta,
        uint256 mark
    ) external {
        uint256 premium = quote.premium * 1e12;
        uint256 edge = self.limits.quoteEdge;
        bool within =
            quote.makerSells ? premium >= mark.mulWadUp(WAD - edge) : premium <= mark.mulWad(WAD + edge);
        if (!within) revert IVault.QuoteOutsideEdge(premium, mark);

        int256 change = quote.makerSells ? -int256(quantity) : int256(quantity);
        _addToLeg(self, quote.seriesId, change);
        self.cash = Valuation.add(self.cash, cashDelta);
        // What the premium does not explain went to, or came from, the collateral of the shorts.
        int256 premiumFlow = quote.makerSells ? int256(paid) : -int256(paid);
        self.bookCollateral = Valuation.add(self.bookCollateral, premiumFlow - cashDelta);
        emit IVault.OptionTraded(quote.seriesId, change, paid, mark);
    }

    /// @notice See `IVault.settle`.
    function settle(
        VaultState storage self,
        IOptionBook optionBook,
        SeriesId id
    ) external returns (uint256 received) {
        uint256 index = _indexOf(self, id);
        if (index == self.legs.length) revert IVault.UnknownSeries(id);
        int256 quantity = self.legs[index].quantity();
        _removeLeg(self, index);
        if (quantity < 0) {
            self.bookCollateral -= optionBook.collateralOf(address(this), id);
            received = optionBook.release(id);
        } else {
            received = optionBook.claim(id, address(this));
        }
        self.cash += received;
        emit IVault.SeriesSettled(id, quantity, received);
    }

    /// @notice See `IVault.hedgeReserve`.
    /// @dev At any price p the hedge of one call is worth p·delta <= cap, and that of one put p·|delta| <= strike: of an
    /// uncapped call p·N(d1), of a put p·N(-d1) <= strike·N(-d2), and a capped one is the difference of two.
    /// What is bought must be paid for, what is shorted needs margin, and both may trade `maxSlippage` off the oracle.
    function hedgeReserve(VaultState storage self) external view returns (uint256) {
        uint256 slippage = self.limits.maxSlippage;
        uint256 count = self.legs.length;
        uint256 bought;
        uint256 shorted;
        for (uint256 i; i < count; ++i) {
            Leg leg = self.legs[i];
            int256 quantity = leg.quantity();
            SeriesId id = leg.series();
            bool isPut = id.isPut();
            uint256 notional = FixedPointMathLib.abs(quantity) * (isPut ? id.strike() : id.cap());
            // A written call and a put held are hedged by ETH, a written put and a call held by a short.
            if (quantity < 0 != isPut) bought += notional;
            else shorted += notional;
        }
        // Notional has 26 decimals, a ratio 18; the result 6. Never both at once: hedges net.
        return
            bought.fullMulDivUp(WAD + slippage, 1e38).max(
                shorted.fullMulDivUp(self.limits.shortMarginRatio + slippage, 1e38)
            );
    }

    /// @notice Whether a series that has expired is still in the book.
    function hasExpired(VaultState storage self) external view returns (bool) {
        uint256 count = self.legs.length;
        for (uint256 i; i < count; ++i) {
            if (self.legs[i].series().expiry() <= block.timestamp) return true;
        }
        return false;
    }

    function _addToLeg(VaultState storage self, SeriesId id, int256 change) private {
        uint256 index = _indexOf(self, id);
        bool isNew = index == self.legs.length;
        int256 quantity = (isNew ? int256(0) : self.legs[index].quantity()) + change;
        if (int256(int80(quantity)) != quantity) revert IVault.QuantityTooLarge();
        if (quantity == 0) {
            _removeLeg(self, index);
        } else if (isNew) {
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
