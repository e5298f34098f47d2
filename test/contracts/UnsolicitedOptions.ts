import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { callOf, quantityOf, sell, seriesOf } from "./utils/vault.ts";

const QUANTITY = 4n * WAD;

/**
 * A fill delivers what the maker holds before it writes, so options sent to the vault would make its ledger owe more
 * than anybody holds, and a phantom delta be hedged.
 */
describe("options the vault did not buy", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.fund(k.taker, 1_000_000n * USDC);
  });
  const bookAs = () => keel().book.connect(keel().taker) as Contract;
  const refuses = (sent: Promise<unknown>) =>
    expect(sent).to.be.revertedWithCustomError(keel().vault, "UnsolicitedOptions");

  afterEach("the ledger is what the option book has", async () => {
    const { vault, book, contracts } = keel();
    for (const leg of (await vault.legs!()) as bigint[]) {
      const id = seriesOf(leg);
      const long = (await book.balanceOf!(contracts.Vault, id)) as bigint;
      const short = (await book.shortOf!(contracts.Vault, id)) as bigint;
      expect(quantityOf(leg)).to.equal(long - short);
    }
  });

  it("are refused, written to it, sent to it, or sent in a batch", async () => {
    const { contracts, taker } = keel();
    const id = await callOf(keel(), 7);
    await keel().buy(taker, id, QUANTITY);
    const vault = contracts.Vault;
    await refuses(bookAs().write!(id, QUANTITY, vault));
    await refuses(bookAs().safeTransferFrom!(taker.address, vault, id, QUANTITY, "0x"));
    await refuses(bookAs().safeBatchTransferFrom!(taker.address, vault, [id], [QUANTITY], "0x"));
    // What was written stands for what is owed.
    await keel().buy(taker, id, QUANTITY);
  });

  it("are refused from any other token", async () => {
    const { vault, stranger } = keel();
    const args = [stranger.address, stranger.address, 1n, 1n, "0x"];
    await refuses((vault.connect(stranger) as Contract).onERC1155Received!.staticCall(...args));
  });

  it("do not keep out those it buys, beyond what it is short", async () => {
    const { taker } = keel();
    const id = await callOf(keel(), 7);
    await keel().buy(taker, id, QUANTITY);
    await bookAs().write!(id, QUANTITY, taker.address);
    await sell(keel(), taker, id, 2n * QUANTITY);
    expect(await keel().book.balanceOf!(keel().contracts.Vault, id)).to.equal(QUANTITY);
    expect(await keel().book.buyingMaker!()).to.equal(keel().ethers.ZeroAddress);
  });
});
