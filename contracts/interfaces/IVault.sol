// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {Leg, SeriesId} from "../types/Series.sol";
import {Greeks} from "../types/Surface.sol";
import {Budget} from "../vault/Budget.sol";
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
/// Half of it while the book is past `maxGamma` or `maxVega`.
/// @param ripcordDrift ETH, 18 decimals: |drift| from which it is a breach, which in the end anybody may mend.
/// @param maxSlippage Widest distance of an execution price from the oracle's, fees included.
/// @param rescueSlippage What that distance widens to, a step a minute, while a breach stands.
/// @param quoteEdge How far below mark an option may be sold, or above it bought.
/// @param shortMarginRatio Cash a short of 1 USD needs beyond its own proceeds at the oracle price: health factor it opens
/// at / liquidation threshold - 1. Sets the hedge reserve of what is hedged by a short.
/// @param maxGamma Delta in USD that a price move of 1 % adds, as a share of NAV, beyond which nothing is traded that
/// adds to it.
/// @param maxVega USD that a move of volatility by 0.01 brings, as a share of NAV, likewise.
/// @param ripcordReward USDC, 6 decimals: the most that mending a breach pays whoever does it.
/// @param maxAge Seconds after the last rebalance at which one is due whatever the drift.
struct Limits {
    uint128 minDrift;
    uint128 ripcordDrift;
    uint64 maxSlippage;
    uint64 rescueSlippage;
    uint64 quoteEdge;
    uint64 shortMarginRatio;
    uint64 maxGamma;
    uint64 maxVega;
    uint64 ripcordReward;
    uint32 maxAge;
}

/// @notice What the budgets count, each as a share of NAV.
/// - Loss, Turnover: what rebalances lose at the oracle price, and the value they trade
/// - RescueLoss, RescueTurnover: the same of those that trade past `maxSlippage` or without the pool's agreement, rewards
///   included
/// - QuoteLoss: what fills lose against the mark
/// - QuoteDelta, QuoteVega: the value of the delta that fills trade, and what their options would change by if all
///   volatilities doubled (to first order): times an error of the mark's price or volatility it is what that error costs.
///   What both errors cost beyond that, within the box that bid and ask cover, is in QuoteDelta too
enum Use {
    Loss,
    Turnover,
    RescueLoss,
    RescueTurnover,
    QuoteLoss,
    QuoteDelta,
    QuoteVega
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
    bool agreed;
    bool open;
    Greeks book;
    int256 venueDelta;
    int256 venueEquity;
}

/// @notice What the vault is worth, in USDC, 6 decimals, and what may be done at that price.
/// @param bid, ask Bounds of the value of the whole book for every ETH price within 1 % of the oracle's and all
/// volatilities within 5 % of the surface's: what leavers get and entrants pay. Gains of fills that are still locked
/// are in the ask only.
/// @param mid At the oracle's price and surface.
/// @param free Cash above what the hedge reserve needs of it.
/// @param entryOpen Whether the market is known well enough to sell shares at the ask.
/// @param exitOpen Whether it is to redeem at the bid at once.
/// @param queueOpen Whether it is to release the exits that wait: as `exitOpen`, and once no option is left and the first has
/// waited for three days a fresh price is enough for all who have, so that nothing can hold them for ever.
struct Value {
    int256 bid;
    int256 mid;
    int256 ask;
    uint256 free;
    bool entryOpen;
    bool exitOpen;
    bool queueOpen;
}

/// @notice The exits that wait and those that wait to be claimed.
/// @param waiting Shares, 12 decimals.
/// @param owed USDC, 6 decimals, set aside for claims.
/// @param oldestRequestAt When the first that waits was made, unix seconds; 0 when none does.
struct Queue {
    uint256 waiting;
    uint256 owed;
    uint256 oldestRequestAt;
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
    /// @notice A leg that reverted, in a venue that cannot trade just now; it filled nothing.
    event LegFailed(uint64 indexed rebalanceNonce, uint8 indexed venue, bytes reason);
    event BreachRecorded(int256 drift);
    event BreachEnded();
    /// @param reward USDC, 6 decimals, paid to `caller`.
    event RipcordPulled(address indexed caller, int256 driftBefore, int256 driftAfter, uint256 reward);
    event RedeemRequested(
        uint256 indexed requestId,
        address indexed receiver,
        address indexed owner,
        uint256 shares
    );
    /// @notice The first `shares` that waited were priced at `assets` USDC.
    event QueueProcessed(uint256 shares, uint256 assets);
    event Claimed(uint256 indexed requestId, address indexed receiver, uint256 assets);
    event LimitsSet(Limits limits);
    event BudgetSet(Use indexed use, uint64 capacity, uint64 perDay);
    /// @param cap ETH, 18 decimals.
    event VenueAdded(uint256 indexed index, IVenue venue, uint96 cap);
    event VenueCapSet(uint256 indexed index, uint96 cap);
    event ShutDown();

