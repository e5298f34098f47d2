import { expect } from "chai";

import { USDC } from "../../contracts/utils/keel.ts";
import { expiryOf, seriesOf, SHORT, SPOT, vaultAs, driftOf, abs } from "../../contracts/utils/vault.ts";
import { now } from "../support/chain.ts";
import type { Action, Life } from "../support/life.ts";

const FAR = 2n ** 200n;

/** Whoever passes by: processes and claims for others, settles, records breaches, pulls the ripcord, sends money in. */
export function stranger(life: Life): readonly Action[] {
  const { keel, dice } = life;
  const { vault, usdc, mainnet, contracts } = keel;
  const anyone = vaultAs(keel, keel.stranger);

  const claim = async () => {
    if (life.requests.length === 0) return;
    const { id, receiver } = dice.pick(life.requests);
    const due = (await vault.claimable!(id)) as bigint;
    const before = (await usdc.balanceOf!(receiver)) as bigint;
    const done = await life.attempt("claim", due === 0n ? ["NothingToClaim"] : [], () => anyone.claim!(id));
    if (done) expect((await usdc.balanceOf!(receiver)) as bigint).to.equal(before + due);
  };

  const ripcord = async () => {
    const before = await driftOf(keel);
    const legs = [SPOT, SHORT].map((venue) => ({
      venue,
      dDelta: -before,
      limitPrice: before < 0n ? FAR : 0n,
    }));
    const refusals = [
      "NoBreach",
      "BreachNotDue",
      "OracleUnfit",
      "DriftNotReduced",
      "BudgetExceeded",
      "MarginWorsened",
    ];
    const done = await life.attempt("ripcord", refusals, () => anyone.ripcord!(legs));
    // What the options' own delta does in a second is not the ripcord's.
    if (done) expect(abs(await driftOf(keel)) <= abs(before) + 10n ** 18n).to.equal(true);
  };

  const donate = async () => {
    const gift = dice.amount(10_000n * USDC);
    await mainnet.mintUsdc(contracts.Vault, gift);
    life.donated += gift;
  };

  return [
    [2, () => life.attempt("process", ["NothingToProcess", "NotOpen"], () => anyone.processQueue!())],
    [2, claim],
    [3, () => settleExpired(life)],
    [
      1,
      () =>
        life.attempt("record", ["NoBreach", "AlreadyRecorded", "OracleUnfit"], () => anyone.recordBreach!()),
    ],
    [1, () => life.attempt("clear", ["OracleUnfit"], () => anyone.clearBreach!())],
    [1, ripcord],
    [1, donate],
  ];
}

/** Settles in the vault what has settled in the option book; NAV, which already knew the price, does not move. */
export async function settleExpired({ keel }: Life): Promise<void> {
  const at = await now(keel);
  for (const id of ((await keel.vault.legs!()) as bigint[]).map(seriesOf)) {
    if (expiryOf(id) > at || ((await keel.book.settlementPrice!(expiryOf(id))) as bigint) === 0n) continue;
    await vaultAs(keel, keel.stranger).settle!(id);
  }
}
