/** A round of a feed with data. */
export interface Round {
  /** USD, 8 decimals. */
  readonly answer: bigint;
  /** Unix seconds. */
  readonly updatedAt: bigint;
}

/** A Chainlink proxy at one block. */
export interface RoundReader {
  /** The phase that is current; the first is 1. */
  phaseId(): Promise<number>;
  /** Null where the round has no data. */
  round(roundId: bigint): Promise<Round | null>;
  /** A round of a phase that may be its last, to begin the search at: 0 where nothing is known. */
  hint(phase: number): Promise<bigint>;
}

/** The arguments of `OptionBook.settle` (`first`) or `settleWithLastRound` (`last`), beside the expiry. */
export interface SettlingRound {
  readonly kind: "first" | "last";
  readonly roundId: bigint;
  /** For each lower phase its last round; round 0 of a phase without any. */
  readonly lastRounds: readonly bigint[];
}

/** Rounds without data that are looked past: as many as `RoundProof` looks at. */
const MAX_GAP = 16n;
const ROUND_BITS = 64n;

/** The id by which the proxy knows round `round` of a phase. */
export function roundIdOf(phase: number, round: bigint): bigint {
  return (BigInt(phase) << ROUND_BITS) | round;
}

/** The round of the aggregator that a proxy's round id names. */
export function roundOf(roundId: bigint): bigint {
  return BigInt.asUintN(Number(ROUND_BITS), roundId);
}

/**
 * The round that settles an expiry as contracts/oracles/RoundProof.sol demands it: the first with a positive answer and
 * `updatedAt >= expiry`, in the lowest phase that goes on until then. Without one, and once that is enough, the last of all.
 * Rests on what that library rests on: `updatedAt` never falls within a phase, and rounds without data come before all others.
 *
 * @param expiry Unix seconds.
 * @param lastIsEnough Whether the book takes the last round before expiry by now.
 * @returns Null where there is none yet, or none that could be shown.
 */
export async function findSettlingRound(
  reader: RoundReader,
  expiry: bigint,
  lastIsEnough: boolean,
): Promise<SettlingRound | null> {
  const feed = new Feed(reader);
  const lastRounds: bigint[] = [];
  let newest: { readonly proof: SettlingRound; readonly answer: bigint } | null = null;
  const phases = await reader.phaseId();
  for (let phase = 1; phase <= phases; phase += 1) {
    const last = await feed.lastOf(phase);
    const roundId = roundIdOf(phase, last);
    const data = last === 0n ? null : await feed.read(roundId);
    if (data !== null) {
      if (data.updatedAt >= expiry) {
        const first = await feed.firstFrom(phase, last, expiry);
        return first === null ? null : { kind: "first", roundId: roundIdOf(phase, first), lastRounds };
      }
      const proof = { kind: "last", roundId, lastRounds: [...lastRounds] } as const;
      newest = { proof, answer: data.answer };
    }
    lastRounds.push(roundId);
  }
  return newest !== null && lastIsEnough && newest.answer > 0n ? newest.proof : null;
}

/** Searches one proxy; no round is read twice. Rounds are counted as the aggregators do, from 1. */
class Feed {
  readonly #reader: RoundReader;
  readonly #read = new Map<bigint, Round | null>();

  constructor(reader: RoundReader) {
    this.#reader = reader;
  }

  async read(roundId: bigint): Promise<Round | null> {
    const known = this.#read.get(roundId);
    if (known !== undefined) return known;
    const round = await this.#reader.round(roundId);
    this.#read.set(roundId, round);
    return round;
  }

  /** The last round of a phase; 0 where it has none. */
  async lastOf(phase: number): Promise<bigint> {
    let low = await this.#anyOf(phase);
    if (low === 0n) return 0n;
    let step = 1n;
    for (;;) {
      const found = await this.#nearest(phase, low + step, low);
      if (found === null) break;
      low = found.round;
      step *= 2n;
    }
    let high = low + step;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      const found = await this.#nearest(phase, middle, low);
      if (found === null) high = middle;
      else low = found.round;
    }
    return low;
  }

  /**
   * The first round of a phase at or after expiry whose answer is positive; null where no such round is near.
   * @param last The phase's last, which is at or after expiry: the search goes down from it, since most expiries are recent.
   */
  async firstFrom(phase: number, last: bigint, expiry: bigint): Promise<bigint | null> {
    let high = last;
    let low = 0n;
    for (let step = 1n; high - step > 0n; step *= 2n) {
      const found = await this.#nearest(phase, high - step, 0n);
      if (found === null || found.updatedAt < expiry) {
        low = high - step;
        break;
      }
      high = found.round;
    }
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      const found = await this.#nearest(phase, middle, low);
      if (found === null || found.updatedAt < expiry) low = middle;
      else high = found.round;
    }
    for (let round = high; round <= last && round < high + MAX_GAP; round += 1n) {
      const data = await this.read(roundIdOf(phase, round));
      if (data !== null && data.answer > 0n) return round;
    }
    return null;
  }

  /** Any round of a phase with data: what the hint says, else the first; 0 where there is none. */
  async #anyOf(phase: number): Promise<bigint> {
    const hint = await this.#reader.hint(phase);
    if (hint > 0n && (await this.read(roundIdOf(phase, hint))) !== null) return hint;
    for (let round = 1n; round <= MAX_GAP; round += 1n)
      if ((await this.read(roundIdOf(phase, round))) !== null) return round;
    return 0n;
  }

  /** The highest round with data that is at most `round`, above `floor` and not far below. */
  async #nearest(
    phase: number,
    round: bigint,
    floor: bigint,
  ): Promise<(Round & { readonly round: bigint }) | null> {
    for (let at = round; at > floor && at > round - MAX_GAP; at -= 1n) {
      const data = await this.read(roundIdOf(phase, at));
      if (data !== null) return { ...data, round: at };
    }
    return null;
  }
}
