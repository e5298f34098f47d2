import { numberToHex, type Hash, type PublicClient } from "viem";

import { hedgeOf, type Snapshot } from "../../keeper/chain/snapshot.ts";
import { SHORT } from "../../keeper/execution/planLegs.ts";
import { fromUsdc, fromWad } from "../../keeper/math/units.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { POOL_FEE } from "../localMainnet/uniswapV3.ts";
import { HOUR_SECONDS } from "../../keeper/history/candle.ts";
import type { MarketPlayer } from "../market/marketPlayer.ts";
import { VAULT } from "./abis.ts";
import { ACTORS } from "./actors.ts";
import { startKeeper } from "./demoKeeper.ts";
import { changeDeviation, equityPoint, HedgeLedger } from "./performance.ts";
import { RefusalTally } from "./refusals.ts";
import type { Claimed, EquityPoint, RunReport } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { Settler, type PaidHolding } from "./settlement.ts";
import type { Stage } from "./stage.ts";
import { SurfacePoster } from "./surfacePoster.ts";

/** Of the pool the venues trade in, a fraction. */
const POOL_FEE_RATE = POOL_FEE / 1e6;
/** The part of the path after which `--drain` takes the liquidity. */
const DRAIN_AFTER = 0.25;
/** From the path's last block to the redemption's. */
const REDEEM_AFTER_SECONDS = 12;

export interface RunOptions {
  readonly stage: Stage;
  readonly scenario: Scenario;
  readonly market: MarketPlayer;
  readonly client: PublicClient;
  readonly title: string;
  readonly strategy: Strategy;
  readonly drain: boolean;
  /** ETH: |drift| at which the operator wants action whatever it costs. */
  readonly deltaLimit: number;
  /** Called once an hour of the path, and when something happens. */
  readonly onProgress: (event: ProgressEvent) => void;
}

export type ProgressEvent =
  | { readonly kind: "hour"; readonly done: number; readonly snapshot: Snapshot }
  | { readonly kind: "rebalance"; readonly count: number; readonly snapshot: Snapshot }
  | { readonly kind: "note"; readonly timestamp: number; readonly text: string };

type Note = Extract<ProgressEvent, { kind: "note" }>;

