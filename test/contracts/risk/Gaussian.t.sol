// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Gaussian} from "../../../contracts/risk/Gaussian.sol";

contract GaussianTest {
    /// @dev The inputs of interest; what the fuzzer draws is mostly far outside.
    function near(int256 x) private pure returns (int256) {
        return x % 9.5e18;
    }

    function testFuzz_CdfIsMonotone(int256 x, int256 y) external pure {
        (x, y) = x < y ? (near(x), near(y)) : (near(y), near(x));
        if (x > y) (x, y) = (y, x);
        assert(Gaussian.cdf(x) <= Gaussian.cdf(y));
    }

    /// @dev Neighbours, down to one unit of the last place.
    function testFuzz_CdfIsMonotoneNearby(int256 x, uint8 step) external pure {
        x = near(x);
        assert(Gaussian.cdf(x) <= Gaussian.cdf(x + int256(uint256(step))));
    }

    function testFuzz_CdfComplements(int256 x) external pure {
        x = near(x);
        assert(Gaussian.cdf(x) + Gaussian.cdf(-x) == 1e18);
    }

    function testFuzz_DensityIsEven(int256 x) external pure {
        x = near(x);
        assert(Gaussian.pdf(x) == Gaussian.pdf(-x));
        assert(Gaussian.pdf(x) <= Gaussian.pdf(0));
    }

    /// @dev N(y) - N(x) lies between (y - x) times the lesser and the greater density of the two ends.
    function testFuzz_CdfIntegratesDensity(int256 x, uint256 step) external pure {
        x = near(x);
        if (x < 0) x = -x;
        int256 y = x + int256(step % 1e15);
        uint256 rise = Gaussian.cdf(y) - Gaussian.cdf(x);
        uint256 width = uint256(y - x);
        assert(rise <= (width * (Gaussian.pdf(x) + 1)) / 1e18 + 50);
        assert(rise + 50 >= (width * Gaussian.pdf(y)) / 1e18);
    }

    function testFuzz_NothingReverts(int256 x) external pure {
        assert(Gaussian.cdf(x) <= 1e18);
        assert(Gaussian.pdf(x) <= 0.398942280401432678e18);
    }

    function test_Ends() external pure {
        assert(Gaussian.cdf(0) == 0.5e18);
        assert(Gaussian.cdf(type(int256).max) == 1e18);
        assert(Gaussian.cdf(type(int256).min) == 0);
        assert(Gaussian.pdf(type(int256).max) == 0);
        assert(Gaussian.pdf(type(int256).min) == 0);
        assert(Gaussian.pdf(0) == 0.398942280401432677e18);
    }
}
