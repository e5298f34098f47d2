import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import type { NetworkConnection } from "hardhat/types/network";
import type { Address } from "viem";

import Keel, { DEFAULT_ADMIN_DELAY } from "../deployments/modules/Keel.ts";
import { currentCommit } from "./currentCommit.ts";
import { MAINNET } from "./localMainnet/addresses.ts";

/** One account a role; none may be the deployer, which ends without any. */
export interface KeelRoles {
  readonly admin: Address;
  readonly keeper: Address;
  readonly quoter: Address;
  readonly guardian: Address;
  readonly surfacePoster: Address;
}

/** What Keel stands on. */
export interface KeelGround {
  readonly usdc: Address;
  readonly weth: Address;
  readonly pool: Address;
  readonly aavePool: Address;
  readonly ethUsd: Address;
  readonly usdcUsd: Address;
}

/** On mainnet, and on the local one, which has the same addresses. */
export const MAINNET_GROUND: KeelGround = {
  usdc: MAINNET.usdc,
  weth: MAINNET.weth,
  pool: MAINNET.usdcWethPool,
  aavePool: MAINNET.aavePool,
  ethUsd: MAINNET.ethUsdFeed,
  usdcUsd: MAINNET.usdcUsdFeed,
};

/** `Limits` of contracts/interfaces/IVault.sol: fractions and ETH with 18 decimals, USDC with 6, seconds. */
export interface VaultLimits {
  readonly minDrift: bigint;
  readonly ripcordDrift: bigint;
  readonly maxSlippage: bigint;
  readonly rescueSlippage: bigint;
  readonly quoteEdge: bigint;
  readonly shortMarginRatio: bigint;
  readonly maxGamma: bigint;
  readonly maxVega: bigint;
  readonly ripcordReward: bigint;
  readonly maxAge: number;
}

/** What a budget may be used up at once, and what a day gives back: shares of NAV, 18 decimals. */
export interface VaultBudget {
  readonly capacity: bigint;
  readonly perDay: bigint;
}

/** One for each of `Use` in contracts/interfaces/IVault.sol, in its order. */
export interface VaultBudgets {
  readonly loss: VaultBudget;
  readonly turnover: VaultBudget;
  readonly rescueLoss: VaultBudget;
  readonly rescueTurnover: VaultBudget;
  readonly quoteLoss: VaultBudget;
  readonly quoteDelta: VaultBudget;
  readonly quoteVega: VaultBudget;
}

/** `Pillar` of contracts/types/Surface.sol: seconds, fractions with 9 decimals. */
export interface SurfacePillar {
  readonly tenor: number;
  readonly atmVol: number;
  readonly skew: number;
  readonly curvature: number;
  readonly forwardRatio: number;
}

const PERCENT = 10n ** 16n;

export const DEFAULT_LIMITS: VaultLimits = {
  minDrift: 10n ** 17n, // 0.1 ETH
  ripcordDrift: 10n * 10n ** 18n, // 10 ETH
  maxSlippage: PERCENT, // the feed's deviation of 0.5 %, the pool's fee, and room for impact
  rescueSlippage: 5n * PERCENT,
  quoteEdge: 2n * PERCENT, // of mark
  shortMarginRatio: 679_487_179_487_179_488n, // 1.31 / 0.78 - 1: the health the short opens at over Aave's USDC threshold
  maxGamma: 10n * PERCENT,
  maxVega: PERCENT / 2n,
  ripcordReward: 100n * 10n ** 6n,
  maxAge: 7 * 86_400,
};

/** A hundredth of a per cent. */
const BASIS_POINT = PERCENT / 100n;

/**
 * Half as much again as the honest keeper needs in the worst stress window, by `npm run bench -- stress`: to trade 42 % of
 * NAV (44 % when it looks every twelve hours), at the whole slippage allowed, as if liquidity were gone (at the pool's depth
 * it takes 0.06 %). Rescues are for a minute's move in a crash; the quoter's are for writing a book that fills the vault.
 */
export const DEFAULT_BUDGETS: VaultBudgets = {
  loss: { capacity: 65n * BASIS_POINT, perDay: 65n * BASIS_POINT },
  turnover: { capacity: 70n * PERCENT, perDay: 70n * PERCENT },
  rescueLoss: { capacity: PERCENT, perDay: PERCENT / 2n },
  rescueTurnover: { capacity: 40n * PERCENT, perDay: 20n * PERCENT },
  quoteLoss: { capacity: PERCENT / 4n, perDay: PERCENT / 4n },
  quoteDelta: { capacity: 100n * PERCENT, perDay: 50n * PERCENT },
  quoteVega: { capacity: 10n * PERCENT, perDay: 5n * PERCENT },
};

/** The order of `Use`. */
export const USES = [
  "loss",
  "turnover",
  "rescueLoss",
  "rescueTurnover",
  "quoteLoss",
  "quoteDelta",
  "quoteVega",
] as const satisfies readonly (keyof VaultBudgets)[];

/** ETH, 18 decimals: the largest position of a venue. */
export const DEFAULT_VENUE_CAP = 5_000n * 10n ** 18n;

