import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { callOf, putOf, refusalsOf, vaultAs } from "./utils/vault.ts";

describe("the vault's hedge reserve", () => {
  const keel = useKeel((k) => k.deposit(k.alice, 1_000_000n * USDC));
  const refuses = refusalsOf(keel);

  it("may be all that a fill leaves, to the unit", async () => {
    const { vault, book, taker, alice, fund, quote, mark, networkHelpers } = keel();
    const id = await callOf(keel(), 7);
    const quantity = 10n * WAD;
    const { terms, signature } = await quote(id, quantity, ((await mark(id)) * 1_005n) / 1_000n);
    await fund(taker, 10_000n * USDC);
    const fill = () => (book.connect(taker) as Contract).fill!(terms, signature, quantity);
    const withdraw = (assets: bigint) =>
      vaultAs(keel(), alice).withdraw!(assets, alice.address, alice.address);

    const before = await networkHelpers.takeSnapshot();
    await fill();
    const spare = (await vault.freeCash!()) as bigint;
    expect(spare).to.be.greaterThan(1n);
    await before.restore();
    await withdraw(spare + 1n);
    await refuses(fill(), "HedgeReserveBreached");
    await before.restore();
    await withdraw(spare);
    await fill();
    expect(await vault.freeCash!()).to.equal(0n);
  });

  for (const [name, seriesOf] of [
    ["a call", callOf],
    ["a put", putOf],
  ] as const) {
    it(`rounds up for the smallest part of ${name}`, async () => {
      await keel().buy(keel().taker, await seriesOf(keel(), 7), 1n);
      expect(await keel().vault.hedgeReserve!()).to.equal(1n);
    });
  }
});
