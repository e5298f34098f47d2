import { expect } from "chai";
import fc from "fast-check";
import { Interface, type Contract } from "ethers";

import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { DAY, USDC, WAD } from "./utils/keel.ts";
import { contractAt, impersonate, movePrice, passTime } from "./utils/market.ts";
import { queueOf, requestRedeem, valueOf } from "./utils/shares.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import {
  breakFeed,
  callOf,
  driftOf,
  postSurface,
  putOf,
  rebalance,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

/** The caller of the properties: what it calls in one go runs in one block. */
const USER = MAINNET.multicall3;
const MULTICALL = [
  "function aggregate3((address target, bool allowFailure, bytes callData)[] calls) payable returns ((bool success, bytes returnData)[])",
];
const MAX = 2n ** 256n - 1n;
const RUNS = 8;
const SEED = 4626;

const write = async (k: Keel) => {
  await k.deposit(k.alice, 2_000_000n * USDC);
  await k.deposit(k.bob, 333_333_333_333n);
  await k.buy(k.taker, await callOf(k, 7), 50n * WAD);
  await k.buy(k.taker, await putOf(k, 14), 60n * WAD);
};
const hedge = async (k: Keel) =>
  rebalance(k, [
    { venue: SHORT, dDelta: -(await driftOf(k)) },
    { venue: SPOT, dDelta: -(await driftOf(k)) },
  ]);

const STATES: Record<string, (k: Keel) => Promise<unknown>> = {
  "after a profit that is not all unlocked, with options and a venue": async (k) => {
    await write(k);
    await hedge(k);
    const id = await callOf(k, 9);
    const premium = (await k.mark(id)) * 2n;
    const { terms, signature } = await k.quote(id, 20n * WAD, premium);
    await k.fund(k.taker, 1_000_000n * USDC);
    await (k.book.connect(k.taker) as Contract).fill!(terms, signature, 20n * WAD);
    await passTime(k, DAY / 3);
    await postSurface(k);
  },
  "after a loss, with options, a short and exits that wait": async (k) => {
    await write(k);
    await movePrice(k, 2_800);
    await hedge(k);
    await movePrice(k, 3_100);
    await passTime(k, 2_000);
    await postSurface(k);
    await requestRedeem(k, k.bob, 100_000n * 10n ** 12n + 7n);
    await requestRedeem(k, k.bob, 3n);
  },
  "with cash alone, at an odd price of a share": async (k) => {
    await write(k);
    await hedge(k);
    for (const leg of (await k.vault.legs!()) as bigint[]) {
      const id = leg & (2n ** 176n - 1n);
      const quantity = -BigInt.asIntN(80, leg >> 176n);
      const premium = ((await k.mark(id)) * 1_013n) / 1_000n;
      const { terms, signature } = await k.quote(id, quantity, premium, { makerSells: false });
      await (k.book.connect(k.taker) as Contract).fill!(terms, signature, quantity);
    }
    const drift = await driftOf(k);
    await rebalance(k, [{ venue: drift < 0n ? SHORT : SPOT, dDelta: -2n * drift }]);
  },
};

