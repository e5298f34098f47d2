// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Gaussian} from "../../../contracts/risk/Gaussian.sol";

/// @dev Where the tails end: nine standard deviations out.
contract GaussianEndsTest {
    function test_DensityIsCutOffAtNineAndNotBefore() external pure {
        assert(Gaussian.pdf(9e18) == 0);
        assert(Gaussian.pdf(-9e18) == 0);
        assert(Gaussian.pdf(9e18 - 1) == 1);
        assert(Gaussian.pdf(1 - 9e18) == 1);
    }
}
