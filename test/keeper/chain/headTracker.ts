import { expect } from "chai";
import fc from "fast-check";
import { keccak256, toHex } from "viem";

import type { BlockId, Head } from "../../../keeper/chain/head.ts";
import { ChainMovedError, HeadTracker, type Reorg } from "../../../keeper/chain/headTracker.ts";

/** A chain that can take another branch. */
class ModelChain {
  #blocks: Head[] = [blockAfter(null, 0)];
  #salt = 0;

  get head(): Head {
    return this.#blocks.at(-1)!;
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  at(number: bigint): Head | null {
    return this.#blocks[Number(number)] ?? null;
  }

  mine(count: number): void {
    for (let each = 0; each < count; each += 1) this.#blocks.push(blockAfter(this.head, this.#salt));
  }

  /** Drops so many blocks; what is mined next differs from them. */
  rewind(depth: number): void {
    this.#salt += 1;
    this.#blocks.splice(Math.max(1, this.#blocks.length - depth));
  }

  /** As it is now, to come back to. */
  save(): () => void {
    const blocks = [...this.#blocks];
    return () => (this.#blocks = [...blocks]);
  }

  has({ number, hash }: BlockId): boolean {
    return this.at(number)?.hash === hash;
  }
}

function blockAfter(parent: Head | null, salt: number): Head {
  const number = parent === null ? 0n : parent.number + 1n;
  const parentHash = parent?.hash ?? keccak256("0x");
  return {
    number,
    parentHash,
    hash: keccak256(toHex(`${parentHash} ${String(salt)}`)),
    timestamp: number * 12n,
    baseFeePerGas: 7n,
  };
}

function track(chain: ModelChain, finalityBlocks = 64) {
  const reads: bigint[] = [];
  const tracker = new HeadTracker({
    finalityBlocks,
    readBlock: (number) => {
      reads.push(number);
      return Promise.resolve(chain.at(number));
    },
  });
  return { tracker, reads };
}

function ids(blocks: readonly BlockId[]): BlockId[] {
  return blocks.map(({ number, hash }) => ({ number, hash }));
}

describe("the head tracker", () => {
  it("reads nothing while each head follows the one before", async () => {
    const chain = new ModelChain();
    const { tracker, reads } = track(chain);
    for (let each = 0; each < 200; each += 1) {
      expect(await tracker.advance(chain.head)).to.equal(null);
      chain.mine(1);
    }
    expect(reads).to.deep.equal([]);
    expect(tracker.finalized).to.equal(135n);
  });

  it("sees another block at the same height", async () => {
    const chain = new ModelChain();
    chain.mine(5);
    const { tracker } = track(chain);
    await tracker.advance(chain.head);
    const gone = chain.head;
    chain.rewind(1);
    chain.mine(1);
    expect(await tracker.advance(chain.head)).to.deep.equal({
      depth: 1,
      ancestor: 4n,
      dropped: ids([gone]),
      pastFinality: false,
    });
    expect(tracker.isCanonical(gone)).to.equal(false);
    expect(tracker.isCanonical(chain.head)).to.equal(true);
    expect(tracker.isCanonical(chain.at(2n)!)).to.equal(null);
  });

  for (const depth of [1, 2, 3, 63, 64]) {
    for (const ahead of [-1, 0, 1, 5]) {
      it(`sees a reorg of depth ${String(depth)} whose head is ${String(ahead)} ahead`, async () => {
        const chain = new ModelChain();
        const { tracker, reads } = track(chain);
        const seen: Head[] = [];
        for (let each = 0; each < 100; each += 1) {
          chain.mine(1);
          seen.push(chain.head);
          await tracker.advance(chain.head);
        }
        chain.rewind(depth);
        chain.mine(depth + ahead);
        const reorg = await tracker.advance(chain.head);
        const gone = seen.slice(-depth).reverse();
        expect(reorg).to.deep.equal({
          depth,
          ancestor: BigInt(100 - depth),
          dropped: ids(gone),
          pastFinality: false,
        });
        // Each read tells of two blocks.
        expect(reads.length).to.be.at.most(depth / 2 + 4);
        expect(await tracker.advance(chain.head)).to.equal(null);
      });
    }
  }

  // What is forgotten as final depends on how many heads were taken.
  for (const heads of [30, 31]) {
    it(`says when a reorg went below what was final, after ${String(heads)} heads`, async () => {
      const chain = new ModelChain();
      const { tracker } = track(chain, 8);
      for (let each = 0; each < heads; each += 1) {
        chain.mine(1);
        await tracker.advance(chain.head);
      }
      const final = BigInt(heads - 8);
      expect(tracker.finalized).to.equal(final);
      chain.rewind(12);
      chain.mine(14);
      const reorg = await tracker.advance(chain.head);
      expect(reorg?.pastFinality).to.equal(true);
      expect(reorg?.dropped.map(({ number }) => number)).to.include(final);
    });
  }

  it("counts as final what once did, also after a reorg to a lower head", async () => {
    const chain = new ModelChain();
    chain.mine(10);
    const { tracker } = track(chain, 3);
    await tracker.advance(chain.head);
    chain.rewind(2);
    chain.mine(1);
    expect((await tracker.advance(chain.head))?.pastFinality).to.equal(false);
    expect([tracker.head?.number, tracker.finalized]).to.deep.equal([9n, 7n]);
  });

  it("concludes nothing from a head that skips blocks and names the last for its parent", async () => {
    const chain = new ModelChain();
    chain.mine(3);
    const { tracker } = track(chain);
    await tracker.advance(chain.head);
    const false6 = { ...blockAfter(chain.head, 9), number: 6n };
    const error: unknown = await tracker.advance(false6).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ChainMovedError);
    expect(tracker.head).to.equal(chain.head);
  });

  it("forgets what it dropped once that is final", async () => {
    const chain = new ModelChain();
    chain.mine(5);
    const { tracker } = track(chain, 3);
    await tracker.advance(chain.head);
    const gone = chain.head;
    chain.rewind(1);
    chain.mine(4);
    await tracker.advance(chain.head);
    expect(tracker.isCanonical(gone)).to.equal(false);
    chain.mine(1);
    await tracker.advance(chain.head);
    expect(tracker.isCanonical(gone)).to.equal(null);
  });

  it("leaves out an old head of a node that is behind", async () => {
    const chain = new ModelChain();
    chain.mine(3);
    const { tracker } = track(chain);
    const old = chain.head;
    await tracker.advance(old);
    chain.mine(2);
    const newest = chain.head;
    await tracker.advance(newest);
    expect(await tracker.advance(old)).to.equal(null);
    expect(tracker.head).to.equal(newest);
  });

  it("keeps what it knew when it could not read, and takes the head later", async () => {
    const chain = new ModelChain();
    chain.mine(3);
    let isBroken = true;
    const tracker = new HeadTracker({
      finalityBlocks: 64,
      readBlock: (number) =>
        isBroken ? Promise.reject(new Error("timeout")) : Promise.resolve(chain.at(number)),
    });
    const first = chain.head;
    await tracker.advance(first);
    chain.rewind(1);
    chain.mine(4);
    const failure: unknown = await tracker.advance(chain.head).catch((error: unknown) => error);
    expect(failure).to.have.property("message", "timeout");
    expect(tracker.head).to.equal(first);
    isBroken = false;
    expect((await tracker.advance(chain.head))?.dropped).to.deep.equal(ids([first]));
  });

  it("concludes nothing from a chain that changes between two reads", async () => {
    const chain = new ModelChain();
    chain.mine(9);
    const { tracker } = track(chain);
    const first = chain.head;
    await tracker.advance(first);
    const backToOld = chain.save();
    chain.rewind(4);
    chain.mine(6);
    const other = chain.head;
    backToOld();
    // The head is of one branch, what is read of the other: taking it would lose the reorg for good.
    chain.mine(3);
    const failure: unknown = await tracker.advance(other).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ChainMovedError);
    expect(tracker.head).to.equal(first);
    expect(await tracker.advance(chain.head)).to.equal(null);
  });

  it("knows a block again that came back", async () => {
    const chain = new ModelChain();
    const { tracker } = track(chain);
    chain.mine(8);
    for (const number of [5n, 6n, 7n, 8n]) await tracker.advance(chain.at(number)!);
    const [seven, eight] = [chain.at(7n)!, chain.at(8n)!];
    const backToOld = chain.save();
    chain.rewind(3);
    chain.mine(4);
    expect((await tracker.advance(chain.head))?.dropped).to.have.length(3);
    expect(tracker.isCanonical(seven)).to.equal(false);
    backToOld();
    chain.mine(2);
    expect((await tracker.advance(chain.head))?.dropped).to.have.length(1);
    // Nobody looked at these heights again: they are not called dropped.
    expect(tracker.isCanonical(seven)).to.not.equal(false);
    expect(tracker.isCanonical(eight)).to.not.equal(false);
  });

  it("does not call a block dropped that may have come back unseen", async () => {
    const chain = new ModelChain();
    const { tracker } = track(chain);
    chain.mine(8);
    for (const number of [5n, 6n, 7n, 8n]) await tracker.advance(chain.at(number)!);
    const seven = chain.at(7n)!;
    const backToOld = chain.save();
    chain.rewind(3);
    expect((await tracker.advance(chain.head))?.dropped).to.have.length(3);
    expect(tracker.isCanonical(seven)).to.equal(false);
    backToOld();
    chain.mine(2);
    expect(await tracker.advance(chain.head)).to.equal(null);
    expect(tracker.isCanonical(seven)).to.equal(null);
  });

  it("reports every block that was a head and left the chain once, and none that did not", async function () {
    this.timeout(60_000);
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant("mine"), size: fc.integer({ min: 1, max: 3 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("mine"), size: fc.integer({ min: 4, max: 90 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant("rewind"), size: fc.integer({ min: 1, max: 64 }) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("save"), size: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("return"), size: fc.nat(9) }) },
      { weight: 8, arbitrary: fc.record({ kind: fc.constant("look"), size: fc.constant(0) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const chain = new ModelChain();
        chain.mine(70);
        // Deep enough that nothing seen here is ever final.
        const { tracker } = track(chain, 100_000);
        const saved: (() => void)[] = [];
        /** Blocks that were a head and not reported since. */
        const standing = new Map<string, Head>();
        for (const { kind, size } of steps) {
          if (kind === "mine") chain.mine(size);
          else if (kind === "rewind") chain.rewind(size);
          else if (kind === "save") saved.push(chain.save());
          else if (kind === "return") saved[size]?.();
          else {
            const last = tracker.head;
            const reorg = await tracker.advance(chain.head);
            checkAgainst(chain, standing, reorg, last);
            standing.set(chain.head.hash, chain.head);
            for (const head of standing.values()) {
              expect(chain.has(head)).to.equal(true);
              expect(tracker.isCanonical(head)).to.equal(true);
            }
            expect(tracker.head).to.equal(chain.head);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Holds the report of one look against the model, and takes what it reports out of the standing. */
function checkAgainst(
  chain: ModelChain,
  standing: Map<string, Head>,
  reorg: Reorg | null,
  last: Head | null,
): void {
  const gone = [...standing.values()].filter((head) => !chain.has(head));
  gone.sort((a, b) => Number(b.number - a.number));
  expect(reorg?.dropped ?? []).to.deep.equal(ids(gone));
  if (reorg === null) return;
  for (const { hash } of gone) standing.delete(hash);
  expect(reorg.depth).to.equal(Number(last!.number - reorg.ancestor));
  for (const head of standing.values()) expect(head.number <= reorg.ancestor).to.equal(true);
  for (const head of gone) expect(head.number > reorg.ancestor).to.equal(true);
}
