import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { toFunctionSelector } from "viem";

/** Role ids of contracts/Roles.sol; ADMIN is the AccessManager's own. */
export const ROLES = { ADMIN: 0n, KEEPER: 1n, QUOTER: 2n, GUARDIAN: 3n, SURFACE: 4n, HOT_ADMIN: 5n } as const;

/** Seconds between what the admin schedules and what it may then do. */
export const DEFAULT_ADMIN_DELAY = 2 * 86_400;

/** Every restricted function that is not the admin's, by the role that may call it. */
export const ALLOWED = {
  vault: {
    KEEPER: ["rebalance((uint8,int256,uint256)[],uint64,uint256,uint256)"],
    GUARDIAN: ["pause()", "cancelQuotes(uint256)"],
  },
  volatilityOracle: { SURFACE: ["post((uint32,uint48,int48,int48,uint48)[])"] },
  revoker: { GUARDIAN: ["revoke(uint64,address)"] },
} satisfies Record<string, Partial<Record<keyof typeof ROLES, string[]>>>;

/** What the vault is linked with. */
const VAULT_LIBRARIES = ["ExitQueue", "Governance", "HedgeGate", "OptionLedger", "Valuation"];

/**
 * Everything Keel puts on a chain, in one module: the demo, the tests and a real deployment all go through it.
 * The deployer wires the contracts and ends without any role, so `admin` must be another account.
 *
 * Parameters: `usdc`, `weth`, `pool` (Uniswap v3), `aavePool`, `ethUsd` and `usdcUsd` (Chainlink proxies) with their
 * heartbeats in seconds; `surface`, the first volatility surface; `limits` and `budgets`, the vault's; `venueCap`, the largest
 * position of a venue (wei of ETH); one address a role, all of them different, which the chain checks before the deployer leaves; and `adminDelay` in seconds.
 *
 * The admin's delay is of its execution, so it covers all it does, the granting of roles too, and no grant needs a delay of
 * its own. The guardian cannot cancel what the admin has scheduled: one that could would veto its own removal, and a stolen
 * guardian's key hold Keel for ever. (The manager allows it for no function of the admin's anyway: role 0 takes no guardian.)
 * Another holder of ADMIN can.
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
    [
      usdc,
      manager,
      optionBook,
      priceOracle,
      volatilityOracle,
      riskEngine,
      m.getParameter("limits"),
      m.getParameter("budgets"),
    ],
    { libraries: Object.fromEntries(VAULT_LIBRARIES.map((name) => [name, m.library(name)])) },
  );
  const spot = m.contract("SpotUniswapV3", [vault, pool, usdc, weth]);
  const short = m.contract("ShortAaveV3", [vault, pool, usdc, weth, m.getParameter<string>("aavePool")]);

  const venueCap = m.getParameter("venueCap");
  // The order is the keeper's: venue 0 is spot, venue 1 the short.
  const addSpot = m.call(vault, "addVenue", [spot, venueCap], { id: "AddSpot" });
  const addShort = m.call(vault, "addVenue", [short, venueCap], { id: "AddShort", after: [addSpot] });

  const revoker = m.contract("HotKeyRevoker", [manager]);
  const targets = { vault, volatilityOracle, revoker };
  const allowed = Object.entries(ALLOWED).flatMap(([name, roles]) =>
    Object.entries(roles).map(([role, functions]) =>
      m.call(
        manager,
        "setTargetFunctionRole",
        [
          targets[name as keyof typeof ALLOWED],
          functions.map((signature) => toFunctionSelector(signature)),
          ROLES[role as keyof typeof ROLES],
        ],
        { id: `Allow_${name}_${role}` },
      ),
    ),
  );

  const account = (name: string) => m.getParameter<string>(name);
  const [admin, keeper, quoter] = [account("admin"), account("keeper"), account("quoter")];
  const [guardian, surfacePoster] = [account("guardian"), account("surfacePoster")];
  const adminDelay = m.getParameter<number>("adminDelay", DEFAULT_ADMIN_DELAY);
  const grant = (
    id: string,
    role: bigint,
    to: typeof admin | typeof revoker,
    delay: number | typeof adminDelay = 0,
  ) => m.call(manager, "grantRole", [role, to, delay], { id });
  const granted = [
    grant("GrantKeeper", ROLES.KEEPER, keeper),
    grant("GrantQuoter", ROLES.QUOTER, quoter),
    grant("GrantGuardian", ROLES.GUARDIAN, guardian),
    grant("GrantSurface", ROLES.SURFACE, surfacePoster),
    grant("GrantHotAdmin", ROLES.HOT_ADMIN, admin, adminDelay),
    grant("GrantRevoker", ROLES.HOT_ADMIN, revoker),
    grant("GrantAdmin", ROLES.ADMIN, admin, adminDelay),
  ];
  // After the grants: from here on they are no longer the deployer's to make.
  const entrusted = (["KEEPER", "QUOTER", "SURFACE"] as const).map((role) =>
    m.call(manager, "setRoleAdmin", [ROLES[role], ROLES.HOT_ADMIN], {
      id: `Entrust_${role}`,
      after: granted,
    }),
  );
  const separation = m.contract(
    "RoleSeparation",
    [manager, [admin, keeper, quoter, guardian, surfacePoster]],
    {
      after: [addShort, ...allowed, ...entrusted],
    },
  );
  m.call(manager, "renounceRole", [ROLES.ADMIN, deployer], { id: "LeaveAdmin", after: [separation] });

  return {
    manager,
    riskEngine,
    priceOracle,
    volatilityOracle,
    optionBook,
    vault,
    spot,
    short,
    lens,
    revoker,
  };
});
