// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IVault, Queue, Value} from "../interfaces/IVault.sol";
import {Exits, Release, Request} from "./VaultState.sol";

/// @notice The line of exits that did not fit at once.
/// @dev Shares stand in one line, first come first served. A release prices a stretch of it in one step, however many
/// requests lie in it, so dust cannot hold it up; a request is a stretch too, and is paid by where its ends lie. With
/// A(x) the assets of the line up to x, rounded down, a claim from a to b pays A(b) - A(a): whatever the order, and in
/// however many parts, all claims together are paid A(processed), which is what was set aside.
/// Linked, so that the vault stays under the size limit; runs on the vault's storage.
library ExitQueue {
    using SafeERC20 for IERC20;
    using FixedPointMathLib for uint256;

    /// @notice While an exit has waited longer, the vault opens no option position, and once none is left prices the line
    /// without the market's agreement.
    uint256 internal constant PATIENCE = 3 days;
    /// @dev USDC. A release that ends nobody's wait is worth this at least, so that nobody can have the line priced unit by
    /// unit, each rounded down. One that does needs no more: who joins behind cannot keep in whoever is first.
    uint256 private constant MIN_RELEASE = 100e6;

    /// @notice See `IVault.requestRedeem`. The caller has moved the shares to the vault.
    function request(
        Exits storage self,
        uint256 shares,
        address receiver,
        address owner
    ) external returns (uint256 requestId) {
        if (shares == 0) revert IVault.ZeroShares();
        uint256 start = self.requested;
        if (start + shares > type(uint128).max) revert IVault.BalanceOutOfRange();
        requestId = self.requests.length;
        // The casts are safe by the check above.
        self.requests.push(
            Request(receiver, uint64(block.timestamp), uint128(start), uint128(start + shares))
        );
        self.requested = uint128(start + shares);
        emit IVault.RedeemRequested(requestId, receiver, owner, shares);
    }

    /// @notice Sets assets aside for as much of the line as `value.free` affords, at the bid. The caller burns the shares
    /// and takes the assets from its cash.
    /// @param supply Shares in all, with the offset that `Vault` counts virtually.
    function process(
        Exits storage self,
        Value memory value,
        uint256 supply
    ) external returns (uint256 shares, uint256 assets) {
        if (!value.queueOpen) revert IVault.NotOpen();
        // Whoever has just joined must not leave behind one who has waited at a price the market has left.
        shares = (value.exitOpen ? self.requested : _waitedUpTo(self)) - self.processed;
        uint256 bid = value.bid > 0 ? uint256(value.bid) + 1 : 1;
        assets = shares.fullMulDiv(bid, supply);
        if (assets > value.free) {
            shares = value.free.fullMulDiv(supply, bid);
            assets = shares.fullMulDiv(bid, supply);
        } else if (shares == 0 || value.bid <= 0) {
            revert IVault.NothingToProcess();
        }
        uint256 end = self.processed + shares;
        if (assets < MIN_RELEASE && end < self.requests[_oldest(self)].end) revert IVault.NothingToProcess();
        uint256 total =
            assets + (self.releases.length == 0 ? 0 : self.releases[self.releases.length - 1].assets);
        // Shares are part of a line that fits; all assets ever paid out are below 2^128 units of USDC.
        self.releases.push(Release(uint128(end), uint128(total)));
        self.processed = uint128(end);
        self.owed += assets;
        emit IVault.QueueProcessed(shares, assets);
    }

    /// @notice See `IVault.claim`.
    function claim(Exits storage self, IERC20 usdc, uint256 requestId) external returns (uint256 assets) {
        assets = claimable(self, requestId);
        if (assets == 0) revert IVault.NothingToClaim();
        Request storage r = self.requests[requestId];
        r.claimed = uint128(uint256(r.end).min(self.processed));
        self.owed -= assets;
        emit IVault.Claimed(requestId, r.receiver, assets);
        usdc.safeTransfer(r.receiver, assets);
    }

    /// @notice See `IVault.claimable`.
    function claimable(Exits storage self, uint256 requestId) public view returns (uint256) {
        if (requestId >= self.requests.length) return 0;
        Request memory r = self.requests[requestId];
        uint256 to = uint256(r.end).min(self.processed);
        return to > r.claimed ? _assetsUpTo(self, to) - _assetsUpTo(self, r.claimed) : 0;
    }

    /// @notice See `IVault.queue`.
    function state(Exits storage self) external view returns (Queue memory) {
        return Queue(self.requested - self.processed, self.owed, oldestRequestAt(self));
    }

    function oldestRequestAt(Exits storage self) internal view returns (uint256) {
        return self.requested == self.processed ? 0 : self.requests[_oldest(self)].requestedAt;
    }

    /// @dev The first request whose end is not yet priced; where somebody waits the last one's is not.
    function _oldest(Exits storage self) private view returns (uint256 low) {
        uint256 processed = self.processed;
        uint256 high = self.requests.length - 1;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (self.requests[middle].end > processed) high = middle;
            else low = middle + 1;
        }
    }

    /// @dev Where those end who have waited for `PATIENCE`. The oldest that waits has, or the line were closed.
    function _waitedUpTo(Exits storage self) private view returns (uint256) {
        (uint256 low, uint256 high) = (0, self.requests.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (block.timestamp > self.requests[middle].requestedAt + PATIENCE) low = middle + 1;
            else high = middle;
        }
        return self.requests[low - 1].end;
    }

    /// @dev A(x) for x <= processed, rounded down.
    function _assetsUpTo(Exits storage self, uint256 x) private view returns (uint256) {
        if (x == 0) return 0;
        (uint256 low, uint256 high) = (0, self.releases.length - 1);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (self.releases[middle].end >= x) high = middle;
            else low = middle + 1;
        }
        Release memory at = self.releases[low];
        Release memory before;
        if (low != 0) before = self.releases[low - 1];
        return before.assets + (x - before.end).fullMulDiv(at.assets - before.assets, at.end - before.end);
    }
}
