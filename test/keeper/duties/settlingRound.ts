import { expect } from "chai";

import {
  findSettlingRound,
  roundIdOf,
  type Round,
  type RoundReader,
} from "../../../keeper/duties/settlingRound.ts";

const EXPIRY = 1_000n;

/** Rounds of each phase by their number, from 1: when each was written; null where it has no data. */
type Phases = readonly (readonly (bigint | readonly [bigint, bigint] | null)[])[];

class MemoryFeed implements RoundReader {
  readonly #phases: Phases;
  readonly #hints: readonly bigint[];
  reads = 0;

  constructor(phases: Phases, hints: readonly bigint[] = []) {
    this.#phases = phases;
    this.#hints = hints;
  }

  phaseId() {
    return Promise.resolve(this.#phases.length);
  }

  round(roundId: bigint): Promise<Round | null> {
    this.reads += 1;
    const phase = this.#phases[Number(roundId >> 64n) - 1];
    const entry = phase?.[Number(BigInt.asUintN(64, roundId)) - 1] ?? null;
    if (entry === null) return Promise.resolve(null);
    const [updatedAt, answer] = typeof entry === "bigint" ? [entry, 1n] : entry;
    return Promise.resolve({ updatedAt, answer });
  }

  hint(phase: number) {
    return Promise.resolve(this.#hints[phase - 1] ?? 0n);
  }
}

const find = (phases: Phases, { lastIsEnough = false, hints = [] as bigint[], expiry = EXPIRY } = {}) =>
  findSettlingRound(new MemoryFeed(phases, hints), expiry, lastIsEnough);
const first = (phase: number, round: bigint, lasts: bigint[] = []) => ({
  kind: "first",
  roundId: roundIdOf(phase, round),
  lastRounds: lasts.map((last, i) => roundIdOf(i + 1, last)),
});

describe("the round that settles an expiry", () => {
  it("is the first at or after it, wherever it lies among the rounds", async () => {
    for (const size of [1, 2, 3, 7, 16, 100, 1_000]) {
      const rounds = Array.from({ length: size }, (_, i) => BigInt(10 * (i + 1)));
      for (let at = 1; at <= size; at += Math.max(1, Math.floor(size / 23))) {
        for (const [late, hint] of [
          [0n, 0n],
          [3n, BigInt(size)],
          [9n, BigInt(Math.ceil(size / 2))],
        ] as const) {
          const expiry = BigInt(10 * at) - late;
          expect(await find([rounds], { expiry, hints: [hint] })).to.deep.equal(first(1, BigInt(at)));
        }
      }
    }
  });

  it("is in the lowest phase that goes on until then, after the last rounds of those below", async () => {
    expect(await find([[1n, 5n], [], [7n, 900n], [950n, 1_000n, 1_001n], [1_000n]])).to.deep.equal(
      first(4, 2n, [2n, 0n, 2n]),
    );
    expect(
      await find([
        [1n, 1_003n],
        [999n, 1_001n],
      ]),
    ).to.deep.equal(first(1, 2n));
  });

  it("is found past rounds without data at the beginning of a phase", async () => {
    const gap = Array.from({ length: 15 }, () => null);
    expect(await find([[1n], [...gap, 1_001n, 1_002n]])).to.deep.equal(first(2, 16n, [1n]));
    expect(
      await find([
        [...gap, 999n],
        [...gap, 1_002n],
      ]),
    ).to.deep.equal(first(2, 16n, [16n]));
  });

  it("has a positive answer", async () => {
    expect(await find([[999n, [1_001n, 0n], [1_002n, -1n], 1_003n, 1_004n]])).to.deep.equal(first(1, 4n));
    // Nothing above can be shown past such a round, so there is nothing to show.
    expect(await find([[999n, [1_001n, 0n]], [1_002n]])).to.equal(null);
  });

  it("is none while nothing has been written since, but the last of all once that is enough", async () => {
    const phases = [[1n], [2n, 999n], []];
    expect(await find(phases)).to.equal(null);
    expect(await find(phases, { lastIsEnough: true })).to.deep.equal({
      kind: "last",
      roundId: roundIdOf(2, 2n),
      lastRounds: [roundIdOf(1, 1n)],
    });
    expect(await find([[1n, [2n, 0n]]], { lastIsEnough: true })).to.equal(null);
    expect(await find([], { lastIsEnough: true })).to.equal(null);
  });

  it("takes few reads: from the newest round down, and two a phase where the hint is right", async () => {
    const long = Array.from({ length: 50_000 }, (_, i) => BigInt(i));
    const phases = [long, long, [...long, 60_000n, 60_010n, 60_020n, 60_030n, 60_040n]];
    const feed = new MemoryFeed(phases, [50_000n, 50_000n, 50_005n]);
    expect(await findSettlingRound(feed, 60_005n, false)).to.deep.equal(
      first(3, 50_002n, [50_000n, 50_000n]),
    );
    expect(feed.reads).to.be.at.most(2 * 3 + 6);
    const blind = new MemoryFeed(phases);
    await findSettlingRound(blind, 60_005n, false);
    expect(blind.reads).to.be.below(1_000);
  });
});
