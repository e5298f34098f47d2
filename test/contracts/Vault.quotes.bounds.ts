import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { callOf, refusalsOf } from "./utils/vault.ts";

describe("a quote whose bound is a whole unit", () => {
  const keel = useKeel((k) => k.deposit(k.alice, 1_000_000n * USDC));
  const refuses = refusalsOf(keel);

  it("may be at its bound and not a unit beyond", async () => {
    // Certain to pay its whole width, 1 USD.
    const { taker, book, fund, quote, mark } = keel();
    const id = await callOf(keel(), 1, 1_000, 1_001);
    expect(await mark(id)).to.equal(USDC);
    await fund(taker, 1_000n * USDC);
    const fill = async (premium: bigint, makerSells: boolean) => {
      const { terms, signature } = await quote(id, WAD, premium, { makerSells });
      return (book.connect(taker) as Contract).fill!(terms, signature, WAD);
    };
    await refuses(fill(979_999n, true), "QuoteOutsideEdge");
    await fill(980_000n, true);
    await refuses(fill(1_020_001n, false), "QuoteOutsideEdge");
    await fill(1_020_000n, false);
  });
});