const DAY = 86_400;

/** A flat surface at one volatility, with the tenors the oracle then keeps. */
export function flatSurface(volatility: number): SurfacePillar[] {
  return [1, 7, 30, 60].map((days) => ({
    tenor: days * DAY,
    atmVol: Math.round(volatility * 1e9),
    skew: 0,
    curvature: 0,
    forwardRatio: 1e9,
  }));
}

export interface KeelContracts {
  readonly AccessManager: Address;
  readonly RiskEngine: Address;
  readonly PriceOracle: Address;
  readonly VolatilityOracle: Address;
  readonly OptionBook: Address;
  readonly Vault: Address;
  readonly SpotUniswapV3: Address;
  readonly ShortAaveV3: Address;
  readonly Lens: Address;
  readonly HotKeyRevoker: Address;
}

/** Transactions of a deployment: contracts, libraries and wiring. */
export const DEPLOYMENT_STEPS = Keel.futures.size;

/**
 * Two names for one account, if there are any: the bounds on each key hold only while they are different keys.
 * @returns the second role, and the first or the deployer.
 */
export function sharedRole(
  roles: KeelRoles,
  deployer: Address,
): readonly [role: string, other: string] | undefined {
  const seen = new Map([[deployer.toLowerCase(), "the deployer"]]);
  for (const [role, account] of Object.entries(roles) as [string, Address][]) {
    const other = seen.get(account.toLowerCase());
    if (other !== undefined) return [role, other];
    seen.set(account.toLowerCase(), `roles.${role}`);
  }
  return undefined;
}

export interface KeelOptions {
  readonly ground: KeelGround;
  readonly roles: KeelRoles;
  readonly limits?: VaultLimits;
  readonly budgets?: VaultBudgets;
  readonly venueCap?: bigint;
  readonly surface: readonly SurfacePillar[];
  /** Seconds the admin waits for each thing it does; by default two days. */
  readonly adminDelay?: number;
}

/** The parameters of the Ignition module. */
export function keelParameters(options: KeelOptions) {
  const { ground, roles, surface, adminDelay = DEFAULT_ADMIN_DELAY } = options;
  const { limits = DEFAULT_LIMITS, budgets = DEFAULT_BUDGETS, venueCap = DEFAULT_VENUE_CAP } = options;
  return {
    ...ground,
    ...roles,
    limits: { ...limits },
    budgets: USES.map((use) => ({ ...budgets[use], used: 0n, updatedAt: 0n })),
    venueCap,
    surface: surface.map((p) => ({ ...p })),
    adminDelay,
  };
}

/**
 * Deploys Keel through its Ignition module on the network of `connection`, from that network's first account.
 * @throws Error when two roles, or a role and the deployer, are one account.
 */
export async function deployKeel(
  connection: NetworkConnection,
  options: KeelOptions & {
    /** Under which Ignition remembers it, and takes it up again; by default one for each chain id. */
    readonly deploymentId?: string;
    /** Blocks to wait for under each batch of transactions; by default Ignition's 5, and 1 where every one is mined at once. */
    readonly confirmations?: number;
  },
): Promise<KeelContracts> {
  const { roles, deploymentId, confirmations } = options;
  const [deployer] = (await connection.provider.request({ method: "eth_accounts" })) as [Address];
  const shared = sharedRole(roles, deployer);
  if (shared !== undefined) throw new Error(`roles.${shared[0]} must not be the account of ${shared[1]}`);
  const deployed = await connection.ignition.deploy(Keel, {
    parameters: { Keel: keelParameters(options) },
    ...(deploymentId === undefined ? {} : { deploymentId }),
    ...(confirmations === undefined ? {} : { config: { requiredConfirmations: confirmations } }),
  });
  const at = async (contract: { getAddress(): Promise<string> }) => (await contract.getAddress()) as Address;
  return {
    AccessManager: await at(deployed.manager),
    RiskEngine: await at(deployed.riskEngine),
    PriceOracle: await at(deployed.priceOracle),
    VolatilityOracle: await at(deployed.volatilityOracle),
    OptionBook: await at(deployed.optionBook),
    Vault: await at(deployed.vault),
    SpotUniswapV3: await at(deployed.spot),
    ShortAaveV3: await at(deployed.short),
    Lens: await at(deployed.lens),
    HotKeyRevoker: await at(deployed.revoker),
  };
}

/**
 * Forgets what Ignition remembers of a chain. It resumes a deployment it knows, which is right for a real chain and
 * wrong for a local one that began anew under the same chain id.
 */
export function forgetDeployment(chainId: number): void {
  rmSync(`ignition/deployments/chain-${String(chainId)}`, { recursive: true, force: true });
}

/** Writes a deployment file: where the keeper finds Keel. @returns its name. */
export function writeDeployment(
  chainId: number,
  block: number,
  contracts: KeelContracts,
  ground: KeelGround,
  file: string,
): string {
  const record = { chainId, block, commit: currentCommit(), contracts, ground };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  return file;
}
