// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IRiskEngine} from "../../../contracts/interfaces/IRiskEngine.sol";
import {IVolatilityOracle} from "../../../contracts/interfaces/IVolatilityOracle.sol";
import {Leg} from "../../../contracts/types/Series.sol";
import {Box, Greeks} from "../../../contracts/types/Surface.sol";

/// @dev Measures the gas of calls by `gasleft`, and holds a book in storage as the vault does.
contract GasMeter {
    Leg[] private _legs;

    function setLegs(Leg[] calldata legs) external {
        _legs = legs;
    }

    /// @dev Of a call as it is within a transaction to `target`: its account is warm, all it reads is cold.
    function callGas(address target, bytes calldata data) external returns (uint256 gas) {
        bytes memory input = data;
        // Reading the size of its code warms it.
        require(target.code.length != 0, "no contract");
        bool success;
        gas = gasleft();
        assembly ("memory-safe") {
            success := call(gas(), target, 0, add(input, 32), mload(input), 0, 0)
        }
        gas -= gasleft();
        require(success, "call failed");
    }

    /// @dev Of valuing the stored book, every read cold: its legs, the surface, the engine.
    function storedBookGas(
        IRiskEngine engine,
        IVolatilityOracle volatilityOracle,
        uint256 spot
    ) external view returns (uint256 gas, Greeks memory greeks) {
        gas = gasleft();
        greeks = engine.book(_legs, spot, block.timestamp, volatilityOracle.surface());
        gas -= gasleft();
    }

    /// @dev Of the bounds of its value over a box, every read cold.
    function storedBoundsGas(
        IRiskEngine engine,
        IVolatilityOracle volatilityOracle,
        uint256 spot,
        Box calldata box
    ) external view returns (uint256 gas) {
        gas = gasleft();
        engine.bounds(_legs, spot, block.timestamp, volatilityOracle.surface(), box);
        gas -= gasleft();
    }
}
