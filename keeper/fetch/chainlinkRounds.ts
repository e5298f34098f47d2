import {
  decodeFunctionResult,
  encodeFunctionData,
  formatUnits,
  parseAbi,
  zeroAddress,
  type Address,
} from "viem";

import type { Dataset, Page, Stretch } from "./dataset.ts";
import type { NodeRpc } from "./nodeRpc.ts";
import { SourceError } from "./sourceError.ts";

/** Chainlink's ETH / USD proxy on mainnet: https://data.chain.link/feeds/ethereum/mainnet/eth-usd */
export const ETH_USD_FEED: Address = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419";

/**
 * `EACAggregatorProxy` and the aggregator behind one of its phases; a round's id is phase · 2⁶⁴ + the aggregator's own.
 * Published at https://docs.chain.link/data-feeds/historical-data
 */
const abi = parseAbi([
  "function decimals() view returns (uint8)",
  "function description() view returns (string)",
  "function phaseId() view returns (uint16)",
  "function phaseAggregators(uint16 phase) view returns (address)",
  "function getRoundData(uint80 roundId) view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
  "function latestRound() view returns (uint256)",
]);

const PHASE_BITS = 64n;
const ROUND_MASK = (1n << PHASE_BITS) - 1n;
const DECIMALS = 8;

/** Rounds that are asked for side by side. */
const PAGE = 100n;

/** Rounds without data in a row, beyond which a phase has none. */
const LONGEST_HOLE = 50n;

interface RoundData {
  readonly id: bigint;
  readonly answer: bigint;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly updatedAt: number;
}

/**
 * The rounds of a Chainlink proxy in order, phase after phase. Of a phase those count that were written after the last
 * round of the phase before: the earlier ones were written before the proxy moved on to it, and nobody was shown them.
 */
export function chainlinkRounds(rpc: NodeRpc, feed: Address): Dataset {
  return {
    columns: ["round_id", "phase", "agg_round", "answer", "price_usd", "started_at", "updated_at"],
    step: null,
    resumeAt: ([id, , , , , , updatedAt]) => (/^\d+$/.test(id!) ? Number(updatedAt) : NaN),
    pages: (stretch) => new FeedHistory(rpc, feed).pages(stretch),
  };
}

/** Reads one proxy. */
export class FeedHistory {
  readonly #rpc: NodeRpc;
  readonly #feed: Address;

  constructor(rpc: NodeRpc, feed: Address) {
    this.#rpc = rpc;
    this.#feed = feed;
  }

