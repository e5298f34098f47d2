// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {BlackScholes} from "../../../contracts/risk/BlackScholes.sol";
import {Gaussian} from "../../../contracts/risk/Gaussian.sol";
import {IRiskEngine} from "../../../contracts/interfaces/IRiskEngine.sol";
import {Leg} from "../../../contracts/types/Series.sol";
import {Greeks, Surface} from "../../../contracts/types/Surface.sol";

/// @dev Opens the risk libraries to tests: many calls in one, and the gas of one.
contract RiskHarness {
    struct Option {
        bool isPut;
        uint256 spot;
        uint256 strike;
        uint256 cap;
        uint256 sigma;
        uint256 tau;
        uint256 forward;
    }

    function cdf(int256[] calldata xs) external pure returns (uint256[] memory ys) {
        ys = new uint256[](xs.length);
        for (uint256 i; i < xs.length; ++i) ys[i] = Gaussian.cdf(xs[i]);
    }

    function pdf(int256[] calldata xs) external pure returns (uint256[] memory ys) {
        ys = new uint256[](xs.length);
        for (uint256 i; i < xs.length; ++i) ys[i] = Gaussian.pdf(xs[i]);
    }

    function greeks(
        IRiskEngine engine,
        Option[] calldata options
    ) external pure returns (Greeks[] memory answers) {
        answers = new Greeks[](options.length);
        for (uint256 i; i < options.length; ++i) {
            Option calldata o = options[i];
            answers[i] = engine.greeks(o.isPut, o.spot, o.strike, o.cap, o.sigma, o.tau, o.forward);
        }
    }

    function cdfGas(int256 x) external view returns (uint256 gas, uint256 y) {
        gas = gasleft();
        y = Gaussian.cdf(x);
        gas -= gasleft();
    }

    /// @dev Of the library alone, the expiry's part included.
    function vanillaGas(Option calldata o) external view returns (uint256 gas, Greeks memory g) {
        (bool isPut, uint256 spot, uint256 strike) = (o.isPut, o.spot, o.strike);
        (uint256 sigma, uint256 tau, uint256 forward) = (o.sigma, o.tau, o.forward);
        gas = gasleft();
        BlackScholes.Market memory m;
        BlackScholes.market(m, spot, tau, forward);
        BlackScholes.capped(g, m, isPut, strike, 0, sigma);
        gas -= gasleft();
    }

    /// @dev Of a warm call, its encoding and decoding included.
    function bookGas(
        IRiskEngine engine,
        Leg[] calldata legs,
        uint256 spot,
        uint256 timestamp,
        Surface calldata surface
    ) external view returns (uint256 gas) {
        engine.book(legs, spot, timestamp, surface);
        gas = gasleft();
        engine.book(legs, spot, timestamp, surface);
        gas -= gasleft();
    }
}
