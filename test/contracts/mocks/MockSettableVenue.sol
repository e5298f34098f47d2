// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {MockVenue} from "./MockVenues.sol";

/// @notice A venue whose margin is what it is told, and which remembers the limit it was last given.
contract MockSettableVenue is MockVenue {
    uint256 public lastLimit;
    uint256 private _distanceOnceFilled = type(uint256).max;

    constructor(address vault_) MockVenue(vault_) {}

    function setMargin(uint256 distance, uint256 trigger, uint256 distanceOnceFilled) external {
        (liquidationDistance, marginTrigger) = (distance, trigger);
        _distanceOnceFilled = distanceOnceFilled;
    }

    function _fill(int256 dDelta) internal override returns (int256) {
        (, lastLimit) = abi.decode(msg.data[4:], (int256, uint256));
        liquidationDistance = _distanceOnceFilled;
        return dDelta;
    }
}
