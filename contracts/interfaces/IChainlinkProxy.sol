// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title IChainlinkAggregatorProxy
/// @notice What is read of a Chainlink `EACAggregatorProxy`. A round id is `phase << 64 | round of the aggregator`; each
/// change of the aggregator behind the proxy begins a phase, the first being 1. The aggregators answer other contracts
/// only through the proxy.
interface IChainlinkAggregatorProxy {
    /// @notice Reverts, or answers `updatedAt == 0`, where the round has no data.
    function getRoundData(
        uint80 roundId
    )
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The phase `latestRoundData` reads.
    function phaseId() external view returns (uint16);

    /// @notice Decimals of the answers.
    function decimals() external view returns (uint8);
}
