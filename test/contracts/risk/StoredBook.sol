// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IRiskEngine} from "../../../contracts/interfaces/IRiskEngine.sol";
import {Leg} from "../../../contracts/types/Series.sol";
import {Box, Pillar, Surface} from "../../../contracts/types/Surface.sol";

/// @dev A book and a surface in storage, as a vault and an oracle keep them, and the gas of valuing them from cold.
contract StoredBook {
    IRiskEngine private immutable engine;
    Leg[] private legs;
    Pillar[] private pillars;

    constructor(IRiskEngine engine_) {
        engine = engine_;
    }

    function store(Leg[] calldata legs_, Pillar[] calldata pillars_) external {
        delete legs;
        delete pillars;
        for (uint256 i; i < legs_.length; ++i) legs.push(legs_[i]);
        for (uint256 i; i < pillars_.length; ++i) pillars.push(pillars_[i]);
    }

    /// @return all With the reads from storage.
    /// @return warm A second call, with what it encodes and decodes.
    function bookGas(uint256 spot, uint256 timestamp) external view returns (uint256 all, uint256 warm) {
        all = gasleft();
        (Leg[] memory l, Surface memory s) = (legs, Surface(pillars));
        engine.book(l, spot, timestamp, s);
        all -= gasleft();
        warm = gasleft();
        engine.book(l, spot, timestamp, s);
        warm -= gasleft();
    }

    function boundsGas(
        uint256 spot,
        uint256 timestamp,
        Box calldata box
    ) external view returns (uint256 all, uint256 warm) {
        all = gasleft();
        (Leg[] memory l, Surface memory s) = (legs, Surface(pillars));
        engine.bounds(l, spot, timestamp, s, box);
        all -= gasleft();
        warm = gasleft();
        engine.bounds(l, spot, timestamp, s, box);
        warm -= gasleft();
    }
}
