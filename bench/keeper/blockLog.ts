import type { ChainSeat } from "../../keeper/fleet/chainSeat.ts";
import type { VaultSeat } from "../../keeper/fleet/vaultSeat.ts";

interface Entry {
  /** Milliseconds, unix time. */
  readonly seenAt: number;
  lastAt: number;
  decisions: number;
}

/** When the vaults of a chain decided, by block. */
export class BlockLog {
  readonly #chain: ChainSeat;
  readonly #vaults: ReadonlyMap<string, VaultSeat>;
  readonly #entries = new Map<bigint, Entry>();
  #waiting: { readonly block: bigint; readonly done: () => void } | null = null;

  constructor(chain: ChainSeat) {
    this.#chain = chain;
    const now = Date.now() / 1000;
    this.#vaults = new Map(chain.vaults.map((vault) => [vault.status(now).name, vault]));
  }

  noteDecision(name: string): void {
    const now = Date.now();
    const block = this.#vaults.get(name)!.status(now / 1000).lastDecision!.block;
    // The first to decide does so before any other block comes.
    const seenAt = this.#entries.get(block)?.seenAt ?? now - this.#chain.status(now / 1000).headAge * 1000;
    const decisions = (this.#entries.get(block)?.decisions ?? 0) + 1;
    this.#entries.set(block, { seenAt, lastAt: now, decisions });
    this.#tell();
  }

  /** Until every vault has decided at a block. */
  decided(block: bigint): Promise<void> {
    return new Promise((done) => {
      this.#waiting = { block, done };
      this.#tell();
    });
  }

  waits(): ReadonlyMap<bigint, number> {
    return new Map(
      [...this.#entries].map(([block, { seenAt, lastAt }]) => [block, (lastAt - seenAt) / 1000]),
    );
  }

  #tell(): void {
    if (this.#waiting === null) return;
    const { block, done } = this.#waiting;
    if ((this.#entries.get(block)?.decisions ?? 0) < this.#vaults.size) return;
    this.#waiting = null;
    done();
  }
}
