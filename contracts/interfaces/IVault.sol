// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {Leg, SeriesId} from "../types/Series.sol";
import {Greeks} from "../types/Surface.sol";
import {IOptionBook} from "./IOptionBook.sol";
import {IPriceOracle} from "./IPriceOracle.sol";
import {IRiskEngine} from "./IRiskEngine.sol";
import {IVenue} from "./IVenue.sol";
import {IVolatilityOracle} from "./IVolatilityOracle.sol";

/// @notice One step of a rebalance.
/// @param venue Index of the venue.
/// @param dDelta ETH, 18 decimals, to add to the venue's delta; zero moves its margin to target.
/// @param limitPrice USDC per ETH, 18 decimals: the worst price the keeper accepts. It can only tighten the vault's own.
struct HedgeLeg {
    uint8 venue;
    int256 dDelta;
    uint256 limitPrice;
}

/// @notice What the vault enforces on its hot keys. Fractions have 18 decimals.
/// @param minDrift ETH, 18 decimals: |drift| from which a rebalance is due. An anti-churn floor, not the policy's band.
/// @param maxSlippage Widest distance of an execution price from the oracle's, fees included.
/// @param maxLoss Largest share of NAV a single rebalance may lose at the oracle price.
/// @param quoteEdge How far below mark an option may be sold, or above it bought.
/// @param shortMarginRatio Cash a short of 1 USD needs beyond its own proceeds at the oracle price: health factor it opens
/// at / liquidation threshold - 1. Sets the hedge reserve of what is hedged by a short.
/// @param maxAge Seconds after the last rebalance at which one is due whatever the drift.
struct Limits {
    uint128 minDrift;
    uint64 maxSlippage;
    uint64 maxLoss;
    uint64 quoteEdge;
    uint64 shortMarginRatio;
    uint32 maxAge;
}

/// @notice Why a rebalance is due.
enum Trigger {
    None,
    Delta,
    Margin,
    Age
}

/// @notice One consistent reading of prices and positions. Units as where they are read: USDC 6 decimals, ETH and prices
/// 18.
/// @param updatedAt When the ETH/USD round was written, unix seconds.
/// @param price USDC per ETH: what venues are worth and hedges made at.
/// @param ethUsd USD per ETH: what options are marked at, since they pay one USDC for one USD.
/// @param book The options at oracle marks. Their delta is per USD, within the peg's bounds that per USDC.
/// @param venueDelta ETH over all venues.
/// @param venueEquity USDC they are worth at `price`.
struct Marks {
    uint256 price;
    uint256 ethUsd;
    uint256 updatedAt;
    bool fresh;
    bool open;
    Greeks book;
    int256 venueDelta;
    int256 venueEquity;
}

/// @title IVault
/// @notice An ERC-4626 vault over USDC that writes fully collateralised options and keeps its net delta near zero.
/// Shares have 12 decimals.
interface IVault is IERC4626 {
    /// @notice Drift is in ETH, 18 decimals; NAV in USDC, 6; `price` in USDC per ETH, 18.
    event Rebalanced(
        uint64 indexed rebalanceNonce,
        int256 driftBefore,
        int256 driftAfter,
        int256 navBefore,
        int256 navAfter,
        uint256 price
    );
    /// @notice `requested` and `filled` are ETH, 18 decimals; `cashDelta`, the change of the vault's cash, USDC, 6.
    event LegExecuted(
        uint64 indexed rebalanceNonce,
        uint8 indexed venue,
        int256 requested,
        int256 filled,
        int256 cashDelta
    );
    /// @param quantity What the vault's position changed by: options on 1 ETH, 18 decimals, negative if sold.
    /// @param paid USDC, 6 decimals: the premium that changed hands.
    /// @param mark USD, 18 decimals, that one option was worth.
    event OptionTraded(SeriesId indexed seriesId, int256 quantity, uint256 paid, uint256 mark);
    /// @notice `quantity` as in `OptionTraded`: what the vault held; `received` in USDC, 6 decimals.
    event SeriesSettled(SeriesId indexed seriesId, int256 quantity, uint256 received);
    event LimitsSet(Limits limits);
    event VenueAdded(uint256 indexed index, IVenue venue);

