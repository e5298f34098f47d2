import type { Snapshot } from "../../keeper/chain/snapshot.ts";
import type { KeeperCycle } from "../../keeper/keeper.ts";
import type { Refusal } from "./report.ts";

const WAD = 10n ** 18n;
/** Of a pool's fee. */
const FEE_UNIT = 1_000_000n;
/** What the vault says of legs that left its drift where it was, among others. */
const NOT_REDUCED = "DriftNotReduced";

/** Counts, by cause, the rebalances that the vault would have refused. */
export class RefusalTally {
  readonly #blocks = new Map<string, number>();
  #beyondLimit = 0;

  /** @returns the refusal's name, or null where there was none. */
  add({
    blocked,
    decision,
    snapshot,
  }: Pick<KeeperCycle, "blocked" | "decision" | "snapshot">): string | null {
    if (blocked === null) return null;
    const reason = nameOf(blocked);
    this.#blocks.set(reason, (this.#blocks.get(reason) ?? 0) + 1);
    if (reason === NOT_REDUCED && decision !== null && isBeyondLimit(decision.trade, snapshot)) {
      this.#beyondLimit += 1;
    }
    return reason;
  }

  /** The most frequent first. */
  get refusals(): Refusal[] {
    return [...this.#blocks]
      .map(([reason, blocks]) => ({ reason, blocks }))
      .toSorted((a, b) => b.blocks - a.blocks);
  }

  /** Blocks at which the pool stood beyond the vault's limit, so that no part of the trade could be filled. */
  get beyondLimit(): number {
    return this.#beyondLimit;
  }
}

/**
 * Whether the pool's next unit, fee included, is worse than the vault's limit around the oracle price: then the venues
 * fill nothing (contracts/venues/UniswapV3Swapper.sol).
 * @param trade ETH, bought where positive.
 */
function isBeyondLimit(trade: number, { price, poolPrice, poolFee, maxSlippage }: Snapshot): boolean {
  const afterFee = FEE_UNIT - BigInt(poolFee);
  return trade > 0
    ? poolPrice * FEE_UNIT * WAD >= price * (WAD + maxSlippage) * afterFee
    : poolPrice * afterFee * WAD <= price * (WAD - maxSlippage) * FEE_UNIT;
}

/** The error's own name, without the numbers that differ from block to block. */
function nameOf(refusal: string): string {
  return /^\w+(?=\()/.exec(refusal)?.[0] ?? refusal;
}
