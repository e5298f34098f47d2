// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Marks, Trigger, Value} from "../interfaces/IVault.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {PriceReading} from "../interfaces/IPriceOracle.sol";
import {Leg} from "../types/Series.sol";
import {Box, Greeks} from "../types/Surface.sol";
import {ExitQueue} from "./ExitQueue.sol";
import {HedgeGate} from "./HedgeGate.sol";
import {LockedGain, Ground, VaultState} from "./VaultState.sol";

/// @notice What the vault is worth: at one point for hedging, between two bounds for entry and exit.
/// @dev Linked where it is called from outside; runs on the vault's storage.
library Valuation {
    using FixedPointMathLib for uint256;
    using FixedPointMathLib for int256;

    uint256 private constant WAD = 1e18;
    /// @dev From 18 decimals to USDC's 6.
    int256 private constant USDC_SCALE = 1e12;
    /// @dev Half-widths of the box that bid and ask cover, 18 decimals. `PriceOracle` and `VolatilityOracle` are open only
    /// while what they can compare their answer with lies within the same.
    uint256 internal constant PRICE_BOX = 0.01e18;
    uint256 internal constant VOLATILITY_BOX = 0.05e18;
    /// @dev Of a USDC, beside the box. Venues are worth what ETH is in USDC, and that the pool tells within the box; options
    /// what it is in USD, which may be further off by what a USDC is off its feed. Chainlink writes that at 0.25 %.
    uint256 internal constant DOLLAR_BOX = 0.0025e18;

    /// @notice See `IVault.status`.
    function status(
        VaultState storage self,
        Ground memory ground
    ) external view returns (Marks memory m, int256 nav_, Trigger trigger) {
        m = marks(self, ground);
        nav_ = nav(self, m);
        if (m.fresh) trigger = HedgeGate.due(self, m, nav_);
    }

    /// @notice See `IVault.value`.
    function value(VaultState storage self, Ground memory ground) external view returns (Value memory v) {
        PriceReading memory reading = ground.priceOracle.read();
        Leg[] memory legs = self.legs;
        Greeks memory book;
        uint256 width;
        bool open = reading.open;
        if (legs.length != 0) {
            open = open && ground.volatilityOracle.isOpen() && !hasExpired(legs);
            int256 volSlope;
            (book, volSlope, width) = ground.riskEngine.bounds(
                legs,
                reading.ethUsd,
                block.timestamp,
                ground.volatilityOracle.surface(),
                Box(PRICE_BOX + DOLLAR_BOX, VOLATILITY_BOX)
            );
            width += volSlope.abs().mulWadUp(VOLATILITY_BOX);
        }
        (int256 delta, int256 equity, bool isFlat) = venueTotals(self, reading.price);
        v.mid = _nav(self, book.price, equity);
        // One price in everything: options in USD, venues in USDC, both moving by the same share, but for what a USDC does.
        int256 options = book.delta * int256(reading.ethUsd);
        int256 exposure = options + delta * int256(reading.price);
        width +=
            (exposure.abs() / WAD + 1).mulWadUp(PRICE_BOX) +
            options.abs().fullMulDivUp(DOLLAR_BOX, WAD * WAD);
        int256 half = legs.length == 0 && isFlat ? int256(0) : int256(width.divUp(uint256(USDC_SCALE)));
        v.ask = v.mid + half;
        v.bid = v.mid - half - int256(lockedGain(self));
        v.free = free(self, equity, hedgeReserve(self, legs));

        v.entryOpen = open && !self.isShutdown;
        // What holds nothing but cash needs nobody's price.
        v.exitOpen = open || (legs.length == 0 && isFlat);
        // Joining the line and pricing it must be no way round that: a price alone is enough only for who has waited.
        v.queueOpen = v.exitOpen || (legs.length == 0 && reading.fresh && _hasWaited(self));
    }

    function _hasWaited(VaultState storage self) private view returns (bool) {
        uint256 oldest = ExitQueue.oldestRequestAt(self.exits);
        return oldest != 0 && block.timestamp > oldest + ExitQueue.PATIENCE;
    }

    /// @notice See `IVault.hedgeReserve`.
    function reserve(VaultState storage self) external view returns (uint256) {
        return hedgeReserve(self, self.legs);
    }

    function marks(VaultState storage self, Ground memory ground) internal view returns (Marks memory m) {
        PriceReading memory reading = ground.priceOracle.read();
        m.price = reading.price;
        m.ethUsd = reading.ethUsd;
        m.updatedAt = reading.updatedAt;
        m.fresh = reading.fresh;
        m.agreed = reading.agreed;
        m.open = reading.open;
        Leg[] memory legs = self.legs;
        if (legs.length != 0) {
            m.book = ground.riskEngine.book(
                legs,
                reading.ethUsd,
                block.timestamp,
                ground.volatilityOracle.surface()
            );
        }
        (m.venueDelta, m.venueEquity, ) = venueTotals(self, reading.price);
    }

    /// @notice USDC, at the oracle's price and surface.
    function nav(VaultState storage self, Marks memory m) internal view returns (int256) {
        return _nav(self, m.book.price, m.venueEquity);
    }

    /// @notice ETH over all venues, 18 decimals, what they are worth at `price`, USDC, and whether none holds any.
    function venueTotals(
        VaultState storage self,
        uint256 price
    ) internal view returns (int256 delta, int256 equity, bool isFlat) {
        uint256 count = self.venues.length;
        isFlat = true;
        for (uint256 i; i < count; ++i) {
            IVenue venue = self.venues[i].venue;
            int256 own = venue.delta();
            if (own != 0) isFlat = false;
            delta += own;
            equity += venue.equity(price);
        }
    }

    /// @dev At any price p the hedge of one call is worth p·delta <= cap, and that of one put p·|delta| <= strike: of an
    /// uncapped call p·N(d1), of a put p·N(-d1) <= strike·N(-d2), and a capped one is the difference of two.
    /// What is bought must be paid for, what is shorted needs margin, and both may trade `maxSlippage` off the oracle.
    function hedgeReserve(VaultState storage self, Leg[] memory legs) internal view returns (uint256) {
        if (legs.length == 0) return 0;
        uint256 slippage = self.limits.maxSlippage;
        uint256 bought;
        uint256 shorted;
        for (uint256 i; i < legs.length; ++i) {
            int256 quantity = legs[i].quantity();
            bool isPut = legs[i].series().isPut();
            uint256 notional = quantity.abs() * (isPut ? legs[i].series().strike() : legs[i].series().cap());
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

    /// @notice Cash that the hedge reserve does not need, given what the venues are worth.
    function free(VaultState storage self, int256 equity, uint256 reserved) internal view returns (uint256) {
        int256 cash = int256(uint256(self.cash));
        int256 beyond = cash + equity - int256(reserved);
        return uint256(FixedPointMathLib.clamp(beyond, 0, cash));
    }

    /// @notice What of the gains of fills is still locked, USDC, rounded up.
    function lockedGain(VaultState storage self) internal view returns (uint256) {
        LockedGain memory gain = self.lockedGain;
        if (block.timestamp >= gain.until) return 0;
        return (uint256(gain.amount) * (gain.until - block.timestamp)).divUp(gain.until - gain.from);
    }

    /// @dev An expired series pays by its settlement price, which NAV does not know until the vault has settled it.
    /// Anyone can have it settled, so whoever traded shares in between could take the difference.
    function hasExpired(Leg[] memory legs) internal view returns (bool) {
        for (uint256 i; i < legs.length; ++i) if (legs[i].series().expiry() <= block.timestamp) return true;
        return false;
    }

    /// @dev The value of the options is rounded down: towards what the vault owes.
    function _nav(VaultState storage self, int256 options, int256 equity) private view returns (int256) {
        int256 rounded = options / USDC_SCALE;
        if (options % USDC_SCALE < 0) --rounded;
        return int256(uint256(self.cash)) + int256(uint256(self.bookCollateral)) + equity + rounded;
    }
}
