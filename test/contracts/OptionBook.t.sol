// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";

import {IQuoteMaker, Quote} from "../../contracts/interfaces/IOptionBook.sol";
import {OptionBook} from "../../contracts/OptionBook.sol";
import {Leg, LegLib, SeriesId, SeriesLib} from "../../contracts/types/Series.sol";
import {MockGappyFeed} from "./mocks/MockGappyFeed.sol";
import {vm} from "./utils/Vm.sol";

contract SixDecimals is ERC20("Six decimals", "SIX") {
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev The test is also the maker of its quotes: it signs whatever it is asked about and listens to the fill hook.
contract OptionBookFuzzTest is IERC1271, IQuoteMaker, ERC1155Holder {
    uint40 private constant EXPIRY = 2_000_000_000;
    uint256 private constant SCALE = 1e20;
    uint80 private constant ROUND = (1 << 64) | 1;
    address private constant TAKER = address(0x7a);

    SixDecimals private usdc;
    MockGappyFeed private feed;
    OptionBook private book;

    address[3] private accounts = [address(0xa1), address(0xa2), address(0xa3)];

    bool private hookCalled;
    int256 private toldCashDelta;
    uint256 private toldPaid;

    function setUp() public {
        vm.warp(1_900_000_000);
        usdc = new SixDecimals();
        feed = new MockGappyFeed();
        book = new OptionBook(usdc, feed);
        for (uint256 i; i < 3; i++) _fund(accounts[i]);
        _fund(TAKER);
        _fund(address(this));
        book.setFillHook(true);
    }

    function testFuzz_IdRoundTrips(
        bool isPut,
        uint64 strike,
        uint64 cap,
        uint40 expiry,
        uint256 stray
    ) public pure {
        SeriesId id = SeriesLib.pack(isPut, strike, cap, expiry);
        require(id.isPut() == isPut && id.strike() == strike, "put, strike");
        require(id.cap() == cap && id.expiry() == expiry, "cap, expiry");
        require(id.isValid() == (isPut ? strike > cap : (cap > strike && strike > 0)), "validity");
        stray = (stray >> 169) << 169;
        require(!SeriesId.wrap(SeriesId.unwrap(id) | stray).isValid() || stray == 0, "stray bits");
    }

    function testFuzz_LegRoundTrips(
        bool isPut,
        uint64 strike,
        uint64 cap,
        uint40 expiry,
        int80 quantity
    ) public pure {
        SeriesId id = SeriesLib.pack(isPut, strike, cap, expiry);
        Leg leg = LegLib.pack(id, quantity);
        require(SeriesId.unwrap(leg.series()) == SeriesId.unwrap(id), "series");
        require(leg.quantity() == quantity, "quantity");
    }

    function testFuzz_PayoutIsWithinWidth(
        bool isPut,
        uint64 a,
        uint64 b,
        uint256 price,
        uint256 higher
    ) public pure {
        SeriesId id = _series(isPut, a, b);
        if (higher < price) (price, higher) = (higher, price);
        uint256 low = id.payout(isPut ? higher : price);
        uint256 high = id.payout(isPut ? price : higher);
        require(low <= high, "monotone");
        require(high <= id.width(), "width");
        require(id.payout(id.strike()) == 0, "at the strike");
        require(id.payout(id.cap()) == id.width(), "at the cap");
    }

    /// @dev Whatever is written, passed on and closed, everybody is paid to the unit, in any order.
    function testFuzz_EverybodyIsPaid(
        bool isPut,
        uint64 a,
        uint64 b,
        uint72[6] calldata quantities,
        uint256[4] calldata parts,
        uint64 price,
        uint256 order
    ) public {
        vm.assume(price != 0);
        SeriesId id = _series(isPut, a, b);
        uint256 deposited;
        // Each account writes twice: once to itself, once to its neighbour.
        for (uint256 i; i < 6; i++) {
            if (quantities[i] == 0) continue;
            vm.prank(accounts[i % 3]);
            deposited += book.write(id, quantities[i], accounts[(i + i / 3) % 3]);
        }
        for (uint256 i; i < 2; i++) _transferPart(id, accounts[i], accounts[i + 1], parts[i]);
        for (uint256 i; i < 2; i++) deposited -= _closePart(id, accounts[i], parts[i + 2]);
        require(usdc.balanceOf(address(book)) == deposited, "held");

        uint256 longs;
        uint256 shorts;
        for (uint256 i; i < 3; i++) {
            longs += book.balanceOf(accounts[i], SeriesId.unwrap(id));
            shorts += book.shortOf(accounts[i], id);
        }
        require(longs == shorts, "as many longs as shorts");

        feed.setRound(ROUND, int256(uint256(price)), EXPIRY);
        vm.warp(EXPIRY);
        book.settle(EXPIRY, ROUND, new uint80[](0));

        uint256 paid;
        // Some in a drawn order, now and then twice, then all that are left.
        for (uint256 i; i < 6; i++) {
            paid += _collect(id, (order >> (8 * i)) % 6, price);
        }
        for (uint256 slot; slot < 6; slot++) paid += _collect(id, slot, price);
        require(paid <= deposited, "no more than was held");
        require(deposited - paid <= 6, "no more than rounding stays");
        require(usdc.balanceOf(address(book)) == deposited - paid, "balance");
    }

    /// @dev After every write and close the shorts of each writer are covered by its own collateral.
    function testFuzz_ShortsStayCovered(bool isPut, uint64 a, uint64 b, uint72[8] calldata steps) public {
        SeriesId id = _series(isPut, a, b);
        for (uint256 i; i < 8; i++) {
            if (steps[i] == 0) continue;
            uint256 short = book.shortOf(accounts[0], id);
            uint256 taken = book.collateralFor(id, steps[i]);
            vm.prank(accounts[0]);
            if (steps[i] % 2 == 0 || short == 0) {
                require(book.write(id, steps[i], accounts[0]) == taken, "taken");
            } else {
                book.close(id, 1 + (steps[i] % short));
            }
            uint256 held = book.collateralOf(accounts[0], id);
            require(held * SCALE >= book.shortOf(accounts[0], id) * id.width(), "covered");
            require(usdc.balanceOf(address(book)) == held, "held");
        }
        uint256 rest = book.shortOf(accounts[0], id);
        if (rest != 0) {
            vm.prank(accounts[0]);
            book.close(id, rest);
        }
        require(usdc.balanceOf(address(book)) == 0, "all returned");
    }

    /// @dev The maker is told the change of its USDC to the unit, and its opposite position is used up first.
    function testFuzz_FillNetsAndTellsTheMaker(
        bool isPut,
        uint64 a,
        uint64 b,
        bool makerSells,
        uint72 own,
        uint72 quantity,
        uint64 premium
    ) public {
        vm.assume(quantity != 0);
        SeriesId id = _series(isPut, a, b);
        uint256 tokenId = SeriesId.unwrap(id);
        if (own != 0) {
            if (makerSells) {
                vm.prank(accounts[0]);
                book.write(id, own, address(this));
            } else {
                book.write(id, own, accounts[0]);
            }
        }
        if (!makerSells) {
            vm.prank(accounts[0]);
            book.write(id, quantity, TAKER);
        }
        Quote memory quote = Quote(
            address(this),
            TAKER,
            makerSells,
            id,
            quantity,
            premium,
            0,
            block.timestamp
        );
        uint256 before = usdc.balanceOf(address(this));
        uint256 takerBefore = usdc.balanceOf(TAKER);

        hookCalled = false;
        vm.prank(TAKER);
        uint256 paid = book.fill(quote, "", quantity);

        require(hookCalled && toldPaid == paid, "told");
        require(int256(usdc.balanceOf(address(this))) - int256(before) == toldCashDelta, "cash");
        uint256 netted = own < quantity ? own : quantity;
        uint256 rest = quantity - netted;
        if (makerSells) {
            require(paid * 1e18 >= uint256(quantity) * premium, "rounded up");
            require(takerBefore - usdc.balanceOf(TAKER) == paid, "taker pays");
            require(book.balanceOf(address(this), tokenId) == own - netted, "delivered");
            require(book.shortOf(address(this), id) == rest, "written");
            require(book.balanceOf(TAKER, tokenId) == quantity, "received");
        } else {
            require(paid * 1e18 <= uint256(quantity) * premium, "rounded down");
            require(usdc.balanceOf(TAKER) - takerBefore == paid, "taker is paid");
            require(book.shortOf(address(this), id) == own - netted, "closed");
            require(book.balanceOf(address(this), tokenId) == rest, "taken");
            require(book.balanceOf(TAKER, tokenId) == 0, "given");
        }
        uint256 held = book.collateralOf(address(this), id) + book.collateralOf(accounts[0], id);
        require(usdc.balanceOf(address(book)) == held, "held");
        require(
            book.collateralOf(address(this), id) >= book.collateralFor(id, book.shortOf(address(this), id)),
            "cover"
        );
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }

    function onQuoteFilled(
        Quote calldata,
        uint256,
        uint256 paid,
        int256 cashDelta
    ) external returns (bytes4) {
        hookCalled = true;
        toldPaid = paid;
        toldCashDelta = cashDelta;
        return IQuoteMaker.onQuoteFilled.selector;
    }

    /// @dev Slots 0 to 2 claim, 3 to 5 release. A second turn finds nothing left.
    function _collect(SeriesId id, uint256 slot, uint256 price) private returns (uint256 paid) {
        address account = accounts[slot % 3];
        uint256 payout = id.payout(price);
        uint256 expected;
        uint256 before = usdc.balanceOf(account);
        if (slot < 3) {
            expected = (book.balanceOf(account, SeriesId.unwrap(id)) * payout) / SCALE;
            vm.prank(account);
            paid = book.claim(id, account);
        } else {
            uint256 owed = (book.shortOf(account, id) * payout + SCALE - 1) / SCALE;
            expected = book.collateralOf(account, id) - owed;
            vm.prank(account);
            paid = book.release(id);
        }
        require(paid == expected, "to the unit");
        require(usdc.balanceOf(account) == before + paid, "received");
    }

    function _transferPart(SeriesId id, address from, address to, uint256 part) private {
        uint256 amount = part % (book.balanceOf(from, SeriesId.unwrap(id)) + 1);
        vm.prank(from);
        book.safeTransferFrom(from, to, SeriesId.unwrap(id), amount, "");
    }

    function _closePart(SeriesId id, address account, uint256 part) private returns (uint256 released) {
        uint256 long = book.balanceOf(account, SeriesId.unwrap(id));
        uint256 short = book.shortOf(account, id);
        uint256 amount = part % ((long < short ? long : short) + 1);
        if (amount == 0) return 0;
        vm.prank(account);
        return book.close(id, amount);
    }

    function _fund(address account) private {
        usdc.mint(account, 2 ** 100);
        vm.prank(account);
        usdc.approve(address(book), type(uint256).max);
    }

    /// @dev A valid series between any two prices, the width never 0.
    function _series(bool isPut, uint64 a, uint64 b) private pure returns (SeriesId) {
        (uint64 low, uint64 high) = a < b ? (a, b) : (b, a);
        if (low == high) low == 0 ? high++ : low--;
        if (!isPut && low == 0) {
            low = 1;
            if (high == 1) high = 2;
        }
        return isPut ? SeriesLib.pack(true, high, low, EXPIRY) : SeriesLib.pack(false, low, high, EXPIRY);
    }
}