    error LimitOutOfRange();
    error BalanceOutOfRange();
    error IsShutDown();
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
    /// @notice USDC, 6 decimals, as in `HedgeReserveBreached`, which says what is there beyond the reserve.
    error LossTooLarge(int256 loss, uint256 maxLoss);
    /// @notice Shares of NAV, 18 decimals.
    error BudgetExceeded(Use use, uint256 asked, uint256 left);
    error NoBreach();
    /// @param from Unix seconds from which anybody may act; 0 where the breach is not on record.
    error BreachNotDue(uint256 from);
    error AlreadyRecorded(uint256 at);
    error ZeroShares();
    error NothingToProcess();
    error NothingToClaim();
    /// @notice An exit has waited too long for the vault to write anything.
    error ExitsFirst();
    /// @notice Shares of NAV, 18 decimals.
    error GammaTooLarge(uint256 gamma, uint256 limit);
    error VegaTooLarge(uint256 vega, uint256 limit);
    error PositionTooSmall(uint256 quantity);
    /// @notice For one option, USD, 18 decimals.
    error QuoteOutsideEdge(uint256 premium, uint256 mark);
    error TenorTooLong(uint256 tenor);
    error QuantityTooLarge();
    error HedgeReserveBreached(int256 spare);
    error UnknownSeries(SeriesId seriesId);
    error UnsolicitedOptions();

    /// @notice Moves net delta towards zero through `legs`, in order. Reverts unless a rebalance is due and the ETH and
    /// USDC prices are fresh, and unless |drift| falls (or, when a venue's margin is what is mended, stays within
    /// `minDrift`), no venue's margin gets worse below its trigger, and NAV at the oracle price falls by no more than
    /// `maxLoss` and what the budgets have left. A leg fills less, or nothing, rather than revert: where liquidity is
    /// short, where drift needs less than it did when the leg was sized, where it would open past a venue's cap or
    /// against another venue's opposite position, where its venue reverts. For the KEEPER role.
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

    /// @notice Puts a breach on record: |drift| of `ripcordDrift` or more, any position once no option is left, or a venue
    /// within half its margin trigger of liquidation. From then the slippage allowed to hedges widens by 0.5 % a minute up
    /// to `rescueSlippage`, and 15 minutes later, for an hour, anybody may mend it. Anyone may call.
    function recordBreach() external;

    /// @notice Takes a breach that has ended off the record, as any hedge that ends it does. Anyone may call.
    function clearBreach() external;

    /// @notice Mends a breach in the keeper's place: moves drift towards zero without crossing it or, while a margin is
    /// what is low (which needs no record and no wait), repays debt and tops margin up without |drift| leaving
    /// `ripcordDrift`. Legs fill as in `rebalance`. Charged to the budgets of rescues; once no option is left, when a
    /// position can only be closed, to that of losses alone. Anyone may call.
    /// @return reward USDC, 6 decimals, paid to the caller: up to `ripcordReward` for all that is done while one record
    /// stands, in proportion to the part of the breach (of `ripcordDrift` at least) that was mended and to the time since
    /// anybody might have (since the record, for a margin), full after 30 minutes; never what the budget has not left.
    function ripcord(HedgeLeg[] calldata legs) external returns (uint256 reward);

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

    /// @notice Joins the line of exits, for what does not fit `maxRedeem`. The shares cannot be taken back; they are priced
    /// at the bid of the moment they are processed, first come first served.
    /// @param receiver Whom `claim` pays.
    /// @return requestId For `claim`.
    function requestRedeem(
        uint256 shares,
        address receiver,
        address owner
    ) external returns (uint256 requestId);

