import type { Hash, PublicClient } from "viem";

import type { Snapshot } from "../../keeper/chain/snapshot.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { HOUR_SECONDS } from "../market/candle.ts";
import type { MarketPlayer } from "../market/marketPlayer.ts";
import { VAULT } from "./abis.ts";
import { ACTORS } from "./actors.ts";
import { startKeeper } from "./demoKeeper.ts";
import {
  changeDeviation,
  equityPoint,
  HedgeLedger,
  type EquityPoint,
  type HedgeTotals,
} from "./performance.ts";
import type { Scenario } from "./scenario.ts";
import { Settler } from "./settlement.ts";
import type { Stage } from "./stage.ts";
import { SurfacePoster } from "./surfacePoster.ts";

/** The short venue's place in the vault's list. */
const SHORT = 1;
/** Of the 0.05 % pool the venues trade in. */
const POOL_FEE_RATE = 0.0005;
/** The part of the path after which `--drain` takes the liquidity. */
const DRAIN_AFTER = 0.25;

/** What one strategy made of the path. Money in USD. */
export interface RunResult {
  readonly title: string;
  readonly totals: HedgeTotals;
  readonly holds: number;
  readonly pnlHedged: number;
  readonly pnlUnhedged: number;
  readonly deviationHedged: number;
  readonly deviationUnhedged: number;
  /** Null when the short was never used. */
  readonly lowestHealth: number | null;
  readonly nav: number;
  readonly sharePrice: number;
  /** Holders whose claim paid exactly what their contract says, and all of them. */
  readonly paid: number;
  readonly holders: number;
  readonly redeemed: number;
  /** Unix seconds of each rebalance. */
  readonly rebalancedAt: readonly number[];
  readonly equity: readonly EquityPoint[];
  readonly seconds: number;
}

export interface RunOptions {
  readonly stage: Stage;
  readonly scenario: Scenario;
  readonly market: MarketPlayer;
  readonly client: PublicClient;
  readonly title: string;
  readonly strategy: Strategy;
  readonly drain: boolean;
  /** Called once an hour of the path, and when something happens. */
  readonly onProgress: (event: ProgressEvent) => void;
}

export type ProgressEvent =
  | { readonly kind: "hour"; readonly done: number; readonly snapshot: Snapshot }
  | { readonly kind: "rebalance"; readonly count: number; readonly snapshot: Snapshot }
  | { readonly kind: "note"; readonly timestamp: number; readonly text: string };

/** Plays the whole path with one strategy through the real keeper, from the stage as it stands. */
export async function playRun(options: RunOptions): Promise<RunResult> {
  const { stage, scenario, market, client, title, strategy, onProgress } = options;
  const { chain } = stage.local;
  const startedAt = performance.now();
  const poster = new SurfacePoster(chain, stage.contracts.VolatilityOracle, scenario.volatility);
  const settler = new Settler(stage);
  const firstBlock = BigInt(await chain.rpc<string>("eth_blockNumber"));
  await market.reset();
  await poster.reset();
  await settler.reset();
  const keeper = await startKeeper(stage, client, strategy);

  const equity: EquityPoint[] = [];
  const rebalancedAt: number[] = [];
  let lowestHealth: number | null = null;
  let nonce = 0n;
  const ledger = new HedgeLedger(stage, POOL_FEE_RATE, firstBlock);
  let navStart: number | undefined;
  const drainAt = options.drain ? scenario.start + DRAIN_AFTER * (scenario.end - scenario.start) : Infinity;
  let isDrained = false;
  while (market.remaining > 0) {
    const step = await market.step();
    const block = await chain.rpc<RpcBlock>("eth_getBlockByNumber", ["latest", false]);
    if (!isDrained && step.timestamp >= drainAt) {
      isDrained = true;
      await market.drain();
      onProgress({
        kind: "note",
        timestamp: step.timestamp,
        text: "the arbitrageur and 90 % of the pool's liquidity leave",
      });
    }
    await poster.onStep(step.timestamp);
    const settled = await settler.onStep(step);
    if (settled !== undefined) onProgress({ kind: "note", timestamp: step.timestamp, text: settled });
    const snapshot = await keeper.onBlock({
      number: BigInt(block.number),
      hash: block.hash,
      timestamp: BigInt(block.timestamp),
      baseFeePerGas: BigInt(block.baseFeePerGas),
    });

    const health = healthFactor(snapshot);
    if (health !== null) lowestHealth = Math.min(lowestHealth ?? Infinity, health);
    if (snapshot.rebalanceNonce > nonce) {
      nonce = snapshot.rebalanceNonce;
      rebalancedAt.push(step.timestamp);
      onProgress({ kind: "rebalance", count: Number(nonce), snapshot });
    }
    if ((step.timestamp - scenario.start) % HOUR_SECONDS === 0 || market.remaining === 0) {
      const { cashSpent } = await ledger.upTo(snapshot.blockNumber);
      const point = equityPoint(snapshot, cashSpent);
      navStart ??= point.hedged;
      equity.push(point);
      onProgress({ kind: "hour", done: 1 - market.remaining / scenario.points.length, snapshot });
    }
  }
  const holds = await keeper.stop();
  await market.stop();

  const lastBlock = BigInt(await chain.rpc<string>("eth_blockNumber"));
  const totals = await ledger.upTo(lastBlock);
  const last = equity.at(-1)!;
  const nav = Number(await chain.read(stage.contracts.Vault, VAULT, "nav", [])) / 1e6;
  const sharePrice =
    Number(await chain.read(stage.contracts.Vault, VAULT, "convertToAssets", [10n ** 12n])) / 1e6;
  return {
    title,
    totals,
    holds,
    pnlHedged: last.hedged - navStart! - totals.gasUsd,
    pnlUnhedged: last.unhedged - navStart!,
    deviationHedged: changeDeviation(equity.map(({ hedged }) => hedged)),
    deviationUnhedged: changeDeviation(equity.map(({ unhedged }) => unhedged)),
    lowestHealth,
    nav,
    sharePrice,
    paid: settler.paid.filter(({ owed, received }) => owed === received).length,
    holders: stage.holdings.length,
    redeemed: await redeemAll(stage),
    rebalancedAt,
    equity,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** The second depositor leaves with all it may. @returns USDC received. */
async function redeemAll({ local: { chain, addresses, abis }, contracts }: Stage): Promise<number> {
  const owner = ACTORS.depositors[1].address;
  const balance = () => chain.read(addresses.usdc, abis.erc20, "balanceOf", [owner]);
  const before = await balance();
  const shares = await chain.read(contracts.Vault, VAULT, "maxRedeem", [owner]);
  if (shares > 0n) await chain.write(owner, contracts.Vault, VAULT, "redeem", [shares, owner, owner]);
  return Number((await balance()) - before) / 1e6;
}

/** Null while nothing is owed. */
function healthFactor({ venues }: Snapshot): number | null {
  const short = venues[SHORT];
  return short === undefined || short.delta === 0n ? null : 1 + Number(short.liquidationDistance) / 1e18;
}

interface RpcBlock {
  readonly number: string;
  readonly hash: Hash;
  readonly timestamp: string;
  readonly baseFeePerGas: string;
}
