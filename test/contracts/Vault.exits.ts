import { expect } from "chai";
import type { Contract } from "ethers";

import { DAY, seriesId, USDC, WAD } from "./utils/keel.ts";
import { movePrice, passTime } from "./utils/market.ts";
import { depositOfTwo, queueOf, requestRedeem, seriesHeld, sharesOf, usdcOf, SHARE } from "./utils/shares.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  rebalance,
  refusalsOf,
  sell,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

/** ETH, 18 decimals, of no worth. */
const DUST = 10n ** 12n;

describe("Vault exits", () => {
  describe("come before writing", () => {
    const keel = useKeel(depositOfTwo);
    const refuses = refusalsOf(keel);
    const asStranger = () => vaultAs(keel(), keel().stranger);
    const process = () => asStranger().processQueue!();
    accountForEveryUnit(keel);

    it("once a request is older than three days; buying back goes on", async () => {
      const { alice, taker, buy } = keel();
      const id = await callOf(keel(), 20);
      await buy(taker, id, 200n * WAD);
      await requestRedeem(keel(), alice, await sharesOf(keel(), alice));
      const at = await keel().networkHelpers.time.latest();
      await passTime(keel(), 2 * DAY);
      await postSurface(keel());
      const shrink = () => sell(keel(), taker, id, WAD);
      await shrink();
      await passTime(keel(), at + 3 * DAY - 20 - (await keel().networkHelpers.time.latest()));
      await postSurface(keel());
      // To the last second it is the reserve that decides.
      await keel().fund(taker, 10_000n * USDC);
      const { terms, signature } = await keel().quote(id, WAD, ((await keel().mark(id)) * 11n) / 10n);
      await keel().networkHelpers.time.setNextBlockTimestamp(at + 3 * DAY);
      const fill = (keel().book.connect(taker) as Contract).fill!(terms, signature, WAD) as Promise<unknown>;
      await refuses(fill, "HedgeReserveBreached");
      await passTime(keel(), 60);
      await refuses(buy(taker, id, WAD), "ExitsFirst");
      await refuses(buy(taker, await callOf(keel(), 1), WAD / 10n), "ExitsFirst");
      await shrink();
    });

    it("counts against what may be written from the first second", async () => {
      const { alice, taker, buy } = keel();
      const id = await callOf(keel(), 20);
      await requestRedeem(keel(), alice, 700_000n * SHARE);
      await refuses(buy(taker, id, 120n * WAD), "HedgeReserveBreached");
      await buy(taker, id, 80n * WAD);
      await process();
      // Set aside it is no longer there at all.
      await refuses(buy(taker, id, 40n * WAD), "HedgeReserveBreached");
    });

    it("and ends when the line is paid", async () => {
      const { alice, taker, buy } = keel();
      const id = await callOf(keel(), 5);
      await buy(taker, id, 230n * WAD);
      await requestRedeem(keel(), alice, 900_000n * SHARE);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
      const [held] = await seriesHeld(keel());
      await settleBook(keel(), expiryOf(held!), 3_000);
      await asStranger().settle!(held!);
      await postSurface(keel());
      await refuses(buy(taker, await callOf(keel(), 5), WAD), "ExitsFirst");
      await process();
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
      if ((await queueOf(keel())).waiting !== 0n) await process();
      await buy(taker, await callOf(keel(), 5), WAD);
    });
  });

  describe("need nobody", () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 1_500_000n * USDC);
      await k.deposit(k.bob, 600_000n * USDC);
      await k.deposit(k.taker, 300_000n * USDC);
    });

    it("the last exit ends by 3 + 35 days plus settlement with the keeper dead", async function () {
      this.timeout(60_000);
      const { vault, alice, bob, taker, stranger, buy, networkHelpers, contracts, usdc } = keel();
      const as = vaultAs(keel(), stranger);
      const now = () => networkHelpers.time.latest();
      const owners = [bob, alice, taker];
      const requests: { id: bigint; owner: (typeof owners)[number] }[] = [];
      const request = async (owner: (typeof owners)[number], shares: bigint) =>
        requests.push({ id: await requestRedeem(keel(), owner, shares), owner });

      // The first asks and nobody processes. Keeper and quoter work on until the line forbids it.
      const start = await now();
      await request(bob, 1_000n * SHARE);
      const at = (days: number) => start + days * DAY;
      const put = (strike: number, expiry: number) =>
        seriesId({ isPut: true, strike, cap: strike - 1_000, expiry });
      const call = (strike: number, expiry: number) =>
        seriesId({ isPut: false, strike, cap: strike + 1_000, expiry });
      await buy(taker, call(3_000, at(12)), 150n * WAD);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
      await passTime(keel(), 3 * DAY - 400);
      await postSurface(keel());
      await buy(taker, put(3_000, at(25)), 180n * WAD);
      await buy(taker, put(3_100, (await now()) + 35 * DAY - 60), 160n * WAD);
      await buy(taker, call(3_100, at(37)), 50n * WAD);
      const needed = -(await driftOf(keel()));
      await rebalance(keel(), [
        { venue: SPOT, dDelta: needed },
        { venue: SHORT, dDelta: needed },
      ]);
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 2n);

      // From here on nobody with a role acts, nor does anybody post a surface. All the others ask.
      await passTime(keel(), 400);
      expect(await now()).to.be.greaterThan(at(3));
      for (const owner of owners) await request(owner, await sharesOf(keel(), owner));

      const size = async (venue: Contract) => abs((await venue.delta!()) as bigint);
      const used: string[] = [];
      /** Strangers bring |drift| below `least`, and hand out what comes free. */
      const deRisk = async (least: bigint) => {
        for (let drift = await driftOf(keel()); abs(drift) >= least; drift = await driftOf(keel())) {
          if ((await vault.breachedAt!()) === 0n) await as.recordBreach!();
          await passTime(keel(), 15 * 60);
          const leg = { dDelta: -(await driftOf(keel())), limitPrice: drift < 0n ? 2n ** 200n : 0n };
          await as.ripcord!([SHORT, SPOT].map((venue) => ({ venue, ...leg })));
          used.push((await size(keel().spot)) > (await size(keel().short)) ? "spot" : "short");
          await as.processQueue!().catch(() => undefined);
        }
      };
      const { ripcordDrift } = (await vault.limits!()) as { ripcordDrift: bigint };
      const path = [3_080, 3_160, 3_240, 3_320, 3_400, 3_250, 3_150, 3_080, 3_000, 2_920, 2_850];
      for (let step = 0; (await seriesHeld(keel())).length > 0; step++) {
        const expiry = Math.min(...(await seriesHeld(keel())).map(expiryOf));
        const usd = path[step % path.length]!;
        await movePrice(keel(), usd);
        await passTime(keel(), 60);
        await deRisk(ripcordDrift);
        const rest = expiry - (await now()) - 60;
        await passTime(keel(), Math.min(rest, 4 * DAY), usd);
        if (rest > 4 * DAY) continue;
        await settleBook(keel(), expiry, usd);
        for (const id of await seriesHeld(keel())) if (expiryOf(id) === expiry) await as.settle!(id);
      }
      // Both venues were at work, the last days through one, so that most of the value lies there when no option is left.
      expect(new Set(used)).to.have.all.keys("spot", "short");
      expect(abs(await driftOf(keel()))).to.be.greaterThan(100n * WAD);
      expect((await queueOf(keel())).waiting).to.be.greaterThan(0n);
      await as.processQueue!().catch(() => undefined);
      await deRisk(DUST);

      let paid = 0n;
      for (const { id, owner } of requests) {
        const before = await usdcOf(keel(), owner);
        await as.claim!(id);
        const got = (await usdcOf(keel(), owner)) - before;
        expect(got).to.be.greaterThan(0n);
        paid += got;
      }
      expect((await now()) - start).to.be.lessThan((3 + 35) * DAY + 3_600);
      expect(paid).to.be.greaterThan(2_000_000n * USDC);
      expect(await vault.totalSupply!()).to.equal(0n);
      expect(await queueOf(keel())).to.deep.equal([0n, 0n, 0n]);
      for (const venue of [keel().spot, keel().short]) expect(await size(venue)).to.be.lessThan(DUST);
      expect(await vault.nav!()).to.be.lessThan(100n);
      expect(await usdc.balanceOf!(contracts.Vault)).to.be.lessThan(100n);
    });
  });
});
