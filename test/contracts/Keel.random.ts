import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { flatSurface } from "../../scripts/deployKeel.ts";
import { Random } from "../../keeper/math/random.ts";
import { DAY, seriesId, USDC, WAD } from "./utils/keel.ts";
import { movePool, passTime } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  driftOf,
  freeCash,
  expiryOf,
  ledgerGap,
  rebalance,
  seriesOf,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

const SEEDS = [9, 26];
const STEPS = 120;
/** Why the vault may refuse a rebalance of a keeper that tries anything. */
const REBALANCE_REFUSALS = ["NothingDue", "DriftNotReduced", "MarginWorsened", "LossTooLarge", "OracleUnfit"];
/** Why a quote may find no taker. The panic: what moved was there, but donated, and so not in the vault's ledger. */
const FILL_REFUSALS = [
  "NotOpen",
  "HedgeReserveBreached",
  "TooManySeries",
  "exceeds balance",
  "Panic",
  "BudgetExceeded",
  "PositionTooSmall",
  "GammaTooLarge",
  "VegaTooLarge",
];

describe("Keel through a random life", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 3_000_000n * USDC);
    await k.fund(k.taker, 50_000_000n * USDC);
  });

  for (const seed of SEEDS) {
    it(`keeps its books, seed ${String(seed)}`, async function () {
      this.timeout(60_000);
      const random = new Random(seed);
      await live(() => random.uniform());
    });
  }

  async function live(random: () => number): Promise<void> {
    const { vault, book, usdc, contracts, mainnet, alice, bob, taker, networkHelpers } = keel();
    const sold = new Set<bigint>();
    const story: string[] = [];
    let price = 3_000;
    let donated = 0n;

    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const amount = (most: bigint) => (most * BigInt(Math.floor(random() * 1e9))) / 10n ** 9n;
    const now = () => networkHelpers.time.latest();
    const usdcOf = async (owner: string) => (await usdc.balanceOf!(owner)) as bigint;
    const sharePrice = async () => {
      const supply = ((await vault.totalSupply!()) as bigint) + 10n ** 6n;
      return ((((await vault.nav!()) as bigint) + 1n) * 10n ** 24n) / supply;
    };
    /** Runs `act`; anything but success or one of `refusals` ends the test. */
    const attempt = async (what: string, refusals: readonly string[], act: () => Promise<unknown>) => {
      try {
        await act();
        story.push(what);
        return true;
      } catch (error) {
        const reason = reasonOf(error);
        story.push(`${what}: ${reason}`);
        if (!refusals.some((refusal) => reason.includes(refusal))) throw error;
        return false;
      }
    };
    const post = async () => {
      const poster = keel().volatilityOracle.connect(keel().surfacePoster) as Contract;
      const last = (await poster.surface!()).pillars[0].atmVol as bigint;
      const next = Number(last) * (0.9 + 0.2 * random());
      await poster.post!(flatSurface(Math.min(1.5, Math.max(0.3, next / 1e9))));
    };
    const series = async () => {
      const known = [...sold].filter((id) => !settled.has(id));
      if (known.length > 0 && random() < 0.6) return pick(known);
      const expiry = Math.ceil((await now()) / DAY) * DAY + pick([1, 2, 5]) * DAY;
      const isPut = random() < 0.5;
      const strike = Math.round((price * pick([0.9, 1, 1.1])) / 50) * 50;
      return seriesId({ isPut, strike, cap: isPut ? strike - 900 : strike + 900, expiry });
    };
    const settled = new Set<bigint>();

    const deposit = async (user: HardhatEthersSigner) => {
      const assets = amount(500_000n * USDC) + 1n;
      const open = ((await vault.maxDeposit!(user.address)) as bigint) !== 0n;
      const before = await sharePrice();
      const done = await attempt("deposit", open ? [] : ["ERC4626ExceededMaxDeposit"], () =>
        keel().deposit(user, assets),
      );
      expect(done).to.equal(open);
      if (done) await expectPriceKept(before);
    };
    const redeem = async (user: HardhatEthersSigner) => {
      const most = (await vault.maxRedeem!(user.address)) as bigint;
      const shares = random() < 0.2 ? most : amount(most);
      if (shares === 0n) return;
      const before = await sharePrice();
      await attempt("redeem", ["ERC4626ExceededMaxRedeem"], () =>
        vaultAs(keel(), user).redeem!(shares, user.address, user.address),
      );
      await expectPriceKept(before);
    };
    /**
     * Whoever comes or goes leaves the others no worse. Seconds passed meanwhile: the options are that much older, and Aave
     * has its interest of them.
     */
    const expectPriceKept = async (before: bigint) => {
      expect(await sharePrice()).to.be.within(before - before / 10n ** 6n, before + before / 10n);
    };
    const fill = async (makerSells: boolean) => {
      const id = await series();
      const held = (await book.balanceOf!(taker.address, id)) as bigint;
      const quantity = makerSells ? amount(150n * WAD) + 1n : amount(held);
      if (quantity === 0n || expiryOf(id) <= (await now()) + 60) return;
      const edge = BigInt(Math.floor(random() * 30)) - 15n;
      const premium = ((await keel().mark(id)) * (1_000n + edge)) / 1_000n;
      const { terms, signature } = await keel().quote(id, quantity, premium, { makerSells });
      // Of an option worth almost nothing a second is more than the edge.
      const refusals = premium < 10_000n ? [...FILL_REFUSALS, "QuoteOutsideEdge"] : FILL_REFUSALS;
      const done = await attempt(makerSells ? "sell" : "buy back", refusals, () =>
        (book.connect(taker) as Contract).fill!(terms, signature, quantity),
      );
      if (done) sold.add(id);
    };
    const hedge = async () => {
      const drift = await driftOf(keel());
      const [long, owed] = [(await keel().spot.delta!()) as bigint, (await keel().short.delta!()) as bigint];
      const honest =
        drift < 0n
          ? [
              { venue: SHORT, dDelta: -drift < -owed ? -drift : -owed + WAD },
              { venue: SPOT, dDelta: -drift + owed > 0n ? -drift + owed : 1n },
            ]
          : [
              { venue: SPOT, dDelta: -(drift < long ? drift : long) - 1n },
              { venue: SHORT, dDelta: drift > long ? long - drift : -1n },
            ];
      const anything = Array.from({ length: Math.floor(random() * 4) }, () => ({
        venue: pick([SPOT, SHORT]),
        dDelta: pick([-1n, 0n, 1n]) * amount(300n * WAD),
      }));
      const legs = random() < 0.6 ? [...honest, { venue: SHORT, dDelta: 0n }] : anything;
      const before = await driftOf(keel());
      const done = await attempt("rebalance", REBALANCE_REFUSALS, () => rebalance(keel(), legs));
      const after = await driftOf(keel());
      // Two reads a second apart: what the options' delta does meanwhile is not the hedge's.
      if (done) expect(abs(after)).to.be.lessThan(abs(before) + WAD);
    };
    const move = async () => {
      price *= 0.96 + 0.08 * random();
      if (random() < 0.8) await movePool(keel(), price);
      if (random() < 0.8) await mainnet.submitEthUsd(price);
      story.push(`price ${price.toFixed(0)}`);
    };
    const wait = async () => {
      const hours = pick([0.5, 2, 12, 26]);
      const before = await now();
      const expiries = [...new Set([...sold].filter((id) => !settled.has(id)).map(expiryOf))].sort();
      for (const expiry of expiries) {
        if (expiry <= before || expiry > before + hours * 3_600) continue;
        await settle(expiry);
      }
      const left = before + hours * 3_600 - (await now());
      if (left > 0) await passTime(keel(), left, price);
      if (random() < 0.8) await post();
      story.push(`${String(hours)} h`);
    };
    const settle = async (expiry: number) => {
      await settleBook(keel(), expiry, price);
      for (const leg of (await vault.legs!()) as bigint[]) {
        const id = seriesOf(leg);
        if (expiryOf(id) !== expiry) continue;
        const before = (await vault.nav!()) as bigint;
        await vaultAs(keel(), bob).settle!(id);
        expect(await vault.nav!()).to.be.closeTo(before, USDC);
      }
      for (const id of sold) {
        if (expiryOf(id) !== expiry) continue;
        settled.add(id);
        await (book.connect(taker) as Contract).claim!(id, taker.address);
      }
      story.push(`settled ${String(expiry)} at ${price.toFixed(0)}`);
    };
    const donate = async () => {
      const gift = amount(10_000n * USDC);
      await mainnet.mintUsdc(contracts.Vault, gift);
      donated += gift;
    };

    const actions: [number, () => Promise<unknown>][] = [
      [3, () => deposit(pick([alice, bob]))],
      [3, () => redeem(pick([alice, bob]))],
      [6, () => fill(true)],
      [4, () => fill(false)],
      [8, hedge],
      [6, move],
      [3, wait],
      [1, donate],
    ];
    const weights = actions.reduce((sum, [weight]) => sum + weight, 0);

    const check = async () => {
      const gap = await ledgerGap(keel());
      expect(gap).to.deep.equal({ cash: donated, nav: 0n });
      await vault.status!();
      for (const read of ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"]) {
        await vault.getFunction(read)(alice.address);
      }
      const free = await freeCash(keel());
      expect(free <= ((await vault.cash!()) as bigint)).to.equal(true);
    };

    try {
      for (let step = 0; step < STEPS; step++) {
        let at = random() * weights;
        const [, act] = actions.find(([weight]) => (at -= weight) < 0)!;
        await act();
        await check();
      }
      await wind();
    } catch (error) {
      console.log(story.slice(-25).join("\n"));
      throw error;
    }

    /** Ends it all: every series settled, the hedge closed, every share redeemed. */
    async function wind(): Promise<void> {
      await movePool(keel(), price);
      const open = [...sold].filter((id) => !settled.has(id));
      for (const expiry of [...new Set(open.map(expiryOf))].sort()) await settle(expiry);
      expect(await vault.legs!()).to.deep.equal([]);
      expect(await usdcOf(contracts.OptionBook)).to.be.lessThan(100n);
      await passTime(keel(), 3_600, price);
      await post();
      const drift = await driftOf(keel());
      if (drift !== 0n) {
        const closing = { venue: drift < 0n ? SHORT : SPOT, dDelta: -2n * drift };
        await attempt("close", ["NothingDue"], () => rebalance(keel(), [closing, closing]));
      }
      await check();
      for (const owner of [alice, bob]) {
        const shares = (await vault.maxRedeem!(owner.address)) as bigint;
        if (shares !== 0n) await vaultAs(keel(), owner).redeem!(shares, owner.address, owner.address);
      }
      await check();
      // What a drift below the least keeps in a venue, and rounding.
      expect(await vault.totalAssets!()).to.be.lessThan(1_000n * USDC);
    }
  }

  function reasonOf(error: unknown): string {
    const { data, message } = error as { data?: string; message: string };
    for (const contract of [keel().vault, keel().book]) {
      const parsed = data === undefined ? null : contract.interface.parseError(data);
      if (parsed) return parsed.name === "Error" ? String(parsed.args[0]) : parsed.name;
    }
    return message;
  }
});