/** Plays the whole path with one strategy through the real keeper, from the stage as it stands. */
export async function playRun(options: RunOptions): Promise<RunReport> {
  const { stage, scenario, market, client, title, strategy, onProgress } = options;
  const { chain } = stage.local;
  const poster = new SurfacePoster(chain, stage.contracts.VolatilityOracle, scenario.volatility);
  const settler = new Settler(stage);
  const firstBlock = BigInt(await chain.rpc<string>("eth_blockNumber"));
  await market.reset();
  await poster.reset();
  await settler.reset();
  const keeper = await startKeeper(stage, client, { strategy, deltaLimit: options.deltaLimit });

  const equity: EquityPoint[] = [];
  const rebalancedAt: number[] = [];
  let lowestHealth: number | null = null;
  let nonce = 0n;
  let refusedAt = -Infinity;
  const tally = new RefusalTally();
  let left = { options: 0, hedge: 0 };
  let sent: Hash | null = null;
  const ledger = new HedgeLedger(stage, POOL_FEE_RATE, firstBlock);
  const note = (timestamp: number, text: string): void => {
    onProgress({ kind: "note", timestamp, text } satisfies Note);
  };
  const drainAt = options.drain ? scenario.start + DRAIN_AFTER * (scenario.end - scenario.start) : Infinity;
  let isDrained = false;
  while (market.remaining > 0) {
    const step = await market.step();
    const block = await chain.rpc<RpcBlock>("eth_getBlockByNumber", ["latest", false]);
    if (!isDrained && step.timestamp >= drainAt) {
      isDrained = true;
      await market.drain();
      note(step.timestamp, "the arbitrageur and 90 % of the pool's liquidity leave");
    }
    await poster.onStep(step.timestamp);
    const settled = await settler.onStep(step);
    if (settled !== undefined) note(step.timestamp, settled);
    const cycle = await keeper.onBlock({
      number: BigInt(block.number),
      hash: block.hash,
      parentHash: block.parentHash,
      timestamp: BigInt(block.timestamp),
      baseFeePerGas: BigInt(block.baseFeePerGas),
    });
    const { snapshot } = cycle;
    sent = cycle.sent;

    const health = healthFactor(snapshot);
    if (health !== null) lowestHealth = Math.min(lowestHealth ?? Infinity, health);
    if (market.remaining === 0) left = leftOf(snapshot);
    if (snapshot.rebalanceNonce > nonce) {
      nonce = snapshot.rebalanceNonce;
      rebalancedAt.push(step.timestamp);
      onProgress({ kind: "rebalance", count: Number(nonce), snapshot });
    }
    if (cycle.settled?.outcome.status === "reverted") {
      note(
        step.timestamp,
        `a rebalance reverted on the chain: ${cycle.settled.outcome.error ?? "no reason"}`,
      );
    }
    // A market too thin to trade in refuses block after block: once an hour is news.
    const refusal = tally.add(cycle);
    if (refusal !== null && step.timestamp - refusedAt >= HOUR_SECONDS) {
      refusedAt = step.timestamp;
      note(step.timestamp, `the vault would refuse a rebalance: ${refusal}`);
    }
    if ((step.timestamp - scenario.start) % HOUR_SECONDS === 0 || market.remaining === 0) {
      const { cashSpent } = await ledger.upTo(snapshot.blockNumber);
      equity.push(equityPoint(snapshot, cashSpent));
      onProgress({ kind: "hour", done: 1 - market.remaining / scenario.points.length, snapshot });
    }
  }
  // What the keeper sent at the last block is no part of the path.
  if (sent !== null) await chain.rpc("hardhat_dropTransaction", [sent]);
  const { holds, blocked, reverted, gasUsd, gasUsed } = await keeper.stop();
  await market.stop();

  const { Vault } = stage.contracts;
  const totals = await ledger.upTo(BigInt(await chain.rpc<string>("eth_blockNumber")));
  const [first, last] = [equity[0]!, equity.at(-1)!];
  return {
    title,
    rebalances: totals.rebalances,
    rebalancedAt,
    holds,
    blocked,
    refusals: tally.refusals,
    beyondLimit: tally.beyondLimit,
    reverted,
    driftBefore: totals.driftBefore,
    driftAfter: totals.driftAfter,
    volume: totals.volume,
    cost: {
      gas: gasUsd,
      gasUnits: Number(gasUsed),
      fee: totals.feeUsd,
      slippage: totals.slippageUsd,
      total: gasUsd + totals.feeUsd + totals.slippageUsd,
    },
    hedged: {
      pnl: last.hedged - first.hedged - gasUsd,
      hourlyDeviation: changeDeviation(equity.map(({ hedged }) => hedged)),
    },
    unhedged: {
      pnl: last.unhedged - first.unhedged,
      hourlyDeviation: changeDeviation(equity.map(({ unhedged }) => unhedged)),
    },
    lowestHealth,
    nav: fromUsdc(await chain.read(Vault, VAULT, "nav", [])),
    sharePrice: fromUsdc(await chain.read(Vault, VAULT, "convertToAssets", [10n ** 12n])),
    claims: settler.paid.map(toClaimed),
    redeemed: await redeemAll(stage, last.timestamp + REDEEM_AFTER_SECONDS),
    equity,
    left,
  };
}

function toClaimed({ terms, settlementPrice, owed, received }: PaidHolding): Claimed {
  return {
    ...terms,
    settlementPrice: Number(settlementPrice) / 1e8,
    owed: String(owed),
    received: String(received),
  };
}

/** The second depositor leaves with all it may. @returns USDC received. */
async function redeemAll(
  { local: { chain, addresses, abis }, contracts }: Stage,
  timestamp: number,
): Promise<number> {
  const owner = ACTORS.depositors[1].address;
  const balance = () => chain.read(addresses.usdc, abis.erc20, "balanceOf", [owner]);
  const before = await balance();
  const shares = await chain.read(contracts.Vault, VAULT, "maxRedeem", [owner]);
  if (shares > 0n) {
    // Left to itself the chain would take the machine's clock, and with it other interest.
    await chain.rpc("evm_setNextBlockTimestamp", [numberToHex(timestamp)]);
    await chain.write(owner, contracts.Vault, VAULT, "redeem", [shares, owner, owner]);
  }
  return fromUsdc((await balance()) - before);
}

function leftOf(snapshot: Snapshot): RunReport["left"] {
  return { options: snapshot.legs.length, hedge: fromWad(hedgeOf(snapshot)) };
}

/** Null while nothing is owed. */
function healthFactor({ venues }: Snapshot): number | null {
  const short = venues[SHORT];
  return short === undefined || short.delta === 0n ? null : 1 + fromWad(short.liquidationDistance);
}

interface RpcBlock {
  readonly number: string;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly timestamp: string;
  readonly baseFeePerGas: string;
}
