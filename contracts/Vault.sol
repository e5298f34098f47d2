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
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IOptionBook, IQuoteMaker, Quote} from "./interfaces/IOptionBook.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IRiskEngine} from "./interfaces/IRiskEngine.sol";
import {HedgeLeg, IVault, Limits, Marks, Queue, Trigger, Use, Value} from "./interfaces/IVault.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {IVolatilityOracle} from "./interfaces/IVolatilityOracle.sol";
import {Roles} from "./Roles.sol";
import {Leg, SeriesId} from "./types/Series.sol";
import {Budget} from "./vault/Budget.sol";
import {ExitQueue} from "./vault/ExitQueue.sol";
import {Governance} from "./vault/Governance.sol";
import {HedgeGate} from "./vault/HedgeGate.sol";
import {OptionLedger} from "./vault/OptionLedger.sol";
import {Valuation} from "./vault/Valuation.sol";
import {Ground, VaultState} from "./vault/VaultState.sol";

/// @title Vault
/// @notice See `IVault`.
/// @dev The face of the vault: who may call, and ERC-4626. What a call does lies in the libraries of `vault/`, linked to
/// stay under the size limit and run on `_self`.
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
    using Math for uint256;

    /// @dev Six more decimals than USDC: the first depositor cannot inflate the price of a share.
    uint8 private constant DECIMALS_OFFSET = 6;

    /// @inheritdoc IVault
    IOptionBook public immutable optionBook;
    /// @inheritdoc IVault
    IPriceOracle public immutable priceOracle;
    /// @inheritdoc IVault
    IVolatilityOracle public immutable volatilityOracle;
    /// @inheritdoc IVault
    IRiskEngine public immutable riskEngine;

    VaultState private _self;

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

    /* ENTRY */

    /// @inheritdoc IERC4626
    /// @dev Closed too when there are shares but nothing behind them: no price is fair to both sides.
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        return _isEntryOpen(value()) ? type(uint256).max : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address receiver) public view override(ERC4626, IERC4626) returns (uint256) {
        return maxDeposit(receiver);
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        return _sharesRoundedDown(assets, value().ask);
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return _assetsRoundedUp(shares, value().ask);
    }

    /// @inheritdoc IERC4626
    function deposit(
        uint256 assets,
        address receiver
    ) public override(ERC4626, IERC4626) nonReentrant returns (uint256 shares) {
        Value memory v = value();
        if (!_isEntryOpen(v)) revert ERC4626ExceededMaxDeposit(receiver, assets, 0);
        shares = _sharesRoundedDown(assets, v.ask);
        if (shares == 0 && assets != 0) revert ZeroShares();
        _enter(receiver, assets, shares);
    }

    /// @inheritdoc IERC4626
    function mint(
        uint256 shares,
        address receiver
    ) public override(ERC4626, IERC4626) nonReentrant returns (uint256 assets) {
        Value memory v = value();
        if (!_isEntryOpen(v)) revert ERC4626ExceededMaxMint(receiver, shares, 0);
        assets = _assetsRoundedUp(shares, v.ask);
        _enter(receiver, assets, shares);
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

    function _isEntryOpen(Value memory v) private view returns (bool) {
        return v.entryOpen && !paused() && (v.ask > 0 || totalSupply() == 0);
    }

    function _enter(address receiver, uint256 assets, uint256 shares) private {
        _self.addCash(int256(assets));
        _deposit(msg.sender, receiver, assets, shares);
    }

    /* EXIT */

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        Value memory v = value();
        return _assetsRoundedDown(balanceOf(owner), v.bid).min(_instantAssets(v));
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        Value memory v = value();
        (uint256 shares, uint256 free) = (balanceOf(owner), _instantAssets(v));
        // Rounding down twice would leave the last one out a few units that nobody could redeem.
        return
            free != 0 && _assetsRoundedDown(shares, v.bid) <= free ? shares : _sharesRoundedDown(free, v.bid);
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        return _sharesRoundedUp(assets, value().bid);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return _assetsRoundedDown(shares, value().bid);
    }

    /// @inheritdoc IERC4626
    function withdraw(
        uint256 assets,
        address receiver,
        address owner
    ) public override(ERC4626, IERC4626) nonReentrant returns (uint256 shares) {
        Value memory v = value();
        uint256 most = _assetsRoundedDown(balanceOf(owner), v.bid).min(_instantAssets(v));
        if (assets > most) revert ERC4626ExceededMaxWithdraw(owner, assets, most);
        shares = _sharesRoundedUp(assets, v.bid);
        _leave(receiver, owner, assets, shares, v);
    }

    /// @inheritdoc IERC4626
    function redeem(
        uint256 shares,
        address receiver,
        address owner
    ) public override(ERC4626, IERC4626) nonReentrant returns (uint256 assets) {
        Value memory v = value();
        assets = _assetsRoundedDown(shares, v.bid);
        if (shares > balanceOf(owner) || assets > _instantAssets(v)) {
            revert ERC4626ExceededMaxRedeem(owner, shares, maxRedeem(owner));
        }
        _leave(receiver, owner, assets, shares, v);
    }

    /// @inheritdoc IVault
    function requestRedeem(
        uint256 shares,
        address receiver,
        address owner
    ) external nonReentrant returns (uint256) {
        if (owner != msg.sender) _spendAllowance(owner, msg.sender, shares);
        _transfer(owner, address(this), shares);
        return ExitQueue.request(_self.exits, shares, receiver, owner);
    }

    /// @inheritdoc IVault
    function processQueue() external nonReentrant returns (uint256 shares, uint256 assets) {
        HedgeGate.collect(_self, _ground());
        return _process(value());
    }

    /// @inheritdoc IVault
    function claim(uint256 requestId) external nonReentrant returns (uint256) {
        return ExitQueue.claim(_self.exits, IERC20(asset()), requestId);
    }

    /// @dev Who leaves at once pays those who wait first: the line cannot be jumped, nor blocked by a request of dust.
    function _leave(address receiver, address owner, uint256 assets, uint256 shares, Value memory v) private {
        if (_waiting() != 0) _process(v);
        _self.addCash(-int256(assets));
        _withdraw(msg.sender, receiver, owner, assets, shares);
    }

    function _process(Value memory v) private returns (uint256 shares, uint256 assets) {
        (shares, assets) = ExitQueue.process(_self.exits, v, _supply());
        _self.addCash(-int256(assets));
        _burn(address(this), shares);
    }

    /// @dev USDC that may leave at once: what is free when everybody who waits has been paid.
    function _instantAssets(Value memory v) private view returns (uint256) {
        return v.exitOpen ? v.free.saturatingSub(_assetsRoundedUp(_waiting(), v.bid)) : 0;
    }

    function _waiting() private view returns (uint256) {
        return _self.exits.requested - _self.exits.processed;
    }

    /* VALUE */

    /// @inheritdoc IVault
    function value() public view returns (Value memory) {
        return Valuation.value(_self, _ground());
    }

    /// @inheritdoc IVault
    function status() public view returns (Marks memory marks, int256 nav_, Trigger trigger) {
        return Valuation.status(_self, _ground());
    }

    /// @inheritdoc IVault
    function nav() public view returns (int256 nav_) {
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

    /// @inheritdoc IERC4626
    /// @dev `convertToShares` and `convertToAssets` are at this price too: between what entrants pay and leavers get.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        int256 value_ = nav();
        return value_ > 0 ? uint256(value_) : 0;
    }

    /// @inheritdoc IVault
    function hedgeReserve() external view returns (uint256) {
        return Valuation.reserve(_self);
    }

    /// @inheritdoc ERC20
    function decimals() public view override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return ERC4626.decimals();
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return DECIMALS_OFFSET;
    }

    /// @dev Shares there are, and those that count virtually.
    function _supply() private view returns (uint256) {
        return totalSupply() + 10 ** DECIMALS_OFFSET;
    }

    /// @dev The value of `_supply()` shares; nobody gives or gets shares of less than nothing.
    function _floored(int256 worth) private pure returns (uint256) {
        return worth > 0 ? uint256(worth) + 1 : 1;
    }

    function _sharesRoundedDown(uint256 assets, int256 worth) private view returns (uint256) {
        return assets.mulDiv(_supply(), _floored(worth));
    }

    function _sharesRoundedUp(uint256 assets, int256 worth) private view returns (uint256) {
        return assets.mulDiv(_supply(), _floored(worth), Math.Rounding.Ceil);
    }

    function _assetsRoundedDown(uint256 shares, int256 worth) private view returns (uint256) {
        return shares.mulDiv(_floored(worth), _supply());
    }

    function _assetsRoundedUp(uint256 shares, int256 worth) private view returns (uint256) {
        return shares.mulDiv(_floored(worth), _supply(), Math.Rounding.Ceil);
    }

    function _ground() private view returns (Ground memory) {
        return Ground(IERC20(asset()), optionBook, priceOracle, volatilityOracle, riskEngine);
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

    /// @inheritdoc IVault
    function queue() external view returns (Queue memory) {
        return ExitQueue.state(_self.exits);
    }

    /// @inheritdoc IVault
    function claimable(uint256 requestId) external view returns (uint256) {
        return ExitQueue.claimable(_self.exits, requestId);
    }
}
