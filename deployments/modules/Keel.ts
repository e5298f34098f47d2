import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { toFunctionSelector } from "viem";

/** Role ids of contracts/Roles.sol; ADMIN is the AccessManager's own. */
const ROLES = { ADMIN: 0n, KEEPER: 1n, QUOTER: 2n, GUARDIAN: 3n, SURFACE: 4n };

const REBALANCE = toFunctionSelector("rebalance((uint8,int256,uint256)[],uint64,uint256,uint256)");
const PAUSE = toFunctionSelector("pause()");
const CANCEL_QUOTES = toFunctionSelector("cancelQuotes(uint256)");
const POST = toFunctionSelector("post((uint32,uint48,int48,int48,uint48)[])");

/**
 * Everything Keel puts on a chain, in one module: the demo, the tests and a real deployment all go through it.
 * The deployer wires the contracts and ends without any role, so `admin` must be another account.
 *
 * Parameters: `usdc`, `weth`, `pool` (Uniswap v3), `aavePool`, `ethUsd` and `usdcUsd` (Chainlink proxies) with their
 * heartbeats in seconds; `surface`, the first volatility surface; `limits`, the vault's; and one address a role.
 */
export default buildModule("Keel", (m) => {
  const deployer = m.getAccount(0);
  const usdc = m.getParameter<string>("usdc");
  const weth = m.getParameter<string>("weth");
  const pool = m.getParameter<string>("pool");
  const ethUsd = m.getParameter<string>("ethUsd");
  const usdcUsd = m.getParameter<string>("usdcUsd");

  const manager = m.contract("AccessManager", [deployer]);
  const riskEngine = m.contract("RiskEngine");
  const priceOracle = m.contract("PriceOracle", [
    ethUsd,
    m.getParameter("ethUsdHeartbeat", 3_600),
    usdcUsd,
    m.getParameter("usdcUsdHeartbeat", 86_400),
    pool,
    usdc,
  ]);
  const volatilityOracle = m.contract("VolatilityOracle", [manager, m.getParameter("surface")]);
  const optionBook = m.contract("OptionBook", [usdc, ethUsd]);
  const lens = m.contract("Lens", [pool, usdc]);
  const vault = m.contract(
    "Vault",
    [usdc, manager, optionBook, priceOracle, volatilityOracle, riskEngine, m.getParameter("limits")],
    { libraries: { HedgeGate: m.library("HedgeGate"), OptionLedger: m.library("OptionLedger") } },
  );
  const spot = m.contract("SpotUniswapV3", [vault, pool, usdc, weth]);
  const short = m.contract("ShortAaveV3", [vault, pool, usdc, weth, m.getParameter<string>("aavePool")]);

  // The order is the keeper's: venue 0 is spot, venue 1 the short.
  const addSpot = m.call(vault, "addVenue", [spot], { id: "AddSpot" });
  const addShort = m.call(vault, "addVenue", [short], { id: "AddShort", after: [addSpot] });

  const allow = (
    id: string,
    target: typeof vault | typeof volatilityOracle,
    selectors: string[],
    role: bigint,
  ) => m.call(manager, "setTargetFunctionRole", [target, selectors, role], { id });
  const grant = (id: string, role: bigint, account: string) =>
    m.call(manager, "grantRole", [role, m.getParameter<string>(account), 0], { id });
  const wired = [
    addShort,
    allow("AllowRebalance", vault, [REBALANCE], ROLES.KEEPER),
    allow("AllowGuard", vault, [PAUSE, CANCEL_QUOTES], ROLES.GUARDIAN),
    allow("AllowPost", volatilityOracle, [POST], ROLES.SURFACE),
    grant("GrantKeeper", ROLES.KEEPER, "keeper"),
    grant("GrantQuoter", ROLES.QUOTER, "quoter"),
    grant("GrantGuardian", ROLES.GUARDIAN, "guardian"),
    grant("GrantSurface", ROLES.SURFACE, "surfacePoster"),
    grant("GrantAdmin", ROLES.ADMIN, "admin"),
  ];
  m.call(manager, "renounceRole", [ROLES.ADMIN, deployer], { id: "LeaveAdmin", after: wired });

  return { manager, riskEngine, priceOracle, volatilityOracle, optionBook, vault, spot, short, lens };
});
