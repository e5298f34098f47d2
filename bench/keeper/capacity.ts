import { setTimeout as sleep } from "node:timers/promises";

import { getAddress, type Address } from "viem";

import { Child } from "./childProcess.ts";
import type { FleetHandlers } from "./fleetProcess.ts";
import type { Recording } from "./recording.ts";
import type { ReplayHandlers } from "./replayProcess.ts";

/** What a fleet of a size did. */
export interface Trial {
  readonly vaults: number;
  /** Whether every vault decided at every block before the next came. */
  readonly isSustained: boolean;
  /** Of vaults times blocks, those at which a vault did not read the chain. */
  readonly skipped: number;
  /** Seconds from a block's arrival to the last decision on it, of the slowest block. */
  readonly slowest: number;
  /** Seconds of one core, of the keeper alone. */
  readonly cpuPerDecision: number;
  /** Bytes, once all is done and collected. */
  readonly memory: { readonly rss: number; readonly heap: number };
  /** Requests for the head, by block. */
  readonly headCalls: number;
}

export interface TrialOptions {
  readonly recording: Recording;
  /** 1/USD. */
  readonly riskAversion: number;
  readonly vaults: number;
  /** Seconds between blocks. */
  readonly interval: number;
  readonly blocks: number;
  readonly databaseUrl: string | null;
}

/** Blocks before those that count. */
const WARM_UP = 2;
/** The most seconds between looks at the head. */
const SLOWEST_POLL = 1;
/** Looks at the head in the time of a block. */
const POLLS = 10;
/** Seconds after which a fleet that has not decided at its first block never will. */
const PATIENCE = 120;

/** Runs a keeper of so many vaults beside a chain of recorded answers, at the pace of a chain. */
export async function tryVaults(options: TrialOptions): Promise<Trial> {
  const { recording, riskAversion, vaults, interval, blocks, databaseUrl } = options;
  const chain = new Child<ReplayHandlers>("./replayProcess.ts");
  const keeper = new Child<FleetHandlers>("./fleetProcess.ts", ["--expose-gc"]);
  try {
    const url = await chain.call("start", recording, interval * 1000);
    await keeper.call("start", {
      ...{ url, chainId: recording.chainId, lens: recording.lens, riskAversion, databaseUrl },
      vaults: addresses(vaults),
      pollInterval: Math.min(SLOWEST_POLL, interval / POLLS),
    });
    for (let i = 0; i < WARM_UP; i += 1) {
      const decided = keeper.call("decided", BigInt(await chain.call("advance")));
      if (!(await isDoneInTime(decided))) return neverStarted(vaults, blocks);
    }
    await chain.call("counts");
    const cpuBefore = await keeper.call("cpu");
    const counted: number[] = [];
    let next = performance.now();
    for (let i = 0; i < blocks; i += 1) {
      counted.push(await chain.call("advance"));
      next += interval * 1000;
      await sleep(Math.max(0, next - performance.now()));
    }
    const cpu = (await keeper.call("cpu")) - cpuBefore;
    const { head = 0 } = await chain.call("counts");
    const waits = await keeper.call("waits");
    let readers = 0;
    for (const block of counted) readers += await chain.call("readersAt", block);
    // A block at which nobody decided is counted with the skipped ones.
    const slowest = Math.max(0, ...counted.map((block) => waits.get(BigInt(block)) ?? 0));
    const skipped = vaults * blocks - readers;
    return {
      ...{ vaults, skipped, slowest },
      isSustained: skipped === 0,
      cpuPerDecision: cpu / readers,
      memory: await keeper.call("memory"),
      headCalls: head / blocks,
    };
  } finally {
    await keeper.call("stop").catch(() => undefined);
    await Promise.all([keeper.stop(), chain.stop()]);
  }
}

/** Addresses that {@link ReplayHandlers} can tell apart. */
function addresses(count: number): Address[] {
  return Array.from({ length: count }, (_, index) =>
    getAddress(`0xbe9c${(index + 1).toString(16).padStart(36, "0")}`),
  );
}

async function isDoneInTime(work: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(PATIENCE * 1000, false, { signal: timer.signal }).catch(() => false);
  const isDone = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return isDone;
}

function neverStarted(vaults: number, blocks: number): Trial {
  const memory = { rss: NaN, heap: NaN };
  const nothing = { slowest: NaN, cpuPerDecision: NaN, memory, headCalls: NaN };
  return { vaults, isSustained: false, skipped: vaults * blocks, ...nothing };
}

export interface SearchOptions {
  readonly from: number;
  readonly most: number;
  readonly attempt: (vaults: number) => Promise<Trial>;
}

/** Part of the answer by which it may be too low. */
const PRECISION = 0.1;

/** The largest number of vaults that skip nothing: by doubling or halving from `from`, then by bisection. */
export async function searchMost({ from, most, attempt }: SearchOptions): Promise<Trial | null> {
  let best: Trial | null = null;
  let failedAt = Infinity;
  let vaults = Math.min(from, most);
  for (;;) {
    const trial = await attempt(vaults);
    if (trial.isSustained) best = trial;
    else failedAt = vaults;
    const low = best?.vaults ?? 0;
    if (low >= most || failedAt <= 1 || failedAt - low <= Math.max(1, PRECISION * low)) return best;
    if (failedAt === Infinity) vaults = Math.min(most, 2 * low);
    else vaults = (low + failedAt) >> 1;
  }
}
