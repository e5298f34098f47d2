// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {BookLimits} from "../../contracts/vault/BookLimits.sol";

contract BookLimitsFuzzTest {
    int256 private constant NAV = 1_000_000e6;

    /// @dev At 3,000 USD a move of 1 % is 30 USD, and each ETH of delta it adds is worth 3,000 USD.
    function testFuzz_SharesAreRoundedUp(uint64 gamma, uint64 vega) public pure {
        uint256 delta = uint256(gamma) * 3_000 * 30e18;
        require(BookLimits.gammaShare(int256(uint256(gamma)), 3_000e18, NAV) == _ceil(delta), "gamma");
        require(BookLimits.gammaShare(-int256(uint256(gamma)), 3_000e18, NAV) == _ceil(delta), "short gamma");
        uint256 change = uint256(vega) * 0.01e18;
        require(BookLimits.vegaShare(int256(uint256(vega)), NAV) == _ceil(change), "vega");
        require(BookLimits.vegaShare(-int256(uint256(vega)), NAV) == _ceil(change), "short vega");
    }

    /// @dev However large the book; NAV is a sum of what fits 128 bits.
    function testFuzz_NeverRevert(int256 gamma, int256 vega, uint256 ethUsd, int128 nav) public pure {
        BookLimits.gammaShare(gamma, ethUsd, nav);
        BookLimits.vegaShare(vega, nav);
    }

    function test_WithoutAPositiveNavAnyIsTooMuch() public pure {
        for (int256 nav = -1; nav <= 0; ++nav) {
            require(BookLimits.gammaShare(1e9, 3_000e18, nav) == type(uint256).max, "gamma");
            require(BookLimits.vegaShare(-1, nav) == type(uint256).max, "vega");
            require(BookLimits.gammaShare(0, 3_000e18, nav) == 0, "no gamma");
            require(BookLimits.vegaShare(0, nav) == 0, "no vega");
        }
    }

    function _ceil(uint256 amount) private pure returns (uint256) {
        uint256 nav = uint256(NAV) * 1e12;
        return amount / nav + (amount % nav == 0 ? 0 : 1);
    }
}
