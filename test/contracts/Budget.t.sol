// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Budget} from "../../contracts/vault/Budget.sol";
import {vm} from "./utils/Vm.sol";

contract BudgetFuzzTest {
    uint256 private constant START = 1e9;

    Budget private budget;

    /// @dev All of it can be used at once, and not a unit more; then time alone gives it back, rounded down.
    function testFuzz_RefillsWithTimeAlone(uint64 capacity, uint64 perDay, uint32 elapsed) public {
        vm.warp(START);
        budget = Budget(capacity, perDay, 0, uint64(START));
        require(budget.left() == capacity, "begins full");
        require(!budget.charge(uint256(capacity) + 1), "more than there is");
        require(budget.left() == capacity, "a refusal costs nothing");
        require(budget.charge(capacity), "all there is");
        require(budget.left() == 0, "empty");
        require(capacity == 0 || !budget.charge(1), "no more");

        vm.warp(START + elapsed);
        uint256 refilled = (uint256(perDay) * elapsed) / 1 days;
        require(budget.left() == (refilled < capacity ? refilled : capacity), "refilled");
    }

    /// @dev Used in parts, however small, it lends no more than at once: a refill is lost to rounding, never won.
    function testFuzz_PartsGainNothing(uint64 capacity, uint64 perDay, uint32[8] memory steps) public {
        vm.warp(START);
        budget = Budget(capacity, perDay, 0, uint64(START));
        uint256 time = START;
        uint256 used;
        for (uint256 i; i < steps.length; ++i) {
            time += steps[i];
            vm.warp(time);
            uint256 left = budget.left();
            require(budget.charge(left), "what is left");
            used += left;
        }
        require(used <= capacity + (uint256(perDay) * (time - START)) / 1 days, "more than time gave");
    }

    /// @dev A change of pace counts from the moment it is made.
    function testFuzz_SettlesAtThePaceThatWas(uint64 perDay, uint64 next, uint32 elapsed) public {
        vm.warp(START);
        budget = Budget(type(uint64).max, perDay, type(uint64).max, uint64(START));
        vm.warp(START + elapsed);
        uint256 left = budget.left();
        budget.settle();
        budget.perDay = next;
        require(budget.left() == left, "settled");
    }
}
