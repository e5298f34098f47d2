// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice An aggregator behind a Chainlink proxy that gives answers no aggregator should give, or none.
contract MockFaultyAggregator {
    uint8 public constant decimals = 8;
    int256 public answer;
    uint256 public updatedAt;
    bool public reverts;

    function set(int256 answer_, uint256 updatedAt_) external {
        (answer, updatedAt) = (answer_, updatedAt_);
    }

    function setReverts(bool reverts_) external {
        reverts = reverts_;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        require(!reverts, "No data present");
        return (1, answer, updatedAt, updatedAt, 1);
    }
}
