import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "./utils/keel.ts";
import { movePool } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import { callOf, expiryOf, putOf, postSurface, vaultAs } from "./utils/vault.ts";

const PEG = 0.985;

/** Options settle on ETH/USD, one USDC for one USD by contract, whatever a USDC is worth. */
describe("options while USDC is off its peg", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 1_000_000n * USDC);
  });

  for (const [name, usd] of [
    ["call", 3_600],
    ["put", 2_500],
  ] as const) {
    it(`are marked at what they settle at: a ${name}`, async () => {
      const { vault, ethers, mainnet, networkHelpers, taker, stranger } = keel();
      const id = name === "call" ? await callOf(keel(), 1) : await putOf(keel(), 1);
      await keel().buy(taker, id, 150n * WAD);
      await movePool(keel(), usd / PEG);
      await networkHelpers.time.increaseTo(expiryOf(id) - 40);
      await mainnet.submitUsdcUsd(PEG);
      await mainnet.submitEthUsd(usd);
      await postSurface(keel());
      const before = (await vault.nav!()) as bigint;

      await networkHelpers.time.setNextBlockTimestamp(expiryOf(id));
      await mainnet.submitEthUsd(usd);
      const feed = new ethers.Contract(
        await keel().book.feed!(),
        ["function latestRoundData() view returns (uint80, int256, uint256, uint256, uint80)"],
        stranger,
      );
      const [roundId] = (await feed.latestRoundData!()) as unknown as [bigint];
      await (keel().book.connect(stranger) as Contract).settle!(expiryOf(id), roundId, []);
      await vaultAs(keel(), stranger).settle!(id);
      expect(await vault.nav!()).to.be.closeTo(before, 10n * USDC);
    });
  }
});
