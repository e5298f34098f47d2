// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {MockVenue} from "./MockVenues.sol";

/// @notice A venue whose margin and worth are what it is told, and which remembers the limit it was last given.
contract MockSettableVenue is MockVenue {
    uint256 public lastLimit;
    int256 private _worth;
    int256 private _costOnceFilled;
    uint256 private _distanceOnceFilled = type(uint256).max;

    constructor(address vault_) MockVenue(vault_) {}

    function setMargin(uint256 distance, uint256 trigger, uint256 distanceOnceFilled) external {
        (liquidationDistance, marginTrigger) = (distance, trigger);
        _distanceOnceFilled = distanceOnceFilled;
    }

    function setWorth(int256 worth, int256 costOnceFilled) external {
        (_worth, _costOnceFilled) = (worth, costOnceFilled);
    }

    function equity(uint256) external view override returns (int256) {
        return _worth;
    }

    function _fill(int256 dDelta) internal override returns (int256) {
        (, lastLimit) = abi.decode(msg.data[4:], (int256, uint256));
        liquidationDistance = _distanceOnceFilled;
        _worth -= _costOnceFilled;
        return dDelta;
    }
}
