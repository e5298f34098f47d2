// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IChainlinkAggregatorProxy} from "./interfaces/IChainlinkProxy.sol";
import {IOptionBook, IQuoteMaker, Quote} from "./interfaces/IOptionBook.sol";
import {RoundProof} from "./oracles/RoundProof.sol";
import {SeriesId} from "./types/Series.sol";

/// @title OptionBook
/// @notice See `IOptionBook`.
/// @dev What is held covers what is owed. For one series let w be its width, p <= w its payout, Q_i the shorts of writer
/// i, held_i the collateral kept for them, and L_j the longs of holder j. Then at all times
///   (1) sum L_j = sum Q_i: each mint adds what its writer's shorts grow by, each burn before a claim takes it from both;
///   (2) held_i >= ceil(Q_i * w / SCALE): a write adds ceil(q * w / SCALE), and ceil(a) + ceil(b) >= ceil(a + b); a close
///       leaves exactly the right side.
/// At settlement writer i owes ceil(Q_i * p / SCALE) <= held_i; its release takes held_i less that, whether holders have
/// claimed or not. What stays is sum ceil(Q_i * p / SCALE) >= (sum L_j) * p / SCALE >= sum floor(L_j * p / SCALE), and a
/// holder that claims in parts, or passes some on, gets no more, since floor(a) + floor(b) <= floor(a + b). So each claim
/// and each release is paid in full in any order, and series never pay for one another.
contract OptionBook is IOptionBook, ERC1155, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Short {
        uint128 quantity;
        uint128 collateral;
    }

    /// @dev Quantity (18 decimals) times USD (8 decimals) over this is USDC (6 decimals).
    uint256 private constant SCALE = 1e20;

    /// @dev Quantities fit an `int80`. Then collateral is below 2^79 * 2^64 / SCALE < 2^77 and fits a `uint128`.
    uint256 private constant MAX_QUANTITY = 2 ** 79 - 1;

    uint256 private constant FALLBACK_DELAY = 3 days;

    bytes32 private constant QUOTE_TYPEHASH = keccak256(
        "Quote(address maker,address taker,bool makerSells,uint256 seriesId,uint256 quantity,uint256 premium,uint256 nonce,uint256 deadline)"
    );

    /// @notice Circle's USDC, 6 decimals.
    IERC20 public immutable usdc;

    /// @notice Chainlink's ETH/USD proxy, 8 decimals.
    IChainlinkAggregatorProxy public immutable feed;

    /// @inheritdoc IOptionBook
    mapping(uint40 expiry => uint256) public settlementPrice;

    /// @inheritdoc IOptionBook
    mapping(bytes32 quoteHash => uint256) public filled;

    /// @inheritdoc IOptionBook
    mapping(address maker => mapping(uint256 nonce => bool)) public isCancelled;

    /// @notice Whether `maker` has asked to be called at the end of its fills.
    mapping(address maker => bool) public hasFillHook;

    /// @inheritdoc IOptionBook
    address public transient buyingMaker;

    mapping(address writer => mapping(SeriesId id => Short)) private _shorts;

    constructor(IERC20 usdc_, IChainlinkAggregatorProxy feed_) ERC1155("") EIP712("Keel OptionBook", "1") {
        if (IERC20Metadata(address(usdc_)).decimals() != 6) revert InvalidDecimals(address(usdc_));
        if (feed_.decimals() != 8) revert InvalidDecimals(address(feed_));
        usdc = usdc_;
        feed = feed_;
    }

    // ---------------------------------------------------------------- trading

    /// @inheritdoc IOptionBook
    function fill(
        Quote calldata quote,
        bytes calldata signature,
        uint256 quantity
    ) external nonReentrant returns (uint256 paid) {
        if (block.timestamp > quote.deadline) revert QuoteExpired(quote.deadline);
        // A maker that fills its own quote would be told of cash that never moved.
        if (msg.sender == quote.maker || (quote.taker != address(0) && msg.sender != quote.taker)) {
            revert QuoteNotForTaker(msg.sender);
        }
        if (isCancelled[quote.maker][quote.nonce]) revert QuoteCancelled(quote.nonce);
        _requireTradable(quote.seriesId, quantity);

        bytes32 quoteHash = hashQuote(quote);
        if (!SignatureChecker.isValidSignatureNowCalldata(quote.maker, quoteHash, signature)) {
            revert InvalidSignature();
        }
        uint256 available = quote.quantity - filled[quoteHash];
        if (quantity > available) revert QuoteExceeded(available);
        filled[quoteHash] += quantity;

        paid = Math.mulDiv(
            quantity,
            quote.premium,
            1e18,
            quote.makerSells ? Math.Rounding.Ceil : Math.Rounding.Floor
        );
        emit QuoteFilled(
            quoteHash,
            quote.maker,
            msg.sender,
            quote.seriesId,
            quote.makerSells,
            quantity,
            paid
        );

        int256 cashDelta =
            quote.makerSells
                ? _makerSells(quote.maker, quote.seriesId, quantity, paid)
                : _makerBuys(quote.maker, quote.seriesId, quantity, paid);

        if (
            hasFillHook[quote.maker] &&
            IQuoteMaker(quote.maker).onQuoteFilled(quote, quantity, paid, cashDelta) !=
                IQuoteMaker.onQuoteFilled.selector
        ) revert FillHookRefused();
    }

    /// @inheritdoc IOptionBook
    function write(
        SeriesId id,
        uint256 quantity,
        address to
    ) external nonReentrant returns (uint256 collateral) {
        _requireTradable(id, quantity);
        collateral = _openShort(msg.sender, id, quantity, to);
        usdc.safeTransferFrom(msg.sender, address(this), collateral);
        _mint(to, SeriesId.unwrap(id), quantity, "");
    }

    /// @inheritdoc IOptionBook
    /// @dev At any time, also after expiry: a long and a short of one series owe nothing to anybody else, so a pair is
    /// worth its width without a settlement price.
    function close(SeriesId id, uint256 quantity) external nonReentrant returns (uint256 released) {
        if (quantity == 0) revert ZeroQuantity();
        released = _closeShort(msg.sender, id, quantity);
        _burn(msg.sender, SeriesId.unwrap(id), quantity);
        usdc.safeTransfer(msg.sender, released);
    }

    /// @inheritdoc IOptionBook
    function cancel(uint256 nonce) external {
        isCancelled[msg.sender][nonce] = true;
        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IOptionBook
    function setFillHook(bool enabled) external {
        hasFillHook[msg.sender] = enabled;
        emit FillHookSet(msg.sender, enabled);
    }

    /// @dev The premium moves first, so a maker may pay collateral out of it. Tokens move last: a contract that receives
    /// them is called when everything else is done, and can only undo the fill.
    function _makerSells(
        address maker,
        SeriesId id,
        uint256 quantity,
        uint256 paid
    ) private returns (int256 cashDelta) {
        uint256 tokenId = SeriesId.unwrap(id);
        uint256 delivered = Math.min(quantity, balanceOf(maker, tokenId));
        uint256 written = quantity - delivered;
        uint256 collateral = written == 0 ? 0 : _openShort(maker, id, written, msg.sender);

        usdc.safeTransferFrom(msg.sender, maker, paid);
        if (written != 0) usdc.safeTransferFrom(maker, address(this), collateral);
        if (delivered != 0) _safeTransferFrom(maker, msg.sender, tokenId, delivered, "");
        if (written != 0) _mint(msg.sender, tokenId, written, "");
        return int256(paid) - int256(collateral);
    }

    /// @dev Collateral is released first, so a maker may pay the premium out of it.
    function _makerBuys(
        address maker,
        SeriesId id,
        uint256 quantity,
        uint256 paid
    ) private returns (int256 cashDelta) {
        uint256 tokenId = SeriesId.unwrap(id);
        uint256 closed = Math.min(quantity, _shorts[maker][id].quantity);
        uint256 taken = quantity - closed;
        uint256 released;
        if (closed != 0) {
            released = _closeShort(maker, id, closed);
            _burn(msg.sender, tokenId, closed);
            usdc.safeTransfer(maker, released);
        }

        usdc.safeTransferFrom(maker, msg.sender, paid);
        if (taken != 0) {
            buyingMaker = maker;
            _safeTransferFrom(msg.sender, maker, tokenId, taken, "");
            buyingMaker = address(0);
        }
        return int256(released) - int256(paid);
    }

    /// @dev The caller takes `collateral` from `writer` and mints `quantity` to `to`.
    function _openShort(
        address writer,
        SeriesId id,
        uint256 quantity,
        address to
    ) private returns (uint256 collateral) {
        Short storage short = _shorts[writer][id];
        uint256 total = short.quantity + quantity;
        if (total > MAX_QUANTITY) revert QuantityTooLarge(total);
        collateral = _collateralFor(id, quantity);
        short.quantity = uint128(total);
        // The cast is safe by `MAX_QUANTITY`, the sum is checked.
        short.collateral += uint128(collateral);
        emit Written(writer, id, to, quantity, collateral);
    }

    /// @dev The caller burns `quantity` longs and pays `released` to `writer`. Rounding of earlier writes is released too.
    function _closeShort(address writer, SeriesId id, uint256 quantity) private returns (uint256 released) {
        Short storage short = _shorts[writer][id];
        if (quantity > short.quantity) revert NothingToClose();
        uint256 remaining = short.quantity - quantity;
        uint256 collateral = _collateralFor(id, remaining);
        released = short.collateral - collateral;
        short.quantity = uint128(remaining);
        short.collateral = uint128(collateral);
        emit Closed(writer, id, quantity, released);
    }

    function _requireTradable(SeriesId id, uint256 quantity) private view {
        if (!id.isValid()) revert InvalidSeries(id);
        if (block.timestamp >= id.expiry()) revert SeriesExpired(id);
        if (quantity == 0) revert ZeroQuantity();
        if (quantity > MAX_QUANTITY) revert QuantityTooLarge(quantity);
    }

    // ------------------------------------------------------------- settlement

    /// @inheritdoc IOptionBook
    function settle(uint40 expiry, uint80 roundId, uint80[] calldata lastRounds) external {
        _requireSettleable(expiry);
        _settle(expiry, RoundProof.first(feed, expiry, roundId, lastRounds), roundId);
    }

    /// @inheritdoc IOptionBook
    function settleWithLastRound(uint40 expiry, uint80 roundId, uint80[] calldata lastRounds) external {
        _requireSettleable(expiry);
        uint256 from = expiry + FALLBACK_DELAY;
        if (block.timestamp < from) revert FallbackTooEarly(from);
        _settle(expiry, RoundProof.last(feed, expiry, roundId, lastRounds), roundId);
    }

    /// @inheritdoc IOptionBook
    function claim(SeriesId id, address holder) external nonReentrant returns (uint256 payout) {
        if (msg.sender != holder && !isApprovedForAll(holder, msg.sender)) {
            revert NotHolderNorApproved(msg.sender);
        }
        uint256 price = _settledPrice(id);
        uint256 quantity = balanceOf(holder, SeriesId.unwrap(id));
        if (quantity == 0) return 0;
        // An id that has longs was checked when they were written.
        payout = Math.mulDiv(quantity, id.payout(price), SCALE);
        emit Claimed(holder, id, quantity, payout);
        _burn(holder, SeriesId.unwrap(id), quantity);
        usdc.safeTransfer(holder, payout);
    }

    /// @inheritdoc IOptionBook
    function release(SeriesId id) external nonReentrant returns (uint256 released) {
        uint256 price = _settledPrice(id);
        Short memory short = _shorts[msg.sender][id];
        if (short.quantity == 0) return 0;
        delete _shorts[msg.sender][id];
        released = short.collateral - Math.ceilDiv(short.quantity * id.payout(price), SCALE);
        emit Released(msg.sender, id, short.quantity, released);
        usdc.safeTransfer(msg.sender, released);
    }

    function _settle(uint40 expiry, uint256 price, uint80 roundId) private {
        settlementPrice[expiry] = price;
        emit Settled(expiry, price, roundId);
    }

    function _requireSettleable(uint40 expiry) private view {
        if (block.timestamp < expiry) revert NotExpired(expiry);
        if (settlementPrice[expiry] != 0) revert AlreadySettled(expiry);
    }

    function _settledPrice(SeriesId id) private view returns (uint256 price) {
        price = settlementPrice[id.expiry()];
        if (price == 0) revert NotSettled(id.expiry());
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IOptionBook
    function shortOf(address writer, SeriesId id) external view returns (uint256) {
        return _shorts[writer][id].quantity;
    }

    /// @inheritdoc IOptionBook
    function collateralOf(address writer, SeriesId id) external view returns (uint256) {
        return _shorts[writer][id].collateral;
    }

    /// @inheritdoc IOptionBook
    function collateralFor(SeriesId id, uint256 quantity) external pure returns (uint256) {
        if (!id.isValid()) revert InvalidSeries(id);
        return _collateralFor(id, quantity);
    }

    /// @inheritdoc IOptionBook
    function hashQuote(Quote calldata quote) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(QUOTE_TYPEHASH, quote)));
    }

    function _collateralFor(SeriesId id, uint256 quantity) private pure returns (uint256) {
        return Math.ceilDiv(quantity * id.width(), SCALE);
    }
}
