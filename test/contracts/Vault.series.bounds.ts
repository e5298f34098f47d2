import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { DAY, USDC, WAD } from "./utils/keel.ts";
import { passTime } from "./utils/market.ts";
import { seriesIdOf } from "./utils/optionBook.ts";
import { useKeel } from "./utils/useKeel.ts";
import { callOf, expiryOf, postSurface, quantityOf, refusalsOf } from "./utils/vault.ts";

const MOST = 2n ** 79n - 1n;

describe("the vault's series at their bounds", () => {
  const keel = useKeel((k) => k.deposit(k.alice, 1_000_000n * USDC));
  const refuses = refusalsOf(keel);

  it("close entry from the very second of an expiry", async () => {
    const { vault, taker, alice, networkHelpers, buy } = keel();
    const id = await callOf(keel(), 1);
    await buy(taker, id, WAD);
    await passTime(keel(), DAY - 1_800, 3_000);
    await postSurface(keel());
    await networkHelpers.time.increaseTo(expiryOf(id) - 1);
    expect(await vault.maxDeposit!(alice.address)).to.be.greaterThan(0n);
    await networkHelpers.time.increaseTo(expiryOf(id));
    expect(await vault.maxDeposit!(alice.address)).to.equal(0n);
  });

  it("hold as many options as 80 bits take", async () => {
    // The narrowest series there is, so that this many cost a cent.
    const { vault, book, taker, bob, fund, quote, networkHelpers } = keel();
    const expiry = BigInt((await networkHelpers.time.latest()) + 7 * DAY);
    const id = seriesIdOf({ isPut: false, strike: 1n, cap: 2n, expiry });
    const sell = async (seller: HardhatEthersSigner, quantity: bigint) => {
      await fund(seller, USDC);
      const own = book.connect(seller) as Contract;
      await own.write!(id, quantity, seller.address);
      const { terms, signature } = await quote(id, quantity, 0n, { makerSells: false });
      return own.fill!(terms, signature, quantity);
    };
    await sell(taker, MOST);
    const [leg] = (await vault.legs!()) as [bigint];
    expect(quantityOf(leg)).to.equal(MOST);
    await refuses(sell(bob, 1n), "QuantityTooLarge");
  });
});
