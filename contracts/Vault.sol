// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {
    ERC20,
    IERC20,
    IERC20Metadata,
    ERC4626,
    IERC4626
} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {ERC20Permit, IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IOptionBook, IQuoteMaker, Quote} from "./interfaces/IOptionBook.sol";
import {IPriceOracle, PriceReading} from "./interfaces/IPriceOracle.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {HedgeLeg, IVault, Limits, Marks, Trigger} from "./interfaces/IVault.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {IVolatilityOracle} from "./interfaces/IVolatilityOracle.sol";
import {Roles} from "./Roles.sol";
import {Leg, SeriesId} from "./types/Series.sol";
import {HedgeGate} from "./vault/HedgeGate.sol";
import {OptionLedger} from "./vault/OptionLedger.sol";
import {VaultState} from "./vault/VaultState.sol";

/// @title Vault
/// @notice See `IVault`.
contract Vault is
    IVault,
    IQuoteMaker,
    IERC1271,
    ERC4626,
    ERC20Permit,
    ERC1155Holder,
    AccessManaged,
    Pausable,
    ReentrancyGuardTransient
{
    using SafeERC20 for IERC20;

    uint256 public constant MAX_VENUES = 4;
    /// @notice No exit can wait longer than this for a series to expire.
    uint256 public constant MAX_TENOR = 35 days;

    // Ceilings of the limits.
    uint256 public constant MAX_SLIPPAGE_CEILING = 0.05e18;
    uint256 public constant MAX_LOSS_CEILING = 0.05e18;
    uint256 public constant QUOTE_EDGE_CEILING = 0.1e18;
    uint256 public constant MAX_AGE_CEILING = 30 days;

    /// @inheritdoc IVault
    IOptionBook public immutable optionBook;
    /// @inheritdoc IVault
    IPriceOracle public immutable priceOracle;
    /// @inheritdoc IVault
    IVolatilityOracle public immutable volatilityOracle;
    /// @inheritdoc IVault
    IRiskEngine public immutable riskEngine;

    VaultState private _self;

    constructor(
        IERC20 usdc,
        address authority,
        IOptionBook optionBook_,
        IPriceOracle priceOracle_,
        IVolatilityOracle volatilityOracle_,
        IRiskEngine riskEngine_,
        Limits memory limits_
    )
        ERC4626(usdc)
        ERC20("Keel ETH Options Vault", "keelETH")
        ERC20Permit("Keel ETH Options Vault")
        AccessManaged(authority)
    {
        optionBook = optionBook_;
        priceOracle = priceOracle_;
        volatilityOracle = volatilityOracle_;
        riskEngine = riskEngine_;
        _self.lastRebalanceAt = uint64(block.timestamp);
        _setLimits(limits_);
        usdc.forceApprove(address(optionBook_), type(uint256).max);
        optionBook_.setFillHook(true);
    }

    /* REBALANCING */

    /// @inheritdoc IVault
    function rebalance(
        HedgeLeg[] calldata hedgeLegs,
        uint64 nonce,
        uint256 deadline,
        uint256 maxLoss
    ) external restricted nonReentrant {
        HedgeGate.rebalance(_self, IERC20(asset()), _marks(), hedgeLegs, nonce, deadline, maxLoss);
    }

    /// @inheritdoc IVault
    function needsRebalance() external view returns (bool due, Trigger trigger) {
        Marks memory marks = _marks();
        if (marks.fresh) trigger = HedgeGate.due(_self, marks.book.delta + marks.venueDelta);
        due = trigger != Trigger.None;
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
        if (quote.makerSells) _requireNotPaused();
        PriceReading memory reading = priceOracle.read();
        if (!reading.open || !volatilityOracle.isFresh()) revert NotOpen();
        // The option book trades no expired series.
        uint256 tenor = quote.seriesId.expiry() - block.timestamp;
        if (tenor > MAX_TENOR) revert TenorTooLong(tenor);
        int256 value = riskEngine
            .value(quote.seriesId, reading.ethUsd, block.timestamp, volatilityOracle.surface())
            .price;
        (, int256 equity) = _self.venueTotals(reading.price);
        int256 before = _spare(equity);
        OptionLedger.recordFill(_self, quote, quantity, paid, cashDelta, value > 0 ? uint256(value) : 0);
        // A fill that mends a breached reserve is welcome.
        int256 spare = _spare(equity);
        if (spare < 0 && spare <= before)
            revert HedgeReserveBreached(spare + int256(hedgeReserve()), hedgeReserve());
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
        return OptionLedger.settle(_self, optionBook, id);
    }

    /// @inheritdoc IVault
    function cancelQuotes(uint256 nonce) external restricted {
        optionBook.cancel(nonce);
    }

    /// @dev USDC outside the option book beyond the hedge reserve.
    function _spare(int256 venueEquity) private view returns (int256) {
        return int256(_self.cash) + venueEquity - int256(hedgeReserve());
    }

    /* VALUATION */

    /// @inheritdoc IVault
    function nav() public view returns (int256) {
        return _self.nav(_marks());
    }

    /// @inheritdoc IVault
    function drift() external view returns (int256) {
        Marks memory marks = _marks();
        return marks.book.delta + marks.venueDelta;
    }

    /// @inheritdoc IVault
    function status() external view returns (Marks memory marks, int256 nav_, Trigger trigger) {
        marks = _marks();
        nav_ = _self.nav(marks);
        if (marks.fresh) trigger = HedgeGate.due(_self, marks.book.delta + marks.venueDelta);
    }

    /// @inheritdoc IVault
    function hedgeReserve() public view returns (uint256) {
        return OptionLedger.hedgeReserve(_self);
    }

    /// @inheritdoc IVault
    function freeCash() public view returns (uint256) {
        PriceReading memory reading = priceOracle.read();
        if (!_isNavFair(reading)) return 0;
        (, int256 equity) = _self.venueTotals(reading.price);
        int256 spare = _spare(equity);
        return spare > 0 ? FixedPointMathLib.min(_self.cash, uint256(spare)) : 0;
    }

    /// @dev An expired series pays by its settlement price, which NAV does not know until the vault has settled it.
    /// Anyone can have it settled, so whoever traded shares in between could take the difference.
    function _isNavFair(PriceReading memory reading) private view returns (bool) {
        return reading.open && volatilityOracle.isFresh() && !OptionLedger.hasExpired(_self);
    }

    function _marks() private view returns (Marks memory marks) {
        PriceReading memory reading = priceOracle.read();
        marks.price = reading.price;
        marks.ethUsd = reading.ethUsd;
        marks.updatedAt = reading.updatedAt;
        marks.fresh = reading.fresh;
        marks.open = reading.open;
        marks.book = riskEngine.book(_self.legs, reading.ethUsd, block.timestamp, volatilityOracle.surface());
        (marks.venueDelta, marks.venueEquity) = _self.venueTotals(reading.price);
    }

    /* ENTRY AND EXIT */

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        int256 value = nav();
        return value > 0 ? uint256(value) : 0;
    }

    /// @inheritdoc IERC4626
    /// @dev Closed too when there are shares but nothing behind them: no price is fair to both sides.
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        bool open = !paused() && _isNavFair(priceOracle.read());
        return open && (totalSupply() == 0 || totalAssets() != 0) ? type(uint256).max : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address receiver) public view override(ERC4626, IERC4626) returns (uint256) {
        return maxDeposit(receiver);
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        return FixedPointMathLib.min(previewRedeem(balanceOf(owner)), freeCash());
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        (uint256 shares, uint256 free) = (balanceOf(owner), freeCash());
        // Rounding down twice would leave the last one out a few units that nobody could redeem.
        return free != 0 && previewRedeem(shares) <= free ? shares : convertToShares(free);
    }

    /// @inheritdoc IVault
    function depositWithPermit(
        uint256 assets,
        address receiver,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256) {
        // A permit already used (by whoever saw it first) is no reason to fail: the transfer decides.
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(asset()).permit(msg.sender, address(this), assets, deadline, v, r, s) {} catch {}
        return deposit(assets, receiver);
    }

    /// @inheritdoc ERC20
    function decimals() public view override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return ERC4626.decimals();
    }

    /// @dev Six more decimals than USDC: the first depositor cannot inflate the price of a share.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }

    function _deposit(
        address caller,
        address receiver,
        uint256 assets,
        uint256 shares
    ) internal override nonReentrant {
        _self.cash += assets;
        super._deposit(caller, receiver, assets, shares);
    }

    function _withdraw(
        address caller,
        address receiver,
        address owner,
        uint256 assets,
        uint256 shares
    ) internal override nonReentrant {
        _self.cash -= assets;
        super._withdraw(caller, receiver, owner, assets, shares);
    }

    /* GOVERNANCE */

    /// @inheritdoc IVault
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IVault
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc IVault
    function setLimits(Limits calldata limits_) external restricted {
        _setLimits(limits_);
    }

    /// @inheritdoc IVault
    function addVenue(IVenue venue) external restricted {
        uint256 count = _self.venues.length;
        if (count == MAX_VENUES) revert TooManyVenues();
        if (venue.vault() != address(this)) revert WrongVenueOwner();
        for (uint256 i; i < count; ++i) if (_self.venues[i] == venue) revert DuplicateVenue();
        _self.venues.push(venue);
        IERC20(asset()).forceApprove(address(venue), type(uint256).max);
        emit VenueAdded(count, venue);
    }

    function _setLimits(Limits memory limits_) private {
        if (
            limits_.maxSlippage > MAX_SLIPPAGE_CEILING ||
            limits_.maxLoss > MAX_LOSS_CEILING ||
            limits_.quoteEdge > QUOTE_EDGE_CEILING ||
            limits_.maxAge > MAX_AGE_CEILING ||
            limits_.minDrift == 0
        ) revert LimitOutOfRange();
        _self.limits = limits_;
        emit LimitsSet(limits_);
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
    function limits() external view returns (Limits memory) {
        return _self.limits;
    }

    /// @inheritdoc IVault
    function legs() external view returns (Leg[] memory) {
        return _self.legs;
    }

    /// @inheritdoc IVault
    function venues() external view returns (IVenue[] memory) {
        return _self.venues;
    }
}
