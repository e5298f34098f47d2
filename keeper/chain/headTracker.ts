import type { Hash } from "viem";

import type { BlockId, Head } from "./head.ts";

/** The chain took another branch than the one that was seen. */
export interface Reorg {
  /** Blocks from the newest that was seen down to the ancestor. */
  readonly depth: number;
  /**
   * Number of the newest block known to be on both branches; where no known block is, one below the oldest. Blocks
   * nobody looked at may be shared above it.
   */
  readonly ancestor: bigint;
  /** Blocks that were seen and are no longer on the chain, newest first. */
  readonly dropped: readonly BlockId[];
  /** Whether it went below what counted as final. */
  readonly pastFinality: boolean;
}

/** A block's place on the chain. */
export interface Link {
  readonly hash: Hash;
  readonly parentHash: Hash;
}

export interface HeadTrackerOptions {
  /** Blocks after which one counts as final. */
  readonly finalityBlocks: number;
  /** The block at a number on the chain as it is now; null when there is none. */
  readonly readBlock: (number: bigint) => Promise<Link | null>;
}

/** The chain changed between two reads: nothing was concluded, and the next head will tell. */
export class ChainMovedError extends Error {
  override readonly name = "ChainMovedError";

  constructor() {
    super("The chain moved while it was being looked at.");
  }
}

interface KnownBlock extends BlockId {
  /** Whether it was a head, rather than known as the parent of one. */
  readonly isSeen: boolean;
}

/**
 * Follows heads by their parent hashes and tells when blocks that were heads left the chain. What it knows changes only
 * when all it had to read was read: after an error the same head may be tried again.
 */
export class HeadTracker {
  readonly #finalityBlocks: bigint;
  readonly #readBlock: HeadTrackerOptions["readBlock"];
  /** The chain as known, oldest first: down to one block at or below the final one. */
  #known: readonly KnownBlock[] = [];
  /** Hashes of dropped blocks that nothing has happened to bring back. */
  #dropped = new Map<Hash, bigint>();
  #head: Head | null = null;
  #highest = 0n;

  constructor({ finalityBlocks, readBlock }: HeadTrackerOptions) {
    this.#finalityBlocks = BigInt(finalityBlocks);
    this.#readBlock = readBlock;
  }

  /** The last head that was taken; null before the first. */
  get head(): Head | null {
    return this.#head;
  }

  /** Number of the newest block that counts as final; never goes back. */
  get finalized(): bigint {
    return this.#highest > this.#finalityBlocks ? this.#highest - this.#finalityBlocks : 0n;
  }

  /** Whether a block is on the chain; null when its height was not looked at. */
  isCanonical({ number, hash }: BlockId): boolean | null {
    const known = this.#known.find((block) => block.number === number);
    if (known !== undefined) return known.hash === hash;
    return this.#dropped.has(hash) ? false : null;
  }

  /**
   * Takes a head. One that is older than the last, and not by a reorg, is left out: {@link HeadTracker.head} stays. Calls
   * must not overlap.
   * @returns Null when it extends what was seen.
   * @throws ChainMovedError when the chain changes meanwhile, and what reading throws; nothing has changed then.
   */
  async advance(head: Head): Promise<Reorg | null> {
    const last = this.#head;
    if (last === null || head.hash === last.hash) {
      if (last === null) this.#adopt(head, []);
      return null;
    }
    if (head.number === last.number + 1n && head.parentHash === last.hash) {
      this.#adopt(head, this.#known);
      return null;
    }
    if (await this.#isStale(head, last)) return null;
    const kept = await this.#shared(head);
    if ((await this.#readBlock(head.number))?.hash !== head.hash) throw new ChainMovedError();
    const reorg = this.#reorgDownTo(kept, last);
    this.#adopt(head, this.#known.slice(0, kept));
    return reorg;
  }

  /** A node that is behind names an old head while the last one still stands. */
  async #isStale({ number }: Head, last: Head): Promise<boolean> {
    return number <= last.number && (await this.#readBlock(last.number))?.hash === last.hash;
  }

  /** How many of the known blocks, from the oldest, are on the head's branch. What a read tells of a parent is used. */
  async #shared({ number, hash, parentHash }: Head): Promise<number> {
    const branch = new Map([
      [number, hash],
      [number - 1n, parentHash],
    ]);
    for (let kept = this.#known.length; kept > 0; kept -= 1) {
      const known = this.#known[kept - 1]!;
      if (known.number > number) continue;
      if (!branch.has(known.number)) {
        const block = await this.#readBlock(known.number);
        if (block === null) throw new ChainMovedError();
        branch.set(known.number, block.hash).set(known.number - 1n, block.parentHash);
      }
      if (branch.get(known.number) === known.hash) return kept;
    }
    return 0;
  }

  #reorgDownTo(kept: number, last: Head): Reorg | null {
    const gone = this.#known.slice(kept);
    if (gone.length === 0) return null;
    const ancestor = this.#known[kept - 1]?.number ?? gone[0]!.number - 1n;
    const dropped = gone
      .filter(({ isSeen }) => isSeen)
      .map(({ number, hash }) => ({ number, hash }))
      .reverse();
    const pastFinality = ancestor < this.finalized;
    for (const [hash, number] of this.#dropped) if (number > ancestor) this.#dropped.delete(hash);
    for (const { hash, number } of dropped) this.#dropped.set(hash, number);
    return { depth: Number(last.number - ancestor), ancestor, dropped, pastFinality };
  }

  #adopt(head: Head, below: readonly KnownBlock[]): void {
    const { number, hash, parentHash } = head;
    const known = below.filter((block) => block.number < number);
    const parent = number - 1n;
    if (parent >= 0n && (known.at(-1)?.number ?? -1n) < parent) {
      known.push({ number: parent, hash: parentHash, isSeen: false });
    }
    known.push({ number, hash, isSeen: true });
    // Above the last head a dropped block may have come back unseen.
    const last = this.#head?.number ?? number;
    for (const [each, at] of this.#dropped) {
      if (each === hash || (at > last && at < number)) this.#dropped.delete(each);
    }
    this.#head = head;
    if (number > this.#highest) this.#highest = number;
    this.#known = this.#withoutFinal(known);
    for (const [each, at] of this.#dropped) if (at < this.finalized) this.#dropped.delete(each);
  }

  /** All but one of the blocks that count as final are forgotten. */
  #withoutFinal(known: readonly KnownBlock[]): readonly KnownBlock[] {
    const anchor = known.findLastIndex(({ number }) => number <= this.finalized);
    return anchor > 0 ? known.slice(anchor) : known;
  }
}