for (const [state, setUp] of Object.entries(STATES)) {
  describe(`ERC-4626 ${state}`, () => {
    const keel = useKeel(async (k) => {
      await setUp(k);
      await k.mainnet.mintUsdc(USER, 5_000_000n * USDC);
      await vaultAs(k, k.alice).transfer!(USER, 400_000n * 10n ** 12n + 12_345n);
      await vaultAs(k, k.alice).approve!(USER, 50_000n * 10n ** 12n);
      const user = await impersonate(k, USER);
      await contractAt(MAINNET.usdc, ABIS.erc20, user).approve!(k.contracts.Vault, MAX);
    });
    const vault = () => keel().vault;
    const view = async (name: string, ...args: unknown[]) =>
      (await vault().getFunction(name)(...args)) as bigint;
    /** What the calls return when the user makes them one after the other in one block. */
    const run = async (...calls: [name: string, ...args: unknown[]][]): Promise<bigint[]> => {
      const multicall = contractAt(USER, MULTICALL, keel().stranger);
      const coder = vault().interface;
      const results = (await multicall.aggregate3!.staticCall(
        calls.map(([name, ...args]) => ({
          target: keel().contracts.Vault,
          allowFailure: false,
          callData: coder.encodeFunctionData(name, args),
        })),
      )) as { returnData: string }[];
      return results.map(
        ({ returnData }, i) => coder.decodeFunctionResult(calls[i]![0], returnData)[0] as bigint,
      );
    };
    const fails = async (error: string, ...call: [name: string, ...args: unknown[]]) => {
      const caller = await impersonate(keel(), USER);
      const sent = (vault().connect(caller) as Contract).getFunction(call[0]).staticCall(...call.slice(1));
      await expect(sent).to.be.revertedWithCustomError(vault(), error);
    };
    const assets = (most = 300_000n * USDC) =>
      fc.oneof(fc.bigInt(1n, 1_000n), fc.bigInt(1n, 10n ** 9n), fc.bigInt(1n, most));
    const shares = (most = 300_000n * 10n ** 12n) =>
      fc.oneof(fc.bigInt(1n, 10n ** 7n), fc.bigInt(1n, 10n ** 15n), fc.bigInt(1n, most));
    const holds = async (amounts: fc.Arbitrary<bigint>, property: (amount: bigint) => Promise<void>) =>
      fc.assert(fc.asyncProperty(amounts, property), { numRuns: RUNS, seed: SEED });
    const deposit = (a: bigint) => ["deposit", a, USER] as [string, ...unknown[]];
    const mint = (s: bigint) => ["mint", s, USER] as [string, ...unknown[]];
    const withdraw = (a: bigint, owner: string = USER) =>
      ["withdraw", a, USER, owner] as [string, ...unknown[]];
    const redeem = (s: bigint, owner: string = USER) => ["redeem", s, USER, owner] as [string, ...unknown[]];

    if (state.includes("cash alone")) {
      it("has one price, and that odd", async () => {
        const { bid, ask } = await valueOf(keel());
        expect(bid).to.equal(ask);
        expect(await view("convertToAssets", 10n ** 18n)).to.not.equal(10n ** 12n);
      });
    }

    if (state.includes("wait")) {
      it("has exits that wait", async () => {
        expect((await queueOf(keel())).waiting).to.be.greaterThan(10n ** 16n);
      });
    }

    it("asset is USDC and never changes", async () => {
      expect(await vault().asset!()).to.equal(MAINNET.usdc);
    });

    it("totalAssets and all that must not revert do not, even without a price", async () => {
      const reads = async () => {
        for (const name of ["totalAssets", "asset"]) await vault().getFunction(name)();
        for (const name of ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"]) await view(name, USER);
      };
      await reads();
      await (
        await breakFeed(keel(), 0n)
      ).setReverts!(true);
      await reads();
    });

    for (const [name, amounts] of [
      ["convertToShares", assets()],
      ["convertToAssets", shares()],
    ] as const) {
      it(`${name} is the same for all callers`, async () =>
        holds(amounts, async (amount) => {
          const { alice, stranger } = keel();
          const [one, other] = await Promise.all(
            [alice, stranger].map((s) => (vault().connect(s) as Contract).getFunction(name)(amount)),
          );
          expect(one).to.equal(other);
        }));
    }

    it("convertToAssets of convertToShares is no more than the assets", async () =>
      holds(assets(), async (a) => {
        expect((await view("convertToAssets", await view("convertToShares", a))) <= a).to.equal(true);
      }));

    it("convertToShares of convertToAssets is no more than the shares", async () =>
      holds(shares(), async (s) => {
        expect((await view("convertToShares", await view("convertToAssets", s))) <= s).to.equal(true);
      }));

    it("previewDeposit gives no more than deposit, and no more than convertToShares", async () =>
      holds(assets(), async (a) => {
        const preview = await view("previewDeposit", a);
        expect(await run(deposit(a))).to.deep.equal([preview]);
        expect(preview <= (await view("convertToShares", a))).to.equal(true);
      }));

    it("previewMint takes no less than mint, and no less than convertToAssets", async () =>
      holds(shares(), async (s) => {
        const preview = await view("previewMint", s);
        expect(await run(mint(s))).to.deep.equal([preview]);
        expect(preview >= (await view("convertToAssets", s))).to.equal(true);
      }));

    it("previewWithdraw takes no less than withdraw, and no less than convertToShares", async () =>
      holds(assets(), async (a) => {
        const preview = await view("previewWithdraw", a);
        expect(await run(withdraw(a))).to.deep.equal([preview]);
        expect(preview >= (await view("convertToShares", a))).to.equal(true);
      }));

    it("previewRedeem gives no more than redeem, and no more than convertToAssets", async () =>
      holds(shares(), async (s) => {
        const preview = await view("previewRedeem", s);
        expect(await run(redeem(s))).to.deep.equal([preview]);
        expect(preview <= (await view("convertToAssets", s))).to.equal(true);
      }));

    it("deposit gives shares worth no more than it takes, withdraw takes shares worth no less than it pays", async () =>
      holds(assets(), async (a) => {
        const worth = async (preview: string) => view("convertToAssets", await view(preview, a));
        expect((await worth("previewDeposit")) <= a).to.equal(true);
        expect((await worth("previewWithdraw")) >= a).to.equal(true);
      }));

    it("previews do not depend on who holds what, nor on limits", async () => {
      const whale = 10n ** 13n * USDC;
      expect(await view("previewWithdraw", whale)).to.be.greaterThan(await view("balanceOf", USER));
      expect(await view("previewDeposit", whale)).to.be.greaterThan(0n);
    });

    it("maxWithdraw and maxRedeem can be had, and no more", async () => {
      const most = await view("maxWithdraw", USER);
      expect(most).to.be.greaterThan(0n);
      await run(withdraw(most));
      await fails("ERC4626ExceededMaxWithdraw", ...withdraw(most + 1n));
      const all = await view("maxRedeem", USER);
      await run(redeem(all));
      await fails("ERC4626ExceededMaxRedeem", ...redeem(all + 10n ** 7n));
    });

    it("maxDeposit and maxMint are what entry takes: any, or none", async () => {
      expect(await view("maxDeposit", USER)).to.equal(MAX);
      expect(await view("maxMint", USER)).to.equal(MAX);
      await vaultAs(keel(), keel().guardian).pause!();
      expect(await view("maxDeposit", USER)).to.equal(0n);
      expect(await view("maxMint", USER)).to.equal(0n);
      await fails("ERC4626ExceededMaxDeposit", ...deposit(1n));
      await fails("ERC4626ExceededMaxMint", ...mint(1n));
    });

    it("withdraw and redeem of another's take its allowance, all of it and no more", async () => {
      const { alice } = keel();
      const allowed = await view("allowance", alice.address, USER);
      const [, left] = await run(redeem(allowed, alice.address), ["allowance", alice.address, USER]);
      expect(left).to.equal(0n);
      await fails("ERC20InsufficientAllowance", ...redeem(allowed + 1n, alice.address));
      const a = await view("previewRedeem", allowed);
      const [burnt, rest] = await run(withdraw(a - 1n, alice.address), ["allowance", alice.address, USER]);
      expect(allowed - burnt!).to.equal(rest);
      await fails("ERC20InsufficientAllowance", ...withdraw(a + 2n, alice.address));
    });

    it("deposit takes the assets, and redeem pays them, to the unit", async () => {
      const usdc = new Interface(["event Transfer(address indexed from, address indexed to, uint256 value)"]);
      const user = await impersonate(keel(), USER);
      const as = vault().connect(user) as Contract;
      for (const [name, args] of [
        ["deposit", [123_456_789n, USER]],
        ["redeem", [98_765_432_123_456n, USER, USER]],
      ] as const) {
        const receipt = (await (await as.getFunction(name)(...args)).wait()) as {
          logs: { address: string; topics: string[]; data: string }[];
        };
        const sum = (from: string, to: string) =>
          receipt.logs
            .filter(({ address }) => address === MAINNET.usdc)
            .map((log) => usdc.parseLog(log)!.args)
            .filter((moved) => moved.from === from && moved.to === to)
            .reduce((total, moved) => total + (moved.value as bigint), 0n);
        const event = receipt.logs
          .map((log) => vault().interface.parseLog(log))
          .find((e) => e?.name === "Deposit" || e?.name === "Withdraw");
        const [from, to] =
          name === "deposit" ? [USER, keel().contracts.Vault] : [keel().contracts.Vault, USER];
        expect(sum(from, to), name).to.equal(event?.args.assets);
      }
    });

    describe("no round trip gains:", () => {
      it("deposit, redeem", async () =>
        holds(assets(), async (a) => {
          const [, out] = await run(deposit(a), redeem(await view("previewDeposit", a)));
          expect(out! <= a).to.equal(true);
        }));

      it("deposit, withdraw", async () =>
        holds(assets(), async (a) => {
          const [got, spent] = await run(deposit(a), withdraw(a));
          expect(spent! >= got!).to.equal(true);
        }));

      it("mint, withdraw", async () =>
        holds(shares(), async (s) => {
          const [, spent] = await run(mint(s), withdraw(await view("previewMint", s)));
          expect(spent! >= s).to.equal(true);
        }));

      it("mint, redeem", async () =>
        holds(shares(), async (s) => {
          const [paid, out] = await run(mint(s), redeem(s));
          expect(out! <= paid!).to.equal(true);
        }));

      it("redeem, deposit", async () =>
        holds(shares(), async (s) => {
          const out = await view("previewRedeem", s);
          const [, back] = await run(redeem(s), deposit(out));
          expect(back! <= s).to.equal(true);
        }));

      it("redeem, mint", async () =>
        holds(shares(), async (s) => {
          const [out, paid] = await run(redeem(s), mint(s));
          expect(paid! >= out!).to.equal(true);
        }));

      it("withdraw, mint", async () =>
        holds(assets(), async (a) => {
          const [, paid] = await run(withdraw(a), mint(await view("previewWithdraw", a)));
          expect(paid! >= a).to.equal(true);
        }));

      it("withdraw, deposit", async () =>
        holds(assets(), async (a) => {
          const [spent, got] = await run(withdraw(a), deposit(a));
          expect(got! <= spent!).to.equal(true);
        }));

      it("a hundred small ones", async () => {
        const legs = Array.from({ length: 50 }, () => [mint(1n), redeem(1n)]).flat();
        const results = await run(...legs);
        for (let i = 0; i < results.length; i += 2) expect(results[i + 1]! <= results[i]!).to.equal(true);
      });
    });
  });
}
