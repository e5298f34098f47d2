// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title IVenue
/// @notice A place where the vault holds ETH delta. A venue belongs to one vault, takes USDC only from it and pays only
/// to it; short liquidity or margin gives a partial fill, not a revert.
interface IVenue {
    /// @notice ETH, 18 decimals, asked for and filled, and the limit in USDC per ETH, 18 decimals.
    event Adjusted(int256 requested, int256 filled, uint256 limitPrice);

    error OnlyVault();
    error OnlyPool();

    /// @notice The vault this venue belongs to.
    function vault() external view returns (address);

    /// @notice ETH, 18 decimals; negative is short.
    function delta() external view returns (int256);

    /// @notice What the position is worth at `price` (USDC per ETH, 18 decimals) in USDC, 6 decimals.
    function equity(uint256 price) external view returns (int256);

    /// @notice The fraction, 18 decimals, by which the price may move against the position from where the venue sees it
    /// before it can be liquidated; `type(uint256).max` where nothing can be.
    function liquidationDistance() external view returns (uint256);

    /// @notice The `liquidationDistance` below which the venue wants margin; 0 where there is none.
    function marginTrigger() external view returns (uint256);

    /// @notice Changes delta by up to `dDelta` at no worse than `limitPrice` (USDC per ETH, 18 decimals, all fees
    /// included); with `dDelta` zero, moves margin to its target.
    /// @param cash USDC, 6 decimals: the most that may be taken from the vault.
    /// @return filled The change of delta, of the same sign and at most `dDelta`.
    function adjust(int256 dDelta, uint256 limitPrice, uint256 cash) external returns (int256 filled);
}
