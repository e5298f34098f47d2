// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IUniswapV3Pool} from "../interfaces/IUniswapV3Pool.sol";
import {IVault, Limits, Marks, Trigger, Use} from "../interfaces/IVault.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {UniswapV3Price} from "../oracles/UniswapV3Price.sol";
import {Leg} from "../types/Series.sol";
import {Greeks, Pillar} from "../types/Surface.sol";
import {HedgeGate} from "../vault/HedgeGate.sol";

/// @param equity USDC, 6 decimals, at the oracle price.
struct VenueState {
    address venue;
    int256 delta;
    int256 equity;
    uint256 liquidationDistance;
    uint256 marginTrigger;
}

/// @notice A vault and its market at one block. Units are those of the contracts read: USDC 6 decimals, ETH, prices and
/// fractions 18, the surface 9.
/// @param poolPrice Spot price of the hedge pool, USDC per ETH, 18 decimals.
/// @param poolFee Hundredths of a basis point.
/// @param maxSlippage What a rebalance may pay beyond the oracle price now: wider while a breach is on record.
/// @param maxLoss USDC that the budget a rebalance would be charged to has left.
struct Snapshot {
    uint256 blockNumber;
    uint256 timestamp;
    uint256 price;
    uint256 ethUsd;
    uint256 priceUpdatedAt;
    bool fresh;
    bool open;
    bool paused;
    uint256 poolPrice;
    uint256 poolLiquidity;
    uint24 poolFee;
    uint64 rebalanceNonce;
    uint64 lastRebalanceAt;
    bool due;
    Trigger trigger;
    uint256 minDrift;
    uint256 maxAge;
    uint256 maxSlippage;
    uint256 maxLoss;
    int256 nav;
    uint256 totalSupply;
    uint256 cash;
    uint256 reserve;
    Greeks book;
    Leg[] legs;
    Pillar[] pillars;
    uint256 surfacePostedAt;
    VenueState[] venues;
}

interface IPausable {
    function paused() external view returns (bool);
}

/// @title Lens
/// @notice Everything a keeper needs to decide, in one call.
contract Lens {
    IUniswapV3Pool public immutable pool;
    bool private immutable usdcIsToken0;
    uint24 private immutable fee;

    /// @param pool_ The USDC/WETH pool the venues trade in.
    constructor(IUniswapV3Pool pool_, address usdc) {
        pool = pool_;
        usdcIsToken0 = pool_.token0() == usdc;
        fee = pool_.fee();
    }

    function snapshot(IVault vault) external view returns (Snapshot memory s) {
        s.blockNumber = block.number;
        s.timestamp = block.timestamp;
        _readMarket(s, vault);
        _readVault(s, vault);
        s.venues = _readVenues(vault, s.price);
    }

    function _readMarket(Snapshot memory s, IVault vault) private view {
        (uint160 sqrtPriceX96, , , , , , ) = pool.slot0();
        s.poolPrice = UniswapV3Price.fromSqrtPriceX96(sqrtPriceX96, usdcIsToken0);
        s.poolLiquidity = pool.liquidity();
        s.poolFee = fee;
        s.pillars = vault.volatilityOracle().surface().pillars;
        s.surfacePostedAt = vault.volatilityOracle().postedAt();
    }

    function _readVault(Snapshot memory s, IVault vault) private view {
        (Marks memory marks, int256 nav, Trigger trigger) = vault.status();
        (s.price, s.ethUsd) = (marks.price, marks.ethUsd);
        (s.priceUpdatedAt, s.fresh) = (marks.updatedAt, marks.fresh);
        s.open = marks.open && vault.volatilityOracle().isOpen();
        (s.book, s.nav) = (marks.book, nav);
        (s.due, s.trigger) = (trigger != Trigger.None, trigger);
        s.paused = IPausable(address(vault)).paused();
        s.rebalanceNonce = vault.rebalanceNonce();
        s.lastRebalanceAt = vault.lastRebalanceAt();
        Limits memory limits = vault.limits();
        (s.minDrift, s.maxAge) = (limits.minDrift, limits.maxAge);
        s.maxSlippage = _slippage(limits, vault.breachedAt());
        bool isRescue = !marks.agreed || s.maxSlippage > limits.maxSlippage;
        uint256 left = vault.budget(isRescue ? Use.RescueLoss : Use.Loss).left();
        s.maxLoss = nav > 0 ? (uint256(nav) * left) / 1e18 : 0;
        s.totalSupply = vault.totalSupply();
        s.cash = vault.cash();
        s.reserve = vault.hedgeReserve();
        s.legs = vault.legs();
    }

    /// @dev As the gate has it while the breach stands; of one that has ended it asks no more than the usual.
    function _slippage(Limits memory limits, uint256 breachedAt) private view returns (uint256) {
        uint256 age = block.timestamp - breachedAt;
        if (age >= HedgeGate.RIPCORD_WAIT + HedgeGate.RIPCORD_WINDOW) return limits.maxSlippage;
        uint256 wide = limits.maxSlippage + (age / 1 minutes) * HedgeGate.SLIPPAGE_STEP;
        return wide < limits.rescueSlippage ? wide : limits.rescueSlippage;
    }

    function _readVenues(IVault vault, uint256 price) private view returns (VenueState[] memory states) {
        IVenue[] memory venues = vault.venues();
        states = new VenueState[](venues.length);
        for (uint256 i; i < venues.length; ++i) {
            IVenue venue = venues[i];
            states[i] = VenueState({
                venue: address(venue),
                delta: venue.delta(),
                equity: venue.equity(price),
                liquidationDistance: venue.liquidationDistance(),
                marginTrigger: venue.marginTrigger()
            });
        }
    }
}
