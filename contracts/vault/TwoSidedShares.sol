// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {
    ERC20,
    IERC20,
    IERC20Metadata,
    ERC4626,
    IERC4626
} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {ERC20Permit, IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IVault, Queue, Value} from "../interfaces/IVault.sol";
import {ExitQueue} from "./ExitQueue.sol";
import {HedgeGate} from "./HedgeGate.sol";
import {Ground, VaultState} from "./VaultState.sol";

/// @notice The vault's shares: ERC-4626 at two prices. Who enters pays the ask, who leaves gets the bid, and who cannot
/// leave at once stands in line.
abstract contract TwoSidedShares is IVault, ERC4626, ERC20Permit, ReentrancyGuardTransient {
    using Math for uint256;

    /// @dev Six more decimals than USDC: the first depositor cannot inflate the price of a share.
    uint8 private constant DECIMALS_OFFSET = 6;

    VaultState internal _self;

    constructor(
        IERC20 usdc
    ) ERC4626(usdc) ERC20("Keel ETH Options Vault", "keelETH") ERC20Permit("Keel ETH Options Vault") {}

    /// @inheritdoc IVault
    function value() public view virtual returns (Value memory);

    /// @inheritdoc IVault
    function nav() public view virtual returns (int256);

    /// @notice Whether entry is paused.
    function paused() public view virtual returns (bool);

    function _ground() internal view virtual returns (Ground memory);

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

    /// @inheritdoc IVault
    function queue() external view returns (Queue memory) {
        return ExitQueue.state(_self.exits);
    }

    /// @inheritdoc IVault
    function claimable(uint256 requestId) external view returns (uint256) {
        return ExitQueue.claimable(_self.exits, requestId);
    }

    /* PRICE OF A SHARE */

    /// @inheritdoc IERC4626
    /// @dev `convertToShares` and `convertToAssets` are at this price too: between what entrants pay and leavers get.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        int256 value_ = nav();
        return value_ > 0 ? uint256(value_) : 0;
    }

    /// @inheritdoc ERC20
    function decimals() public view override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return ERC4626.decimals();
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return DECIMALS_OFFSET;
    }

    /// @dev Shares there are, and those that count virtually.
    function _supply() internal view returns (uint256) {
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
}
