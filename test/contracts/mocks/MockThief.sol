// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";

import {IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3Pool.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IVenue} from "../../../contracts/interfaces/IVenue.sol";

/// @notice An account that does any number of things in one transaction, as a stolen key with code on it can: it moves the
/// pool with what it holds, makes any calls, and moves the pool back.
contract MockThief is ERC1155Holder {
    struct Call {
        address target;
        bytes data;
    }

    /// @param worthBefore, worthAfter USDC, 6 decimals: the vault's cash and venues at the price the caller names.
    /// @param nav What the vault itself took for its NAV before.
    event Measured(int256 worthBefore, int256 worthAfter, int256 nav);

    address private immutable _owner = msg.sender;

    error NotOwner();

    /// @notice Runs `calls`, all or none.
    function run(Call[] calldata calls) public {
        if (msg.sender != _owner) revert NotOwner();
        for (uint256 i; i < calls.length; ++i) {
            (bool success, bytes memory result) = calls[i].target.call(calls[i].data);
            if (success) continue;
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    /// @notice Moves the pool to `sqrtPriceX96`, runs `calls` and moves it back to where it was; 0 leaves it alone.
    /// Options are no part of what is measured: a hedge does not change them.
    /// @param price USDC per ETH, 18 decimals.
    function sandwich(
        IVault vault,
        IUniswapV3Pool pool,
        uint160 sqrtPriceX96,
        uint256 price,
        Call[] calldata calls
    ) external {
        int256 nav = vault.nav();
        int256 worth = _worth(vault, price);
        (uint160 start, , , , , , ) = pool.slot0();
        if (sqrtPriceX96 != 0) _moveTo(pool, sqrtPriceX96);
        run(calls);
        if (sqrtPriceX96 != 0) _moveTo(pool, start);
        emit Measured(worth, _worth(vault, price), nav);
    }

    /// @notice Moves the pool to `sqrtPriceX96` and leaves it there.
    function moveTo(IUniswapV3Pool pool, uint160 sqrtPriceX96) external {
        if (msg.sender != _owner && msg.sender != address(this)) revert NotOwner();
        _moveTo(pool, sqrtPriceX96);
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        IUniswapV3Pool pool = IUniswapV3Pool(msg.sender);
        if (amount0 > 0) IERC20(pool.token0()).transfer(msg.sender, uint256(amount0));
        if (amount1 > 0) IERC20(pool.token1()).transfer(msg.sender, uint256(amount1));
    }

    function _moveTo(IUniswapV3Pool pool, uint160 sqrtPriceX96) private {
        (uint160 at, , , , , , ) = pool.slot0();
        if (at != sqrtPriceX96) {
            pool.swap(address(this), sqrtPriceX96 < at, type(int128).max, sqrtPriceX96, "");
        }
    }

    function _worth(IVault vault, uint256 price) private view returns (int256 worth) {
        worth = int256(vault.cash());
        IVenue[] memory venues = vault.venues();
        for (uint256 i; i < venues.length; ++i) worth += venues[i].equity(price);
    }
}
