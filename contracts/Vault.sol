// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IOptionBook, IQuoteMaker, Quote} from "./interfaces/IOptionBook.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {HedgeLeg, IVault, Limits, Marks, Trigger, Use, Value} from "./interfaces/IVault.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {IVolatilityOracle} from "./interfaces/IVolatilityOracle.sol";
import {Roles} from "./Roles.sol";
import {Leg, SeriesId} from "./types/Series.sol";
import {Budget} from "./vault/Budget.sol";
import {Governance} from "./vault/Governance.sol";
import {HedgeGate} from "./vault/HedgeGate.sol";
import {OptionLedger} from "./vault/OptionLedger.sol";
import {TwoSidedShares} from "./vault/TwoSidedShares.sol";
import {Valuation} from "./vault/Valuation.sol";
import {Ground} from "./vault/VaultState.sol";

/// @title Vault
/// @notice See `IVault`.
/// @dev The face of the vault: who may call. What a call does lies in the libraries of `vault/`, linked to stay under the
/// size limit and run on `_self`; entry and exit in `TwoSidedShares`.
contract Vault is TwoSidedShares, IQuoteMaker, IERC1271, ERC1155Holder, AccessManaged, Pausable {
    using SafeERC20 for IERC20;

    /// @inheritdoc IVault
    IOptionBook public immutable optionBook;
    /// @inheritdoc IVault
    IPriceOracle public immutable priceOracle;
    /// @inheritdoc IVault
    IVolatilityOracle public immutable volatilityOracle;
    /// @inheritdoc IVault
    IRiskEngine public immutable riskEngine;

    /// @param budgets_ In the order of `Use`; what time has refilled counts for nothing.
    constructor(
        IERC20 usdc,
        address authority,
        IOptionBook optionBook_,
        IPriceOracle priceOracle_,
        IVolatilityOracle volatilityOracle_,
        IRiskEngine riskEngine_,
        Limits memory limits_,
        Budget[] memory budgets_
    ) TwoSidedShares(usdc) AccessManaged(authority) {
        optionBook = optionBook_;
        priceOracle = priceOracle_;
        volatilityOracle = volatilityOracle_;
        riskEngine = riskEngine_;
        Governance.open(_self, limits_, budgets_);
        usdc.forceApprove(address(optionBook_), type(uint256).max);
        optionBook_.setFillHook(true);
    }

    /* HEDGING */

    /// @inheritdoc IVault
    function rebalance(
        HedgeLeg[] calldata hedgeLegs,
        uint64 nonce,
        uint256 deadline,
        uint256 maxLoss
    ) external restricted nonReentrant {
        HedgeGate.rebalance(_self, _ground(), hedgeLegs, nonce, deadline, maxLoss);
    }

    /// @inheritdoc IVault
    function recordBreach() external nonReentrant {
        HedgeGate.recordBreach(_self, _ground());
    }

    /// @inheritdoc IVault
    function clearBreach() external nonReentrant {
        HedgeGate.clearBreach(_self, _ground());
    }

    /// @inheritdoc IVault
    function ripcord(HedgeLeg[] calldata hedgeLegs) external nonReentrant returns (uint256 reward) {
        return HedgeGate.ripcord(_self, _ground(), hedgeLegs);
    }

    /* OPTIONS */

    /// @inheritdoc IQuoteMaker
    /// @dev The last word on every fill: runs after options and money have moved, and a revert undoes them.
    function onQuoteFilled(
        Quote calldata quote,
        uint256 quantity,
        uint256 paid,
        int256 cashDelta
    ) external nonReentrant returns (bytes4) {
        if (msg.sender != address(optionBook)) revert OnlyOptionBook();
        bool opens = OptionLedger.recordFill(_self, _ground(), quote, quantity, paid, cashDelta, _supply());
        // What the vault holds it may sell.
        if (quote.makerSells && opens) _requireNotPaused();
        return IQuoteMaker.onQuoteFilled.selector;
    }

    /// @inheritdoc IERC1271
    /// @dev Only for the option book: anywhere else (a token permit, say) a quoter's signature would spend the vault.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (msg.sender != address(optionBook)) return 0xffffffff;
        (address signer, ECDSA.RecoverError error, ) = ECDSA.tryRecover(hash, signature);
        if (error != ECDSA.RecoverError.NoError) return 0xffffffff;
        (bool isQuoter, uint32 delay) = IAccessManager(authority()).hasRole(Roles.QUOTER, signer);
        return isQuoter && delay == 0 ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    /// @dev Takes only what its own quotes buy. A fill delivers options the vault holds before it writes new ones: others
    /// sent in would leave the ledger short of options that nobody is owed, and have the keeper hedge them.
    function onERC1155Received(
        address,
        address,
        uint256,
        uint256,
        bytes memory
    ) public view override returns (bytes4) {
        if (msg.sender != address(optionBook) || optionBook.buyingMaker() != address(this))
            revert UnsolicitedOptions();
        return this.onERC1155Received.selector;
    }

    /// @dev The option book hands over one series at a time.
    function onERC1155BatchReceived(
        address,
        address,
        uint256[] memory,
        uint256[] memory,
        bytes memory
    ) public pure override returns (bytes4) {
        revert UnsolicitedOptions();
    }

    /// @inheritdoc IVault
    function settle(SeriesId id) external nonReentrant returns (uint256) {
        return OptionLedger.settle(_self, _ground(), id);
    }

    /// @inheritdoc IVault
    function cancelQuotes(uint256 nonce) external restricted {
        optionBook.cancel(nonce);
    }

    /* VALUE */

    /// @inheritdoc IVault
    function value() public view override returns (Value memory) {
        return Valuation.value(_self, _ground());
    }

    /// @inheritdoc IVault
    function status() public view returns (Marks memory marks, int256 nav_, Trigger trigger) {
        return Valuation.status(_self, _ground());
    }

    /// @inheritdoc IVault
    function nav() public view override returns (int256 nav_) {
        (, nav_, ) = status();
    }

    /// @inheritdoc IVault
    function drift() external view returns (int256) {
        (Marks memory marks, , ) = status();
        return marks.book.delta + marks.venueDelta;
    }

    /// @inheritdoc IVault
    function needsRebalance() external view returns (bool due, Trigger trigger) {
        (, , trigger) = status();
        due = trigger != Trigger.None;
    }

    /// @inheritdoc IVault
    function hedgeReserve() external view returns (uint256) {
        return Valuation.reserve(_self);
    }

    function _ground() internal view override returns (Ground memory) {
        return Ground(IERC20(asset()), optionBook, priceOracle, volatilityOracle, riskEngine);
    }

    /* GOVERNANCE */

    /// @inheritdoc Pausable
    function paused() public view override(TwoSidedShares, Pausable) returns (bool) {
        return Pausable.paused();
    }

    /// @inheritdoc IVault
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IVault
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc IVault
    function shutdown() external restricted {
        Governance.shutdown(_self);
    }

    /// @inheritdoc IVault
    function setLimits(Limits calldata limits_) external restricted {
        Governance.setLimits(_self, limits_);
    }

    /// @inheritdoc IVault
    function setBudget(Use use, uint64 capacity, uint64 perDay) external restricted {
        Governance.setBudget(_self, use, capacity, perDay);
    }

    /// @inheritdoc IVault
    function addVenue(IVenue venue, uint96 cap) external restricted {
        Governance.addVenue(_self, IERC20(asset()), venue, cap);
    }

    /// @inheritdoc IVault
    function setVenueCap(uint256 index, uint96 cap) external restricted {
        Governance.setVenueCap(_self, index, cap);
    }

    /* STATE */

    /// @inheritdoc IVault
    function cash() external view returns (uint256) {
        return _self.cash;
    }

    /// @inheritdoc IVault
    function rebalanceNonce() external view returns (uint64) {
        return _self.rebalanceNonce;
    }

    /// @inheritdoc IVault
    function lastRebalanceAt() external view returns (uint64) {
        return _self.lastRebalanceAt;
    }

    /// @inheritdoc IVault
    function breachedAt() external view returns (uint64) {
        return _self.breachedAt;
    }

    /// @inheritdoc IVault
    function isShutdown() external view returns (bool) {
        return _self.isShutdown;
    }

    /// @inheritdoc IVault
    function limits() external view returns (Limits memory) {
        return _self.limits;
    }

    /// @inheritdoc IVault
    function budget(Use use) external view returns (Budget memory) {
        return _self.budgets[use];
    }

    /// @inheritdoc IVault
    function legs() external view returns (Leg[] memory) {
        return _self.legs;
    }

    /// @inheritdoc IVault
    function venues() external view returns (IVenue[] memory) {
        return Governance.venues(_self);
    }

    /// @inheritdoc IVault
    function venueCap(uint256 index) external view returns (uint96) {
        return _self.venues[index].cap;
    }
}