    /// @notice Prices as much of the line as free cash affords and sets the assets aside; before, brings home what venues
    /// without a position still hold. Anyone may call.
    /// @return shares Processed, from the front of the line.
    /// @return assets USDC, 6 decimals.
    function processQueue() external returns (uint256 shares, uint256 assets);

    /// @notice Pays a request's receiver what has been processed of it, also in parts. Anyone may call, at any time.
    /// @return assets USDC, 6 decimals.
    function claim(uint256 requestId) external returns (uint256 assets);

    /// @notice What `claim` would pay, USDC, 6 decimals.
    function claimable(uint256 requestId) external view returns (uint256);

    /// @notice Who waits, and what is set aside.
    function queue() external view returns (Queue memory);

    /// @notice Cancels the vault's own quotes that carry `nonce`. For the GUARDIAN role.
    function cancelQuotes(uint256 nonce) external;

    /// @notice Closes entry and writing. De-risking, exits, settlement and claims go on. For the GUARDIAN role.
    function pause() external;

    /// @notice For the ADMIN role.
    function unpause() external;

    /// @notice Closes entry and writing for ever; everything that ends positions or lets people out goes on. For the ADMIN
    /// role.
    function shutdown() external;

    /// @notice For the ADMIN role; each limit has a hard ceiling.
    function setLimits(Limits calldata limits) external;

    /// @notice For the ADMIN role; each budget has a hard ceiling. What is used stays used.
    /// @param capacity, perDay Shares of NAV, 18 decimals.
    function setBudget(Use use, uint64 capacity, uint64 perDay) external;

    /// @notice Adds a venue that belongs to this vault. For the ADMIN role.
    /// @param cap ETH, 18 decimals: the largest |delta| that may be opened there.
    function addVenue(IVenue venue, uint96 cap) external;

    /// @notice For the ADMIN role. What is open past it may only be closed.
    function setVenueCap(uint256 index, uint96 cap) external;

    /// @notice What the vault is worth to entrants, at oracle marks and to leavers, and what is open.
    function value() external view returns (Value memory);

    /// @notice Prices, positions and what follows from them, valued once: net asset value in USDC, 6 decimals, at oracle
    /// marks (cash, venues, collateral in the option book and the value of the options; `totalAssets` is this, floored at
    /// zero), and why a rebalance is due, if it is.
    function status() external view returns (Marks memory marks, int256 nav, Trigger trigger);

    /// @notice Net asset value in USDC, 6 decimals, as `status` tells it.
    function nav() external view returns (int256);

    /// @notice Net delta of options and venues, ETH, 18 decimals; the target is zero.
    function drift() external view returns (int256);

    /// @notice Whether a rebalance is due, and why. Anyone may look.
    function needsRebalance() external view returns (bool due, Trigger trigger);

    /// @notice USDC, 6 decimals, that must stay outside the option book so that every hedge the book can ask for is
    /// affordable at `maxSlippage`: the larger of (1 + maxSlippage) times the sum of q·cap of short calls and q·strike of
    /// long puts, which are hedged by ETH, and (shortMarginRatio + maxSlippage) times the sum of q·strike of short puts
    /// and q·cap of long calls, which are hedged by a short.
    function hedgeReserve() external view returns (uint256);

    /// @notice USDC, 6 decimals, that the vault knows it holds: what others send in counts for nothing, nor what is set
    /// aside for claims.
    function cash() external view returns (uint256);

    /// @notice The nonce the next rebalance must carry.
    function rebalanceNonce() external view returns (uint64);

    /// @notice Unix seconds; when the vault was deployed, until the first.
    function lastRebalanceAt() external view returns (uint64);

    /// @notice When the breach on record was recorded, unix seconds; 0 when none is.
    function breachedAt() external view returns (uint64);

    function isShutdown() external view returns (bool);

    function limits() external view returns (Limits memory);

    function budget(Use use) external view returns (Budget memory);

    /// @notice The option positions: one for each series, at most 32, in no order.
    function legs() external view returns (Leg[] memory);

    /// @notice In the order `HedgeLeg.venue` counts them; none is ever removed.
    function venues() external view returns (IVenue[] memory);

    /// @notice ETH, 18 decimals.
    function venueCap(uint256 index) external view returns (uint96);

    function optionBook() external view returns (IOptionBook);

    function priceOracle() external view returns (IPriceOracle);

    function volatilityOracle() external view returns (IVolatilityOracle);

    function riskEngine() external view returns (IRiskEngine);
}