  /** What the feed calls itself. @throws SourceError when there is no feed, or one of other decimals. */
  async describe(): Promise<string> {
    const decimals = await this.#read(this.#feed, "decimals", []);
    if (decimals === null) throw this.#refused("has no Chainlink feed");
    if (decimals !== DECIMALS) throw this.#refused(`has a feed of ${String(decimals)} decimals, not 8`);
    return (await this.#read(this.#feed, "description", [])) ?? "";
  }

  /** The newest round. @throws SourceError when it has no data. */
  async newest(): Promise<RoundData> {
    const phase = await this.#phaseId();
    const round = await this.#round(phase, await this.#lastOf(phase));
    if (round === null) throw this.#refused("has no data for its newest round");
    return round;
  }

  async *pages({ from, to, last }: Stretch): AsyncGenerator<Page> {
    const description = await this.describe();
    const newest = await this.#phaseId();
    let [phase, next] = last === null ? await this.#start(from, newest) : placeAfter(BigInt(last[0]!));
    let shown = last === null ? -1 : Number(last[6]);
    yield { rows: [], until: from, notes: last === null ? [`the feed is ${description}`] : [] };
    for (; phase <= newest; phase++, next = 1n) {
      const end = await this.#lastOf(phase);
      const shownBefore = last !== null && placeAfter(BigInt(last[0]!))[0] === phase ? -1 : shown;
      for (; next <= end; next += PAGE) {
        const rounds = await this.#rounds(phase, next, next + PAGE > end + 1n ? end + 1n : next + PAGE);
        const kept = rounds.filter(
          ({ updatedAt }) => updatedAt >= from && updatedAt < to && updatedAt > shownBefore,
        );
        for (const { updatedAt } of kept) {
          if (updatedAt < shown) throw this.#refused("answered rounds that go back in time");
          shown = updatedAt;
        }
        yield { rows: kept.map(cells), until: Math.max(from, shown) };
        if (rounds.length > 0 && rounds.every(({ updatedAt }) => updatedAt >= to)) return;
      }
    }
  }

  /** Phase and round of the aggregator from which on rounds are of a stretch that starts at `from`. */
  async #start(from: number, newest: number): Promise<[number, bigint]> {
    let place: [number, bigint] | null = null;
    for (let phase = newest; phase >= 1; phase--) {
      const last = await this.#lastOf(phase);
      if (last === 0n) continue;
      const round = await this.#round(phase, last);
      if (round !== null && round.updatedAt < from) return place ?? [phase, last + 1n];
      place = [phase, await this.#firstFrom(phase, last, from)];
    }
    if (place === null) throw this.#refused("has no round");
    return place;
  }

  /** The first round of a phase at or after a time, which its last round is not before. */
  async #firstFrom(phase: number, last: bigint, from: number): Promise<bigint> {
    // Round `low` is before `from` or none, `high` is not before it.
    let [low, high] = [0n, last];
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      const round = await this.#from(phase, middle, high - 1n);
      if (round === null || round.updatedAt >= from) high = middle;
      else low = round.id & ROUND_MASK;
    }
    return high;
  }

  /** The first round with data from `round` on, up to `last`. */
  async #from(phase: number, round: bigint, last: bigint): Promise<RoundData | null> {
    for (let at = round; at <= last && at < round + LONGEST_HOLE; at++) {
      const data = await this.#round(phase, at);
      if (data !== null) return data;
    }
    return null;
  }

  async #rounds(phase: number, from: bigint, end: bigint): Promise<RoundData[]> {
    const numbers = Array.from({ length: Number(end - from) }, (_, index) => from + BigInt(index));
    const rounds = await Promise.all(numbers.map((number) => this.#round(phase, number)));
    return rounds.filter((round) => round !== null);
  }

  /** Null for a round that was never answered. */
  async #round(phase: number, round: bigint): Promise<RoundData | null> {
    const asked = (BigInt(phase) << PHASE_BITS) | round;
    const data = await this.#read(this.#feed, "getRoundData", [asked]);
    if (data === null) return null;
    const [id, answer, startedAt, updatedAt] = data;
    if (updatedAt === 0n) return null;
    if (id !== asked) throw this.#refused("answered another round than was asked for");
    if (answer <= 0n) throw this.#refused(`answered a price that is not above 0 in round ${String(id)}`);
    return { id, answer, startedAt: Number(startedAt), updatedAt: Number(updatedAt) };
  }

  async #phaseId(): Promise<number> {
    const phase = await this.#read(this.#feed, "phaseId", []);
    if (phase === null) throw this.#refused("has no Chainlink proxy");
    return phase;
  }

  /** The aggregator's last round of a phase; 0 when there is none. */
  async #lastOf(phase: number): Promise<bigint> {
    const aggregator = await this.#read(this.#feed, "phaseAggregators", [phase]);
    if (aggregator === null || aggregator === zeroAddress) return 0n;
    return (await this.#read(aggregator, "latestRound", [])) ?? 0n;
  }

  async #read<Name extends Reads>(
    to: Address,
    functionName: Name,
    args: Arguments[Name],
  ): Promise<Results[Name] | null> {
    const data = encodeFunctionData({ abi, functionName, args } as Parameters<typeof encodeFunctionData>[0]);
    const answer = await this.#rpc.call(to, data);
    // No code at the address answers nothing.
    if (answer === null || answer === "0x") return null;
    try {
      return decodeFunctionResult({ abi, functionName, data: answer } as DecodeParameters) as Results[Name];
    } catch {
      throw this.#refused(`answered ${functionName} with what is no answer to it`);
    }
  }

  #refused(message: string): SourceError {
    return this.#rpc.server.unexpected(`${message} (feed ${this.#feed})`);
  }
}

type DecodeParameters = Parameters<typeof decodeFunctionResult>[0];

type Reads = keyof Results;

interface Results {
  decimals: number;
  description: string;
  phaseId: number;
  phaseAggregators: Address;
  getRoundData: readonly [bigint, bigint, bigint, bigint, bigint];
  latestRound: bigint;
}

interface Arguments {
  decimals: readonly [];
  description: readonly [];
  phaseId: readonly [];
  phaseAggregators: readonly [number];
  getRoundData: readonly [bigint];
  latestRound: readonly [];
}

/** Phase and round of the aggregator that follow a round. */
function placeAfter(id: bigint): [number, bigint] {
  return [Number(id >> PHASE_BITS), (id & ROUND_MASK) + 1n];
}

function cells({ id, answer, startedAt, updatedAt }: RoundData): string[] {
  const round = id & ROUND_MASK;
  return [id, id >> PHASE_BITS, round, answer, formatUnits(answer, DECIMALS), startedAt, updatedAt].map(
    String,
  );
}
