import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "./utils/keel.ts";
import { movePool, passTime } from "./utils/market.ts";
import { redeemAll, usdcOf } from "./utils/shares.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

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

/** Options are worth USD and their hedge USDC: what takes ETH's price out of the book leaves the dollar's in. */
for (const [name, venue] of [
  ["calls hedged by spot", SPOT],
  ["puts hedged by a short", SHORT],
] as const) {
  describe(`a hedged book of ${name}, far in the money`, () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 1_000_000n * USDC);
      // So far that volatility has no say in it, and a USDC all.
      const id = venue === SPOT ? await callOf(k, 7, 2_000, 6_000) : await putOf(k, 7, 4_500, 1_000);
      await k.buy(k.taker, id, 80n * WAD);
      await rebalance(k, [{ venue, dDelta: -(await driftOf(k)) }]);
      // What the fill made has unlocked.
      await passTime(k, 86_400 + 60);
      await postSurface(k);
    });

    // As far as its feed lets a USDC go before it is written.
    for (const peg of [0.9976, 1.0024]) {
      it(`pays nobody for knowing that USDC is at ${String(peg)} before its feed does`, async () => {
        const { stranger, mainnet, networkHelpers } = keel();
        const stake = 4_000_000n * USDC;
        await movePool(keel(), 3_000 / peg);
        await networkHelpers.time.increase(120);
        await keel().deposit(stranger, stake);
        const before = await usdcOf(keel(), stranger);
        await mainnet.submitUsdcUsd(peg);
        await mainnet.submitEthUsd(3_000);
        await networkHelpers.time.increase(60);
        const after = await redeemAll(keel(), stranger);
        expect(await keel().vault.balanceOf!(stranger.address)).to.equal(0n);
        expect(after - before).to.be.at.most(stake);
      });
    }
  });
}
