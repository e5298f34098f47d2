// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {VaultState} from "../../contracts/vault/VaultState.sol";

contract VaultStateFuzzTest {
    VaultState private state;

    /// @dev Any change within the range is taken, to its very ends; any other reverts and changes nothing.
    function testFuzz_BalancesStayInRange(uint128 cash, uint256 change, bool adds) public {
        state.cash = cash;
        uint256 most = adds ? type(uint128).max - cash : cash;
        change =
            change % 4 == 0
                ? most
                : change % 4 == 1
                    ? most + 1
                    : change >> 1;
        int256 signed = adds ? int256(change) : -int256(change);
        try this.addCash(signed) {
            require(change <= most, "out of range");
            require(state.cash == (adds ? cash + change : cash - change), "sum");
        } catch {
            require(change > most, "in range");
            require(state.cash == cash, "unchanged");
        }
    }

    function addCash(int256 change) external {
        state.addCash(change);
    }
}
