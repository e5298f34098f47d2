// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice The part of a Chainlink aggregator proxy Keel uses. A proxy round id is `phase << 64 | aggregator round`.
interface IChainlinkProxy {
    function decimals() external view returns (uint8);

    function phaseId() external view returns (uint16);

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    function getRoundData(
        uint80 id
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
