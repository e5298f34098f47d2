import type { ChainHandlers } from "./chainProcess.ts";
import { Child } from "./childProcess.ts";
import type { BroadcastTime, FleetHandlers } from "./fleetProcess.ts";
import type { Counts, Recording } from "./recording.ts";

export type EngineName = "pglite" | "postgres";

/** Milliseconds and shares of the total. */
export interface Latency {
  readonly engine: EngineName;
  readonly rebalances: number;
  readonly p50: number;
  readonly p99: number;
  /** Parts of the summed time: waiting on RPC, on the database, and the rest. */
  readonly rpcShare: number;
  readonly databaseShare: number;
  readonly computingShare: number;
}

/** Requests a decision makes, of the kinds that a decision makes; and those that chain and lane make for all vaults. */
export interface DecisionCalls {
  readonly read: number;
  readonly simulate: number;
  readonly send: number;
  /** Looking after what is pending. */
  readonly nonce: number;
  readonly receipt: number;
  readonly other: number;
}

export interface LatencyRun {
  readonly latency: Latency;
  readonly calls: { readonly hold: DecisionCalls; readonly trade: DecisionCalls };
  readonly recording: Recording;
  /** With which the keeper decided, 1/USD. */
  readonly riskAversion: number;
}

export interface LatencyOptions {
  readonly engine: EngineName;
  readonly databaseUrl: string | null;
  readonly rebalances: number;
  readonly series: number;
}

/** Rebalances that are not counted: the first ones compile the keeper. */
const WARM_UP = 10;
/** Seconds between looks at the head. */
const POLL = 0.02;

/** Lets a keeper rebalance a vault of a Hardhat node, both in processes of their own, until it has often enough. */
export async function measureLatency(options: LatencyOptions): Promise<LatencyRun> {
  const { engine, databaseUrl, rebalances, series } = options;
  const chain = new Child<ChainHandlers>("./chainProcess.ts");
  const keeper = new Child<FleetHandlers>("./fleetProcess.ts");
  try {
    const rounds = rebalances + WARM_UP;
    const { url, chainId, contracts, riskAversion } = await chain.call("start", {
      series,
      blocks: 1 + 2 * rounds,
    });
    await keeper.call("start", {
      ...{ url, chainId, riskAversion, databaseUrl },
      lens: contracts.Lens,
      vaults: [contracts.Vault],
      pollInterval: POLL,
    });
    const trades: Counts[] = [];
    const holds: Counts[] = [];
    await keeper.call("decided", await chain.call("step"));
    let sent = (await keeper.call("broadcasts")).length;
    for (let round = 0; round < rounds; round += 1) {
      // A block that moves the price, and one that only mines what that led to.
      for (const counts of [trades, holds]) {
        await chain.call("counts");
        await keeper.call("startBlock");
        await keeper.call("decided", await chain.call("step"));
        counts.push(await chain.call("counts"));
      }
      const broadcasts = (await keeper.call("broadcasts")).length;
      if (broadcasts !== sent + 1) throw new Error(await failure(keeper, round, broadcasts - sent));
      sent = broadcasts;
    }
    const times = (await keeper.call("broadcasts")).slice(-rebalances);
    return {
      latency: { engine, rebalances: times.length, ...summarise(times) },
      calls: { hold: mean(holds.slice(WARM_UP)), trade: mean(trades.slice(WARM_UP)) },
      recording: await chain.call("recording"),
      riskAversion,
    };
  } finally {
    await keeper.call("stop").catch(() => undefined);
    await Promise.all([keeper.stop(), chain.stop()]);
  }
}

async function failure(keeper: Child<FleetHandlers>, round: number, trades: number): Promise<string> {
  const doing = await keeper.call("doing");
  return `The keeper traded ${String(trades)} times in round ${String(round)}: ${doing}`;
}

function summarise(times: readonly BroadcastTime[]): Omit<Latency, "engine" | "rebalances"> {
  const sum = (part: keyof BroadcastTime) => times.reduce((total, time) => total + time[part], 0);
  const rpcShare = sum("rpc") / sum("total");
  const databaseShare = sum("database") / sum("total");
  const totals = times.map(({ total }) => total * 1000);
  return {
    p50: quantile(totals, 0.5),
    p99: quantile(totals, 0.99),
    ...{ rpcShare, databaseShare, computingShare: 1 - rpcShare - databaseShare },
  };
}

/** The smallest value that at least this part of all are not above. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

function mean(counts: readonly Counts[]): DecisionCalls {
  const of = (purpose: keyof Counts) =>
    counts.reduce((sum, each) => sum + (each[purpose] ?? 0), 0) / counts.length;
  return {
    ...{ read: of("read"), simulate: of("simulate"), send: of("send") },
    ...{ nonce: of("nonce"), receipt: of("receipt"), other: of("other") },
  };
}
