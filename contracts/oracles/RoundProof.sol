// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IChainlinkAggregatorProxy} from "../interfaces/IChainlinkProxy.sol";
import {IOptionBook} from "../interfaces/IOptionBook.sol";

/// @title RoundProof
/// @notice Checks, from the rounds of a Chainlink proxy alone, that a round is the one that settles an expiry.
/// @dev Rests on what every Chainlink aggregator does: within a phase `updatedAt` never falls as rounds rise, and a round
/// is not answered before the one below it, but for rounds at the beginning of a phase that timed out unanswered and
/// never get data. So below a round with data its nearest lower round with data decides, and above it the next round.
///
/// A caller must not be able to make a round look absent by leaving its read too little gas: `_read` gives each read the
/// same stated gas, whatever the transaction has, so that what is read depends on the chain alone.
library RoundProof {
    /// @dev How many rounds below a round, or from the beginning of a phase, are looked at for one with data.
    uint256 private constant MAX_GAP = 16;

    /// @dev Ten times what a read of a proxy costs with everything cold.
    uint256 private constant READ_GAS = 300_000;

    /// @dev A call passes on at most 63/64 of the gas left once its own cost is paid; 10,000 covers that cost (2,600) and
    /// what is done between the check and the call.
    uint256 private constant READ_GAS_NEEDED = (READ_GAS * 64) / 63 + 10_000;

    /// @notice The answer of `roundId`, shown to be the first round with `updatedAt >= expiry` in the lowest phase that
    /// has one. Rounds with an answer of 0 or less do not count, so one does not block settlement for ever.
    /// @return price USD, 8 decimals.
    function first(
        IChainlinkAggregatorProxy feed,
        uint40 expiry,
        uint80 roundId,
        uint80[] calldata lastRounds
    ) internal view returns (uint256 price) {
        (int256 answer, uint256 updatedAt) = _read(feed, roundId);
        _require(answer > 0 && updatedAt >= expiry);
        _require(_isFirstOfPhase(feed, expiry, roundId));
        _requireEarlier(feed, expiry, uint16(roundId >> 64), lastRounds);
        return uint256(answer);
    }

    /// @notice The answer of `roundId`, shown to be the last round of all and to end before `expiry`.
    /// @dev No `roundId` passes both this and `first` with any other at one time: this shows that no round at or after
    /// `expiry` exists.
    /// @return price USD, 8 decimals.
    function last(
        IChainlinkAggregatorProxy feed,
        uint40 expiry,
        uint80 roundId,
        uint80[] calldata lastRounds
    ) internal view returns (uint256 price) {
        uint16 phase = uint16(roundId >> 64);
        (int256 answer, uint256 updatedAt) = _read(feed, roundId);
        _require(answer > 0 && updatedAt < expiry);
        _require(_isLastOfPhase(feed, roundId));
        // As many turns as Chainlink has changed the aggregator since that round.
        for (uint256 above = feed.phaseId(); above > phase; --above) _require(_isEmpty(feed, uint16(above)));
        _requireEarlier(feed, expiry, phase, lastRounds);
        return uint256(answer);
    }

    /// @dev Whether no lower round of the phase of `roundId` is usable and at or after `expiry`.
    function _isFirstOfPhase(
        IChainlinkAggregatorProxy feed,
        uint40 expiry,
        uint80 roundId
    ) private view returns (bool) {
        for (uint256 i; i < MAX_GAP; ++i) {
            if (uint64(roundId) <= 1) return true;
            --roundId;
            (int256 answer, uint256 updatedAt) = _read(feed, roundId);
            if (updatedAt == 0) continue;
            if (updatedAt < expiry) return true;
            if (answer > 0) return false;
        }
        return false;
    }

    /// @dev Requires that each phase below `phase` ends before `expiry`. Its last round is found by the caller.
    function _requireEarlier(
        IChainlinkAggregatorProxy feed,
        uint40 expiry,
        uint16 phase,
        uint80[] calldata lastRounds
    ) private view {
        _require(lastRounds.length + 1 == phase);
        for (uint256 below = 1; below < phase; ++below) {
            uint80 roundId = lastRounds[below - 1];
            _require(roundId >> 64 == below);
            if (uint64(roundId) == 0) {
                _require(_isEmpty(feed, uint16(below)));
            } else {
                (, uint256 updatedAt) = _read(feed, roundId);
                _require(updatedAt != 0 && updatedAt < expiry);
                _require(_isLastOfPhase(feed, roundId));
            }
        }
    }

    /// @dev For a round with data.
    function _isLastOfPhase(IChainlinkAggregatorProxy feed, uint80 roundId) private view returns (bool) {
        _require(uint64(roundId) != type(uint64).max); // Its successor would belong to the next phase.
        (, uint256 updatedAt) = _read(feed, roundId + 1);
        return updatedAt == 0;
    }

    function _isEmpty(IChainlinkAggregatorProxy feed, uint16 phase) private view returns (bool) {
        uint80 roundId = uint80(phase) << 64;
        for (uint256 i; i < MAX_GAP; ++i) {
            ++roundId;
            (, uint256 updatedAt) = _read(feed, roundId);
            if (updatedAt != 0) return false;
        }
        return true;
    }

    /// @dev `updatedAt` is 0 where the round has no data: the proxy reverts or answers so.
    function _read(
        IChainlinkAggregatorProxy feed,
        uint80 roundId
    ) private view returns (int256 answer, uint256 updatedAt) {
        bytes memory data = abi.encodeCall(feed.getRoundData, (roundId));
        if (gasleft() < READ_GAS_NEEDED) revert IOptionBook.InsufficientGas(READ_GAS_NEEDED);
        (bool success, bytes memory result) = address(feed).staticcall{gas: READ_GAS}(data);
        if (success)
            (, answer, , updatedAt, ) = abi.decode(result, (uint80, int256, uint256, uint256, uint80));
    }

    function _require(bool condition) private pure {
        if (!condition) revert IOptionBook.InvalidRoundProof();
    }
}