    error LimitOutOfRange();
    error TooManyVenues();
    error TooManySeries();
    error TooManyLegs();
    error WrongVenueOwner();
    error DuplicateVenue();
    error OnlyOptionBook();
    error WrongRebalanceNonce(uint64 expected);
    error DeadlinePassed(uint256 deadline);
    error OracleUnfit();
    error NotOpen();
    error NothingDue();
    error Overfilled(int256 requested, int256 filled);
    error DriftNotReduced(int256 driftBefore, int256 driftAfter);
    error MarginWorsened(uint8 venue);
    /// @notice USDC, 6 decimals, as in `HedgeReserveBreached`.
    error LossTooLarge(int256 loss, uint256 maxLoss);
    /// @notice For one option, USD, 18 decimals.
    error QuoteOutsideEdge(uint256 premium, uint256 mark);
    error TenorTooLong(uint256 tenor);
    error QuantityTooLarge();
    error HedgeReserveBreached(int256 assets, uint256 reserve);
    error UnknownSeries(SeriesId seriesId);
    error UnsolicitedOptions();

    /// @notice Moves net delta towards zero through `legs`, in order. Reverts unless a rebalance is due, the ETH and
    /// USDC prices are fresh, |drift| falls (or stays, when a venue's margin is what is mended), no venue's margin gets
    /// worse below its trigger, and NAV at the oracle price falls by no more than `maxLoss` and the vault's own limit.
    /// Short liquidity fills in part, and a leg that would open against another venue's opposite position (what a leg
    /// before it could not close, say) fills nothing. For the KEEPER role.
    /// @param rebalanceNonce The current `rebalanceNonce`; it counts rebalances only, so that no deposit, exit or fill
    /// can invalidate a pending one.
    /// @param deadline Unix seconds; the last second in which the call is good.
    /// @param maxLoss USDC, 6 decimals.
    function rebalance(
        HedgeLeg[] calldata legs,
        uint64 rebalanceNonce,
        uint256 deadline,
        uint256 maxLoss
    ) external;

    /// @notice Whether a rebalance is due, and why. Anyone may look.
    function needsRebalance() external view returns (bool due, Trigger trigger);

    /// @notice Collects what a settled series returns and drops it from the book. Anyone may call.
    /// @return received USDC, 6 decimals.
    function settle(SeriesId id) external returns (uint256 received);

    /// @notice `deposit` with the USDC approval given as an ERC-2612 signature: one transaction from a wallet.
    function depositWithPermit(
        uint256 assets,
        address receiver,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 shares);

    /// @notice Cancels the vault's own quotes that carry `nonce`. For the GUARDIAN role.
    function cancelQuotes(uint256 nonce) external;

    /// @notice Closes entry and writing. De-risking, exits, settlement and claims go on. For the GUARDIAN role.
    function pause() external;

    /// @notice For the ADMIN role.
    function unpause() external;

    /// @notice For the ADMIN role; each limit has a hard ceiling.
    function setLimits(Limits calldata limits) external;

    /// @notice Adds a venue that belongs to this vault. For the ADMIN role.
    function addVenue(IVenue venue) external;

    /// @notice Net asset value in USDC, 6 decimals, at oracle marks: cash, venues, collateral in the option book and the
    /// value of the options. `totalAssets` is this, floored at zero.
    function nav() external view returns (int256);

    /// @notice Net delta of options and venues, ETH, 18 decimals; the target is zero.
    function drift() external view returns (int256);

    /// @notice Prices, positions and what follows from them, valued once.
    function status() external view returns (Marks memory marks, int256 nav_, Trigger trigger);

    /// @notice USDC, 6 decimals, that must stay outside the option book so that every hedge the book can ask for is
    /// affordable at `maxSlippage`: the larger of (1 + maxSlippage) times the sum of q·cap of short calls and q·strike of
    /// long puts, which are hedged by ETH, and (shortMarginRatio + maxSlippage) times the sum of q·strike of short puts
    /// and q·cap of long calls, which are hedged by a short.
    function hedgeReserve() external view returns (uint256);

    /// @notice USDC, 6 decimals, that could leave now: idle cash above the hedge reserve; zero while closed, which a
    /// series that has expired and waits for `settle` is a reason for too.
    function freeCash() external view returns (uint256);

    /// @notice USDC, 6 decimals, that the vault knows it holds: what others send in counts for nothing.
    function cash() external view returns (uint256);

    /// @notice The nonce the next rebalance must carry.
    function rebalanceNonce() external view returns (uint64);

    /// @notice Unix seconds; when the vault was deployed, until the first.
    function lastRebalanceAt() external view returns (uint64);

    function limits() external view returns (Limits memory);

    /// @notice The option positions: one for each series, at most 32, in no order.
    function legs() external view returns (Leg[] memory);

    /// @notice In the order `HedgeLeg.venue` counts them; none is ever removed.
    function venues() external view returns (IVenue[] memory);

    function optionBook() external view returns (IOptionBook);

    function priceOracle() external view returns (IPriceOracle);

    function volatilityOracle() external view returns (IVolatilityOracle);

    function riskEngine() external view returns (IRiskEngine);
}
