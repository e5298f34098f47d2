import { checksumAddress, type DecodeFunctionResultReturnType, type Hex } from "viem";

import type { lensAbi } from "./abi.ts";

/** What `Lens.snapshot` returns, as `lensAbi` names it. */
export type RawSnapshot = DecodeFunctionResultReturnType<typeof lensAbi, "snapshot">;

/** Hex digits of a word of the ABI. */
const WORD = 64;
const FALSE = "0".repeat(WORD);
const TRUE = "1".padStart(WORD, "0");

/**
 * Decodes the answer of `Lens.snapshot` as viem's `decodeFunctionResult` does, in a seventh of the time: it is by far the largest
 * answer the keeper reads, and it reads one for each vault and block.
 * Throws a RangeError for an answer that ends too soon, a TypeError for one that is no snapshot.
 */
export function decodeSnapshot(answer: Hex): RawSnapshot {
  // The tuple is one argument whose place the first word tells.
  const words = new Words(answer, 2).at(0);
  return {
    blockNumber: words.uint(0),
    timestamp: words.uint(1),
    price: words.uint(2),
    ethUsd: words.uint(3),
    priceUpdatedAt: words.uint(4),
    fresh: words.bool(5),
    open: words.bool(6),
    paused: words.bool(7),
    poolPrice: words.uint(8),
    poolLiquidity: words.uint(9),
    poolFee: words.number(10),
    rebalanceNonce: words.uint(11),
    lastRebalanceAt: words.uint(12),
    due: words.bool(13),
    trigger: words.number(14),
    minDrift: words.uint(15),
    maxAge: words.uint(16),
    maxSlippage: words.uint(17),
    maxLoss: words.uint(18),
    nav: words.int(19),
    totalSupply: words.uint(20),
    cash: words.uint(21),
    reserve: words.uint(22),
    book: {
      price: words.int(23),
      delta: words.int(24),
      gamma: words.int(25),
      vega: words.int(26),
      theta: words.int(27),
    },
    legs: words.list(28, 1, (leg) => leg.uint(0)),
    pillars: words.list(29, 5, (pillar) => ({
      tenor: pillar.number(0),
      atmVol: pillar.number(1),
      skew: pillar.signedNumber(2),
      curvature: pillar.signedNumber(3),
      forwardRatio: pillar.number(4),
    })),
    surfacePostedAt: words.uint(30),
    venues: words.list(31, 5, (venue) => ({
      venue: venue.address(0),
      delta: venue.int(1),
      equity: venue.int(2),
      liquidationDistance: venue.uint(3),
      marginTrigger: venue.uint(4),
    })),
  };
}

/** Words of 32 bytes from a place in an answer on. */
class Words {
  readonly #answer: string;
  /** Index of the digit the first word begins at. */
  readonly #start: number;

  constructor(answer: string, start: number) {
    this.#answer = answer;
    this.#start = start;
  }

  /** The words at the place that a word tells, in bytes from the first. */
  at(index: number): Words {
    return new Words(this.#answer, this.#start + 2 * this.#length(index));
  }

  uint(index: number): bigint {
    return BigInt(`0x${this.#word(index)}`);
  }

  int(index: number): bigint {
    return BigInt.asIntN(256, this.uint(index));
  }

  /** Of a type of at most 48 bits. */
  number(index: number): number {
    return Number(`0x${this.#word(index)}`);
  }

  signedNumber(index: number): number {
    return Number(this.int(index));
  }

  bool(index: number): boolean {
    const word = this.#word(index);
    if (word !== FALSE && word !== TRUE) throw new TypeError("The Lens answers what is no snapshot.");
    return word === TRUE;
  }

  address(index: number): Hex {
    return checksumAddress(`0x${this.#word(index).slice(24)}`);
  }

  /** A list of items of so many words each. */
  list<T>(index: number, size: number, read: (item: Words) => T): T[] {
    const list = this.at(index);
    const count = list.#length(0);
    const first = list.#start + WORD;
    const items: T[] = [];
    for (let i = 0; i < count; i += 1) items.push(read(new Words(this.#answer, first + i * size * WORD)));
    return items;
  }

  /** A length or an offset: not more than there is. */
  #length(index: number): number {
    const length = this.number(index);
    if (!(length < this.#answer.length)) throw new TypeError("The Lens answers what is no snapshot.");
    return length;
  }

  #word(index: number): string {
    const from = this.#start + index * WORD;
    const word = this.#answer.slice(from, from + WORD);
    if (word.length < WORD) throw new RangeError("The answer of the Lens ends too soon.");
    return word;
  }
}
