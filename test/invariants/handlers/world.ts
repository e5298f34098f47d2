import type { Contract } from "ethers";

import { flatSurface } from "../../../scripts/deployKeel.ts";
import { WAD } from "../../contracts/utils/keel.ts";
import type { Keel } from "../../contracts/utils/useKeel.ts";
import {
  abs,
  driftOf,
  expiryOf,
  rebalance,
  seriesOf,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "../../contracts/utils/vault.ts";
import { now } from "../support/chain.ts";
import type { Dice } from "../support/seeds.ts";
import type { Truth } from "../support/truth.ts";

/** What goes on around an attacker, all of it honest. `size` in [-1, 1]. */
export interface WorldMove {
  readonly who: "world";
  readonly name: "round" | "dollar" | "post" | "sell" | "buyBack" | "hedge" | "time" | "expire";
  readonly size: number;
}

/** Just inside the box: how far an answer strays from the true price, and a surface from the true volatility. */
const PRICE_GAP = 0.0098;
const VOLATILITY_GAP = 0.045;

/** Oracle rounds and surfaces within the box around the truth, and honest fills, hedges and settlements. */
export class World {
  readonly #keel: Keel;

  constructor(keel: Keel) {
    this.#keel = keel;
  }

  static draw(dice: Dice): WorldMove {
    const name = dice.weighted([
      [5, "round"],
      [1, "dollar"],
      [3, "post"],
      [2, "sell"],
      [1, "buyBack"],
      [2, "hedge"],
      [2, "time"],
      [1, "expire"],
    ] as const);
    return { who: "world", name, size: dice.pick([-1, 1, dice.between(-1, 1)]) };
  }

  /**
   * Whether what it does to a stake is the market's doing, which no ordering earns: time goes by, or a taker trades at a mark
   * that is off the truth, and pays or gains what it is off by.
   */
  static isMarket({ name }: WorldMove): boolean {
    return name === "time" || name === "expire" || name === "sell" || name === "buyBack";
  }

  /** Throws whatever the chain refuses with. @returns USDC, 6 decimals, that the vault gained beyond the mark. */
  async play(move: WorldMove, truth: Truth): Promise<bigint> {
    if (move.name === "sell" || move.name === "buyBack") return this.#fill(move);
    await this.#happen(move, truth);
    return 0n;
  }

  async #fill({ name, size }: WorldMove): Promise<bigint> {
    const { vault, taker, book } = this.#keel;
    const id = ((await vault.legs!()) as bigint[]).map(seriesOf).at(-1);
    if (id === undefined) return 0n;
    const sells = name === "sell";
    const quantity = (BigInt(Math.round(Math.abs(size) * 50)) + 1n) * WAD;
    const mark = await this.#keel.mark(id);
    const premium = (mark * (sells ? 102n : 98n)) / 100n;
    const { terms, signature } = await this.#keel.quote(id, quantity, premium, { makerSells: sells });
    await (book.connect(taker) as Contract).fill!(terms, signature, quantity);
    return (abs(premium - mark) * quantity) / WAD;
  }

  async #happen({ name, size }: WorldMove, truth: Truth): Promise<void> {
    const { vault, networkHelpers, volatilityOracle, surfacePoster } = this.#keel;
    const legs = ((await vault.legs!()) as bigint[]).map(seriesOf);
    switch (name) {
      case "round":
        return this.#keel.mainnet.submitEthUsd(truth.price * (1 + PRICE_GAP * size));
      case "dollar":
        return this.#keel.mainnet.submitUsdcUsd(size > 0 ? truth.usdc : 1);
      case "post": {
        const surface = flatSurface(truth.volatility * (1 + VOLATILITY_GAP * size));
        await (volatilityOracle.connect(surfacePoster) as Contract).post!(surface);
        return;
      }
      case "hedge":
        return this.#hedge();
      case "time":
        await networkHelpers.time.increase(Math.round(60 + 340 * Math.abs(size)));
        return;
      case "expire": {
        const at = await now(this.#keel);
        const expiry = Math.min(...legs.map(expiryOf));
        // Only what is about to: a day would be another market.
        if (!(expiry > at + 10 && expiry < at + 3_600)) return;
        await settleBook(this.#keel, expiry, truth.price);
        return;
      }
      case "sell":
      case "buyBack":
    }
  }

  async #hedge(): Promise<void> {
    const drift = await driftOf(this.#keel);
    const first = drift < 0n ? SHORT : SPOT;
    await rebalance(this.#keel, [
      { venue: first, dDelta: -drift },
      { venue: first === SPOT ? SHORT : SPOT, dDelta: -drift },
    ]);
  }

  /** Settles in the vault what has settled in the option book. */
  async settle(): Promise<void> {
    const at = await now(this.#keel);
    for (const id of ((await this.#keel.vault.legs!()) as bigint[]).map(seriesOf)) {
      if (expiryOf(id) <= at) await vaultAs(this.#keel, this.#keel.alice).settle!(id);
    }
  }
}
