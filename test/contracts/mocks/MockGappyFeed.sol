// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IChainlinkAggregatorProxy} from "../../../contracts/interfaces/IChainlinkProxy.sol";

/// @notice A feed whose rounds may lack data in ways the aggregators at hand cannot be brought to: anywhere, by answering
/// zeros instead of reverting, by burning all gas, or when the read is given little gas.
contract MockGappyFeed is IChainlinkAggregatorProxy {
    struct Round {
        int256 answer;
        uint256 updatedAt;
    }

    uint16 public phaseId = 1;
    uint8 public decimals = 8;
    mapping(uint80 => Round) public rounds;
    bool public answersZeros;
    bool public burnsGas;
    uint256 public gasNeeded;

    function setRound(uint80 id, int256 answer, uint256 updatedAt) external {
        rounds[id] = Round(answer, updatedAt);
    }

    function setPhase(uint16 phase) external {
        phaseId = phase;
    }

    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    function setNoData(bool answersZeros_, bool burnsGas_) external {
        answersZeros = answersZeros_;
        burnsGas = burnsGas_;
    }

    function setGasNeeded(uint256 gasNeeded_) external {
        gasNeeded = gasNeeded_;
    }

    function getRoundData(
        uint80 roundId
    ) external view returns (uint80, int256 answer, uint256, uint256 updatedAt, uint80) {
        require(gasleft() >= gasNeeded, "No data present");
        answer = rounds[roundId].answer;
        updatedAt = rounds[roundId].updatedAt;
        if (updatedAt == 0) {
            if (burnsGas) {
                assembly ("memory-safe") {
                    invalid()
                }
            }
            require(answersZeros, "No data present");
        }
        return (roundId, answer, updatedAt, updatedAt, roundId);
    }

    function latestRoundData() external pure returns (uint80, int256, uint256, uint256, uint80) {
        revert("No data present");
    }
}
