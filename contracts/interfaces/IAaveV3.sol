// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice The part of an Aave v3 pool Keel uses.
interface IAavePool {
    struct ReserveData {
        uint256 configuration;
        uint128 liquidityIndex;
        uint128 currentLiquidityRate;
        uint128 variableBorrowIndex;
        uint128 currentVariableBorrowRate;
        uint128 currentStableBorrowRate;
        uint40 lastUpdateTimestamp;
        uint16 id;
        address aTokenAddress;
        address stableDebtTokenAddress;
        address variableDebtTokenAddress;
        address interestRateStrategyAddress;
        uint128 accruedToTreasury;
        uint128 unbacked;
        uint128 isolationModeTotalDebt;
    }

    // solhint-disable-next-line func-name-mixedcase
    function ADDRESSES_PROVIDER() external view returns (IAaveAddressesProvider);

    function getReserveData(address asset) external view returns (ReserveData memory);

    /// @notice The reserve's bit map; bits 16 to 31 are the liquidation threshold in basis points.
    function getConfiguration(address asset) external view returns (uint256);

    function getReserveNormalizedIncome(address asset) external view returns (uint256);

    /// @notice What the pool's own ledger says a reserve has not lent out. Since v3.1 it gives no more, whatever the reserve's
    /// token holds; before, the function is not there.
    function getVirtualUnderlyingBalance(address asset) external view returns (uint128);

    function getUserAccountData(
        address user
    )
        external
        view
        returns (
            uint256 totalCollateralBase,
            uint256 totalDebtBase,
            uint256 availableBorrowsBase,
            uint256 currentLiquidationThreshold,
            uint256 ltv,
            uint256 healthFactor
        );

    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;

    function withdraw(address asset, uint256 amount, address to) external returns (uint256);

    function borrow(
        address asset,
        uint256 amount,
        uint256 interestRateMode,
        uint16 referralCode,
        address onBehalfOf
    ) external;

    function setUserUseReserveAsCollateral(address asset, bool useAsCollateral) external;

    function repay(
        address asset,
        uint256 amount,
        uint256 interestRateMode,
        address onBehalfOf
    ) external returns (uint256);
}

interface IAaveAddressesProvider {
    function getPriceOracle() external view returns (IAaveOracle);
}

interface IAaveOracle {
    /// @notice USD, 8 decimals.
    function getAssetPrice(address asset) external view returns (uint256);
}

interface IAaveScaledToken {
    function scaledBalanceOf(address user) external view returns (uint256);

    function balanceOf(address user) external view returns (uint256);
}
