// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {HedgeLeg, IVault, Marks} from "../interfaces/IVault.sol";
import {VaultState} from "./VaultState.sol";

/// @notice What one hedge works with.
struct Hedge {
    Marks marks;
    int256 nav;
    // Net delta, kept up to date from leg to leg; that of each venue; how far each is from liquidation.
    int256 drift;
    int256[] deltas;
    uint256[] distances;
    // Where drift may come to lie, how far from the oracle a leg may trade, and whether it may add to a position.
    int256 low;
    int256 high;
    uint256 slippage;
    bool mayOpen;
    bool isRescue;
    // Once no option is left, what an outsider may close: only once, and exits wait for it. There is no turnover to bound,
    // and as a share of what the exits leave it would never end.
    bool isWindingUp;
    // USDC: what the legs have traded, and what they may by the budget of turnover.
    uint256 traded;
    uint256 tradable;
}

/// @notice The steps of a hedge: each cut to what it may do, then traded.
library HedgeLegs {
    using FixedPointMathLib for uint256;
    using FixedPointMathLib for int256;

    uint256 private constant WAD = 1e18;

    /// @notice Trades what may be traded of a leg, and books it.
    /// @dev The limit is the vault's own, around the oracle price; the caller's can only be tighter.
    function execute(
        VaultState storage self,
        IERC20 usdc,
        Hedge memory h,
        HedgeLeg calldata leg,
        uint64 nonce
    ) internal {
        int256 wanted = _clip(self, h, leg);
        if (wanted == 0 && leg.dDelta != 0) {
            emit IVault.LegExecuted(nonce, leg.venue, leg.dDelta, 0, 0);
            return;
        }
        uint256 limitPrice =
            wanted > 0
                ? h.marks.price.mulWad(WAD + h.slippage).min(leg.limitPrice)
                : h.marks.price.mulWadUp(WAD - h.slippage).max(leg.limitPrice);

        uint256 held = usdc.balanceOf(address(this));
        int256 filled;
        // A venue that cannot trade now must not keep the others from it.
        try self.venues[leg.venue].venue.adjust(wanted, limitPrice, self.cash) returns (int256 amount) {
            filled = amount;
        } catch (bytes memory reason) {
            emit IVault.LegFailed(nonce, leg.venue, reason);
        }
        int256 cashDelta = int256(usdc.balanceOf(address(this))) - int256(held);
        self.addCash(cashDelta);
        bool isWithin = wanted >= 0 ? filled >= 0 && filled <= wanted : filled <= 0 && filled >= wanted;
        if (!isWithin) revert IVault.Overfilled(wanted, filled);
        h.drift += filled;
        h.deltas[leg.venue] += filled;
        h.traded += filled.abs().fullMulDivUp(h.marks.price, 1e30);
        emit IVault.LegExecuted(nonce, leg.venue, leg.dDelta, filled, cashDelta);
    }

    /// @dev What of a leg may be done: no more than brings drift to where it may lie, since what it was sized for may have
    /// gone; nothing that opens against another venue, or past a venue's cap; no more than the budget of turnover has left.
    function _clip(
        VaultState storage self,
        Hedge memory h,
        HedgeLeg calldata leg
    ) private view returns (int256 wanted) {
        // Far beyond any position, and the sum fits.
        wanted = FixedPointMathLib.clamp(leg.dDelta, -1e40, 1e40);
        wanted = FixedPointMathLib.clamp(h.drift + wanted, h.low, h.high) - h.drift;
        if (wanted == 0) return 0;
        int256 own = h.deltas[leg.venue];
        bool closes = own != 0 && own > 0 != wanted > 0;
        if (!closes && (!h.mayOpen || _isOpposed(h, leg.venue, wanted > 0))) return 0;
        int256 cap = h.mayOpen ? int256(uint256(self.venues[leg.venue].cap)) : int256(0);
        wanted =
            FixedPointMathLib.clamp(
                own + wanted,
                FixedPointMathLib.min(own, -cap),
                FixedPointMathLib.max(own, cap)
            ) - own;
        int256 most = int256((h.tradable - h.traded).fullMulDiv(1e30, h.marks.price));
        wanted = FixedPointMathLib.clamp(wanted, -most, most);
    }

    /// @dev A leg opens only where no other venue holds the opposite: two sides would pay twice and hide size. No reason to
    /// revert: the opposite may be what a leg before left unfilled.
    function _isOpposed(Hedge memory h, uint256 venue, bool buys) private pure returns (bool) {
        for (uint256 i; i < h.deltas.length; ++i) {
            if (i != venue && h.deltas[i] != 0 && h.deltas[i] > 0 != buys) return true;
        }
        return false;
    }
}
