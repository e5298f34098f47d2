import { expect } from "chai";
import type { Contract } from "ethers";

import { DAY, seriesId, USDC, WAD } from "../../contracts/utils/keel.ts";
import { abs, driftOf, expiryOf, rebalance, SHORT, SPOT } from "../../contracts/utils/vault.ts";
import { now } from "../support/chain.ts";
import type { Action, Life } from "../support/life.ts";

const FILL_REFUSALS = [
  "NotOpen",
  "HedgeReserveBreached",
  "TooManySeries",
  "exceeds balance",
  "ERC1155InsufficientBalance",
  "Panic",
  "BalanceOutOfRange",
  "BudgetExceeded",
  "PositionTooSmall",
  "GammaTooLarge",
  "VegaTooLarge",
  "ExitsFirst",
  "QuoteOutsideEdge",
];
const REBALANCE_REFUSALS = [
  "NothingDue",
  "DriftNotReduced",
  "MarginWorsened",
  "BudgetExceeded",
  "OracleUnfit",
];

/** A taker that buys from the vault and sells back, claims what it is owed, and a keeper that hedges, mostly well. */
export function traders(life: Life): readonly Action[] {
  const { keel, dice } = life;
  const { vault, book, usdc, taker } = keel;

  const fill = async (makerSells: boolean) => {
    const at = await now(keel);
    const open = [...life.series].filter((id) => expiryOf(id) > at + 60);
    const id = open.length > 0 && dice.chance(0.6) ? dice.pick(open) : draw(at);
    const held = (await book.balanceOf!(taker.address, id)) as bigint;
    const quantity = makerSells ? dice.amount(200n * WAD) + 1n : dice.amount(held * 2n);
    if (quantity === 0n) return;
    const premium = ((await keel.mark(id)) * BigInt(Math.round(dice.between(985, 1_015)))) / 1_000n;
    const { terms, signature } = await keel.quote(id, quantity, premium, { makerSells });
    const before = await spare();
    const done = await life.attempt(makerSells ? "sell" : "buy back", FILL_REFUSALS, () =>
      (book.connect(taker) as Contract).fill!(terms, signature, quantity),
    );
    if (!done) return;
    life.series.add(id);
    const after = await spare();
    expect(after >= 0n || after > before, `${String(after)} beyond the reserve`).to.equal(true);
  };

  const draw = (at: number) => {
    const isPut = dice.chance(0.5);
    const strike = Math.round((life.price * dice.pick([0.9, 1, 1.1])) / 50) * 50;
    const expiry = Math.ceil(at / DAY) * DAY + dice.pick([1, 2, 5]) * DAY;
    return seriesId({ isPut, strike, cap: isPut ? strike - 700 : strike + 700, expiry });
  };

  const spare = async () => {
    const [marks] = (await vault.status!()) as [{ venueEquity: bigint }];
    return ((await vault.cash!()) as bigint) + marks.venueEquity - ((await vault.hedgeReserve!()) as bigint);
  };

  /** Option holders are paid what they are owed, whatever else has happened. */
  const claim = async () => {
    for (const id of life.series) {
      const price = (await book.settlementPrice!(expiryOf(id))) as bigint;
      if (price === 0n || ((await book.balanceOf!(taker.address, id)) as bigint) === 0n) continue;
      const before = (await usdc.balanceOf!(taker.address)) as bigint;
      const due = (await (book.connect(taker) as Contract)
        .getFunction("claim")
        .staticCall(id, taker.address)) as bigint;
      await (book.connect(taker) as Contract).claim!(id, taker.address);
      expect(await usdc.balanceOf!(taker.address)).to.equal(before + due);
    }
  };

  const hedge = async () => {
    const drift = await driftOf(keel);
    const first = drift < 0n ? SHORT : SPOT;
    const honest = [
      { venue: first, dDelta: -drift },
      { venue: first === SPOT ? SHORT : SPOT, dDelta: -drift },
    ];
    const anything = [0, 1, 2].map(() => ({
      venue: dice.pick([SPOT, SHORT]),
      dDelta: dice.pick([-1n, 0n, 1n]) * dice.amount(300n * WAD),
    }));
    const done = await life.attempt("rebalance", REBALANCE_REFUSALS, () =>
      rebalance(keel, dice.chance(0.7) ? honest : anything),
    );
    if (done) expect(abs(await driftOf(keel)) < abs(drift) + WAD).to.equal(true);
  };

  return [
    [5, () => fill(true)],
    [3, () => fill(false)],
    [1, claim],
    [5, hedge],
  ];
}

export const PLENTY = 50_000_000n * USDC;
