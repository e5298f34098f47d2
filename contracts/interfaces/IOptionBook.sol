// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SeriesId} from "../types/Series.sol";

/// @notice An offer to sell or buy options of one series, signed by its maker (EIP-712; EOA or ERC-1271).
/// @param maker The account that signed and trades.
/// @param taker The only account that may fill, or zero for anyone.
/// @param makerSells True if the maker sells, false if it buys.
/// @param seriesId The series.
/// @param quantity The most that may be filled in total, options on 1 ETH, 18 decimals.
/// @param premium USDC, 6 decimals, for one option (1e18 of quantity).
/// @param nonce Chosen by the maker; cancelling it cancels every quote that carries it.
/// @param deadline Unix seconds; the last second in which the quote may be filled.
struct Quote {
    address maker;
    address taker;
    bool makerSells;
    SeriesId seriesId;
    uint256 quantity;
    uint256 premium;
    uint256 nonce;
    uint256 deadline;
}

/// @notice What a maker implements to be told of fills, after asking for it with `setFillHook`.
interface IQuoteMaker {
    /// @notice Called at the end of a fill, when everything has moved; a revert undoes the fill.
    /// @param paid USDC, 6 decimals: the premium that changed hands.
    /// @param cashDelta USDC, 6 decimals: the change of the maker's USDC balance by the whole fill, premium and collateral.
    /// @return selector `IQuoteMaker.onQuoteFilled.selector`.
    function onQuoteFilled(
        Quote calldata quote,
        uint256 quantity,
        uint256 paid,
        int256 cashDelta
    ) external returns (bytes4 selector);
}

/// @title IOptionBook
/// @notice Fully collateralised, cash-settled, capped European options on ETH/USD in USDC. Longs are ERC-1155 tokens
/// whose id holds the terms (`SeriesId`); shorts are accounts of their writers. Immutable, without an owner; one USDC
/// counts as one USD by contract. Payouts to longs round down, collateral and payouts from shorts round up, so what is
/// held always covers what is owed.
interface IOptionBook {
    // In events and errors quantities are options on 1 ETH, 18 decimals; prices USD, 8; all other amounts USDC, 6.

    event Written(
        address indexed writer,
        SeriesId indexed seriesId,
        address indexed to,
        uint256 quantity,
        uint256 collateral
    );
    event Closed(address indexed account, SeriesId indexed seriesId, uint256 quantity, uint256 released);
    event QuoteFilled(
        bytes32 indexed quoteHash,
        address indexed maker,
        address indexed taker,
        SeriesId seriesId,
        bool makerSold,
        uint256 quantity,
        uint256 paid
    );
    event NonceCancelled(address indexed maker, uint256 indexed nonce);
    event FillHookSet(address indexed maker, bool enabled);
    event Settled(uint40 indexed expiry, uint256 price, uint80 roundId);
    event Claimed(address indexed holder, SeriesId indexed seriesId, uint256 quantity, uint256 payout);
    event Released(address indexed writer, SeriesId indexed seriesId, uint256 quantity, uint256 released);

    error InvalidSeries(SeriesId seriesId);
    error SeriesExpired(SeriesId seriesId);
    error ZeroQuantity();
    error QuantityTooLarge(uint256 quantity);
    error QuoteExpired(uint256 deadline);
    error QuoteNotForTaker(address taker);
    error QuoteCancelled(uint256 nonce);
    error QuoteExceeded(uint256 available);
    error InvalidSignature();
    error FillHookRefused();
    error NothingToClose();
    error NotExpired(uint40 expiry);
    error AlreadySettled(uint40 expiry);
    error NotSettled(uint40 expiry);
    error InvalidRoundProof();
    error InsufficientGas(uint256 needed);
    error FallbackTooEarly(uint256 from);
    error NotHolderNorApproved(address caller);
    error InvalidDecimals(address source);

    /// @notice Fills `quantity` of `quote`. The maker's own opposite position is used first: a selling maker delivers
    /// longs it holds before writing new ones, a buying maker closes shorts before taking longs. A buying taker always
    /// receives longs; a selling taker must hold them.
    /// @return paid USDC, 6 decimals, rounded in the maker's favour.
    function fill(
        Quote calldata quote,
        bytes calldata signature,
        uint256 quantity
    ) external returns (uint256 paid);

    /// @notice Writes `quantity` of `id` against the caller's USDC and mints the longs to `to`.
    /// @return collateral USDC, 6 decimals.
    function write(SeriesId id, uint256 quantity, address to) external returns (uint256 collateral);

    /// @notice Burns longs of the caller against its shorts of the same series and returns their collateral.
    /// @return released USDC, 6 decimals.
    function close(SeriesId id, uint256 quantity) external returns (uint256 released);

    /// @notice Cancels every quote of the caller that carries `nonce`.
    function cancel(uint256 nonce) external;

    /// @notice While a maker is handed options its quote buys, that maker; zero at any other time. A maker that keeps its
    /// own ledger refuses all others by it.
    function buyingMaker() external view returns (address);

    /// @notice Asks for, or stops, `IQuoteMaker.onQuoteFilled` calls to the caller.
    function setFillHook(bool enabled) external;

    /// @notice Settles every series of `expiry` at the first Chainlink round with `updatedAt >= expiry` (ties: the
    /// lower id), in the lowest phase that has one. Anyone may call.
    /// @param roundId That round, as the proxy numbers it.
    /// @param lastRounds For each phase below it, from 1 up, the proxy id of its last round; a phase without rounds is
    /// given as its round 0. Each is shown to end before expiry.
    function settle(uint40 expiry, uint80 roundId, uint80[] calldata lastRounds) external;

    /// @notice From 3 days after `expiry`, if no round at or after it exists, settles at the last round before it.
    /// @param roundId The last round of the highest phase that has rounds.
    /// @param lastRounds As in `settle`, for each phase below that one.
    function settleWithLastRound(uint40 expiry, uint80 roundId, uint80[] calldata lastRounds) external;

    /// @notice Pays `holder` for all its longs of a settled series and burns them; for the holder or its ERC-1155 operator.
    /// @return payout USDC, 6 decimals.
    function claim(SeriesId id, address holder) external returns (uint256 payout);

    /// @notice Returns to the caller what its shorts of a settled series do not owe.
    /// @return released USDC, 6 decimals.
    function release(SeriesId id) external returns (uint256 released);

    /// @notice USD, 8 decimals; 0 until settled.
    function settlementPrice(uint40 expiry) external view returns (uint256);

    /// @notice Shorts of `writer`, options on 1 ETH, 18 decimals.
    function shortOf(address writer, SeriesId id) external view returns (uint256);

    /// @notice USDC, 6 decimals, held for the shorts of `writer`.
    function collateralOf(address writer, SeriesId id) external view returns (uint256);

    /// @notice USDC, 6 decimals, that writing `quantity` takes: its largest payout, rounded up.
    function collateralFor(SeriesId id, uint256 quantity) external pure returns (uint256);

    /// @notice The EIP-712 digest a maker signs.
    function hashQuote(Quote calldata quote) external view returns (bytes32);

    /// @notice How much of the quote with this digest has been filled, options on 1 ETH, 18 decimals.
    function filled(bytes32 quoteHash) external view returns (uint256);

    function isCancelled(address maker, uint256 nonce) external view returns (bool);
}
