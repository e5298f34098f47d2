// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAavePool, IAaveScaledToken} from "../interfaces/IAaveV3.sol";
import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {UniswapV3Swapper} from "./UniswapV3Swapper.sol";

/// @notice Short ETH delta: USDC supplied to Aave v3, WETH borrowed against it and sold in a Uniswap v3 pool.
/// @dev Both ways run inside one flash swap: the sale's proceeds become collateral before the WETH they pay for is
/// borrowed, and the WETH bought repays debt before the collateral that pays for it is withdrawn. So a short needs no
/// more cash than its margin, and an unwind needs none.
contract ShortAaveV3 is UniswapV3Swapper {
    using SafeERC20 for IERC20;
    using FixedPointMathLib for uint256;

    /// @notice Health factor, 18 decimals, that opening and margin calls aim at.
    uint256 public constant TARGET_HEALTH = 1.6e18;
    /// @notice Health factor below which the venue asks for margin, and below which it opens nothing.
    uint256 public constant MIN_HEALTH = 1.3e18;
    /// @dev What an opening short of cash keeps above the minimum: Aave rounds, and the price limit is not the price.
    uint256 private constant OPEN_HEALTH = 1.31e18;
    /// @dev What Aave asks for at a withdrawal is 1; it rounds.
    uint256 private constant WITHDRAW_HEALTH = 1.0001e18;
    uint256 private constant VARIABLE_RATE = 2;
    uint256 private constant RAY = 1e27;

    /// @dev Aave did not answer, and may have only for want of gas.
    error InsufficientGas();

    IAavePool public immutable aave;
    IAaveScaledToken public immutable aUsdc;
    IAaveScaledToken public immutable debtWeth;
    /// @dev Holds the WETH that is there to be borrowed, as aUSDC holds the USDC that can be withdrawn.
    address private immutable aWeth;

    /// @dev aUSDC supplied from here, in scaled units, which Aave keeps in a `uint128`. A ledger, so that aUSDC sent in by
    /// others counts for nothing.
    uint248 private scaledCollateral;
    /// @dev Whether there may be debt: nobody else can borrow for this account. Saves a flat short from asking Aave.
    bool private mayOwe;
    /// @dev The vault's cash the current adjustment may still use.
    uint256 private transient cashLeft;

    constructor(
        address vault_,
        IUniswapV3Pool pool_,
        IERC20 usdc_,
        IERC20 weth_,
        IAavePool aave_
    ) UniswapV3Swapper(vault_, pool_, usdc_, weth_) {
        aave = aave_;
        aUsdc = IAaveScaledToken(aave_.getReserveData(address(usdc_)).aTokenAddress);
        IAavePool.ReserveData memory lent = aave_.getReserveData(address(weth_));
        debtWeth = IAaveScaledToken(lent.variableDebtTokenAddress);
        aWeth = lent.aTokenAddress;
        usdc_.forceApprove(address(aave_), type(uint256).max);
        weth_.forceApprove(address(aave_), type(uint256).max);
    }

    /// @inheritdoc IVenue
    function delta() external view returns (int256) {
        return -int256(debt());
    }

    /// @inheritdoc IVenue
    /// @dev Rounded down: the debt is rounded up.
    function equity(uint256 price) external view returns (int256) {
        return int256(collateral()) - int256(debt().fullMulDivUp(price, 1e30));
    }

    /// @inheritdoc IVenue
    /// @dev At a fixed USDC price the health factor is inversely proportional to the ETH price. 0 while Aave has no
    /// price: reading a position does not revert. But a caller that leaves Aave too little gas must not make a margin look
    /// lost: what fails for want of gas has used up nearly all there was, but for 1/64 in each of a few frames. Nor can a
    /// stated amount be set aside for it: whoever sends in collateral has a say in what Aave needs.
    function liquidationDistance() external view returns (uint256) {
        if (debt() == 0) return type(uint256).max;
        uint256 gas = gasleft();
        try this.healthFactor() returns (uint256 health) {
            return health.zeroFloorSub(1e18);
        } catch {
            if (gasleft() < gas / 2) revert InsufficientGas();
            return 0;
        }
    }

    /// @inheritdoc IVenue
    function marginTrigger() external pure returns (uint256) {
        return MIN_HEALTH - 1e18;
    }

    /// @notice As Aave computes it, 18 decimals; `type(uint256).max` without debt.
    function healthFactor() public view returns (uint256 health) {
        (, , , , , health) = aave.getUserAccountData(address(this));
    }

    /// @notice USDC supplied, 6 decimals, with interest.
    function collateral() public view returns (uint256) {
        return
            scaledCollateral == 0
                ? 0
                : _ownScaled().fullMulDiv(aave.getReserveNormalizedIncome(address(usdc)), RAY);
    }

    /// @notice WETH owed, 18 decimals, with interest.
    function debt() public view returns (uint256) {
        return mayOwe ? debtWeth.balanceOf(address(this)) : 0;
    }

    /// @inheritdoc IVenue
    function adjust(
        int256 dDelta,
        uint256 limitPrice,
        uint256 cash
    ) external onlyVault returns (int256 filled) {
        cashLeft = cash;
        if (dDelta < 0) {
            uint256 wanted = uint256(-dDelta).min(_affordable(limitPrice, cash)).min(_available(weth, aWeth));
            if (wanted != 0) filled = _swap(-int256(wanted), limitPrice);
        } else if (dDelta > 0) {
            uint256 wanted = uint256(dDelta).min(debt()).min(_payable(limitPrice, cash));
            if (wanted != 0) filled = _swap(int256(wanted), limitPrice);
        } else {
            _moveMargin();
        }
        uint256 idle = usdc.balanceOf(address(this));
        if (idle != 0) usdc.safeTransfer(vault, idle);
        emit Adjusted(dDelta, filled, limitPrice);
    }

    /// @notice Makes USDC, and no other asset, collateral here. Anyone may call: Aave makes collateral of what others send
    /// in too, which costs gas in every step, and refuses to give back USDC once it has frozen a reserve among them; and
    /// it makes none of USDC that follows dust sent in while USDC was frozen.
    function restoreCollateral(IERC20 asset) external {
        aave.setUserUseReserveAsCollateral(address(asset), asset == usdc);
    }

    /// @inheritdoc UniswapV3Swapper
    function _settleSell(uint256 wethOwed, uint256 usdcReceived) internal override {
        uint256 missing = collateralFor(debt() + wethOwed, TARGET_HEALTH).zeroFloorSub(collateral());
        if (missing > usdcReceived) _pull(missing - usdcReceived);
        _supply(missing.min(usdc.balanceOf(address(this))));
        mayOwe = true;
        aave.borrow(address(weth), wethOwed, VARIABLE_RATE, 0, address(this));
        weth.safeTransfer(address(pool), wethOwed);
    }

    /// @inheritdoc UniswapV3Swapper
    function _settleBuy(uint256 usdcOwed, uint256 wethReceived) internal override {
        uint256 held = collateral();
        if (wethReceived != 0) aave.repay(address(weth), wethReceived, VARIABLE_RATE, address(this));
        uint256 owedAfter = debt();
        if (owedAfter == 0) {
            mayOwe = false;
            _withdraw(held);
        } else {
            // Collateral pays for the purchase: above a health factor of 1 the debt repaid is backed by more than it
            // costs, so the factor still rises. Aave gives nothing back below 1; then the vault's cash pays.
            uint256 excess = held.zeroFloorSub(collateralFor(owedAfter, TARGET_HEALTH));
            uint256 withdrawable = held.zeroFloorSub(collateralFor(owedAfter, WITHDRAW_HEALTH));
            _withdraw(excess.max(usdcOwed.min(withdrawable)));
        }
        uint256 idle = usdc.balanceOf(address(this));
        if (idle < usdcOwed) _pull(usdcOwed - idle);
        usdc.safeTransfer(address(pool), usdcOwed);
    }

    function _moveMargin() private {
        uint256 wanted = collateralFor(debt(), TARGET_HEALTH);
        uint256 held = collateral();
        if (held < wanted) {
            _supply(_pull(wanted - held));
        } else {
            _withdraw(held - wanted);
        }
    }

    /// @dev The largest sale that leaves the health factor at `OPEN_HEALTH` with all cash and proceeds supplied.
    /// Solves collateral + cash + x·limit = collateralFor(debt + x); each ETH sold asks for more than it brings.
    function _affordable(uint256 limitPrice, uint256 cash) private view returns (uint256) {
        uint256 perEth = collateralFor(1e18, OPEN_HEALTH);
        uint256 proceeds = limitPrice / 1e12;
        if (perEth <= proceeds) return type(uint128).max;
        uint256 room = (collateral() + cash).zeroFloorSub(collateralFor(debt(), OPEN_HEALTH));
        return room.fullMulDiv(1e18, perEth - proceeds);
    }

    /// @dev The largest purchase there is USDC for. Collateral pays for any as long as Aave has it to give back; what Aave
    /// has lent out is no money.
    function _payable(uint256 limitPrice, uint256 cash) private view returns (uint256) {
        uint256 available = _available(usdc, address(aUsdc));
        if (available >= collateral()) return type(uint128).max;
        return (cash + available).fullMulDiv(1e30, limitPrice.max(1));
    }

    /// @dev What a reserve has not lent out: what its token holds, less what was given to it past its ledger where it keeps
    /// one. To ask for a unit more reverts, so a gift of dust would keep a drained lender from giving the rest.
    function _available(IERC20 asset, address aToken) private view returns (uint256 available) {
        available = asset.balanceOf(aToken);
        try aave.getVirtualUnderlyingBalance(address(asset)) returns (uint128 onLedger) {
            available = available.min(onLedger);
            // solhint-disable-next-line no-empty-blocks
        } catch {}
    }

    /// @notice USDC, 6 decimals, that holds `wethDebt` at `health` by Aave's own prices, rounded up.
    function collateralFor(uint256 wethDebt, uint256 health) public view returns (uint256) {
        if (wethDebt == 0) return 0;
        uint256 threshold = (aave.getConfiguration(address(usdc)) >> 16) & 0xffff;
        (uint256 wethPrice, uint256 usdcPrice) = (_price(weth), _price(usdc));
        // wethDebt 18 decimals, health 18, threshold 4, result 6.
        return wethDebt.fullMulDivUp(wethPrice * health, usdcPrice * threshold * 1e26);
    }

    function _price(IERC20 asset) private view returns (uint256) {
        return aave.ADDRESSES_PROVIDER().getPriceOracle().getAssetPrice(address(asset));
    }

    /// @dev Takes at most what is left of the vault's cash.
    function _pull(uint256 amount) private returns (uint256 pulled) {
        pulled = amount.min(cashLeft);
        cashLeft -= pulled;
        if (pulled != 0) usdc.safeTransferFrom(vault, address(this), pulled);
    }

    /// @dev A liquidator takes collateral without asking: what is gone is no longer on the ledger either.
    function _ownScaled() private view returns (uint256) {
        return uint256(scaledCollateral).min(aUsdc.scaledBalanceOf(address(this)));
    }

    function _supply(uint256 amount) private {
        if (amount == 0) return;
        uint256 own = _ownScaled();
        uint256 scaled = aUsdc.scaledBalanceOf(address(this));
        aave.supply(address(usdc), amount, address(this), 0);
        scaledCollateral = uint248(own + aUsdc.scaledBalanceOf(address(this)) - scaled);
    }

    /// @dev Takes at most what the reserve has not lent out; the rest stays collateral. Aave rounds what it burns to the
    /// nearest unit, so the ledger may come out one scaled unit short: floored.
    function _withdraw(uint256 amount) private {
        amount = amount.min(_available(usdc, address(aUsdc)));
        if (amount == 0) return;
        uint256 own = _ownScaled();
        uint256 scaled = aUsdc.scaledBalanceOf(address(this));
        aave.withdraw(address(usdc), amount, address(this));
        scaledCollateral = uint248(own.zeroFloorSub(scaled - aUsdc.scaledBalanceOf(address(this))));
    }
}
