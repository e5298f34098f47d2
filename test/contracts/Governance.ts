import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { ParamType, ZeroAddress, type Contract, type FunctionFragment } from "ethers";

import { ROLES } from "../../deployments/modules/Keel.ts";
import { DEFAULT_LIMITS, flatSurface } from "../../scripts/deployKeel.ts";
import { keelFixture, USDC, WAD } from "./utils/keel.ts";
import { useKeel, type Keel as KeelFixture } from "./utils/useKeel.ts";
import { callOf, rebalance, SPOT } from "./utils/vault.ts";

const DAY = 86_400;
type Actor = "admin" | "keeper" | "quoter" | "guardian" | "surfacePoster" | "stranger" | "alice" | "deployer";

/**
 * Every function of a governed contract that changes anything: who alone gets past the gate, or `everyone`. One that is
 * added must be added here.
 */
const ACCESS: Record<string, Record<string, Actor | "everyone" | "nobody">> = {
  Vault: {
    rebalance: "keeper",
    pause: "guardian",
    cancelQuotes: "guardian",
    unpause: "admin",
    setLimits: "admin",
    addVenue: "admin",
    setBudget: "admin",
    setVenueCap: "admin",
    shutdown: "admin",
    recordBreach: "everyone",
    clearBreach: "everyone",
    ripcord: "everyone",
    requestRedeem: "everyone",
    processQueue: "everyone",
    claim: "everyone",
    // The manager alone calls it, for the admin.
    setAuthority: "nobody",
    approve: "everyone",
    transfer: "everyone",
    transferFrom: "everyone",
    permit: "everyone",
    deposit: "everyone",
    depositWithPermit: "everyone",
    mint: "everyone",
    withdraw: "everyone",
    redeem: "everyone",
    settle: "everyone",
    // Behind a gate of their own: the option book's.
    onQuoteFilled: "everyone",
  },
  VolatilityOracle: { post: "surfacePoster", setAuthority: "nobody" },
  HotKeyRevoker: { revoke: "guardian", setAuthority: "nobody" },
  AccessManager: {
    grantRole: "admin",
    revokeRole: "admin",
    labelRole: "admin",
    setRoleAdmin: "admin",
    setRoleGuardian: "admin",
    setGrantDelay: "admin",
    setTargetAdminDelay: "admin",
    setTargetClosed: "admin",
    setTargetFunctionRole: "admin",
    updateAuthority: "admin",
    // Of the caller's own rights.
    renounceRole: "everyone",
    schedule: "everyone",
    cancel: "everyone",
    execute: "everyone",
    multicall: "everyone",
    consumeScheduledOp: "everyone",
  },
};

/** Contracts are typed by name or not; here they are not. */
type Governed = Pick<Contract, "connect">;

function as(contract: Governed, signer: HardhatEthersSigner): Contract {
  return contract.connect(signer) as Contract;
}

/** A value of any type that decodes: the gate comes before what it means. */
function blank(type: ParamType): unknown {
  if (type.isArray()) return [];
  if (type.isTuple()) return type.components.map(blank);
  if (type.type === "address") return ZeroAddress;
  if (type.type === "bool") return false;
  if (type.type === "string") return "";
  if (type.type === "bytes") return "0x";
  if (type.type.startsWith("bytes")) return `0x${"00".repeat(Number(type.type.slice(5)))}`;
  return 0n;
}

describe("Governance", () => {
  const keel = useKeel();
  const governed = (): Record<string, Contract> => {
    const { vault, volatilityOracle, revoker, manager } = keel() as unknown as Record<string, Contract>;
    return {
      Vault: vault!,
      VolatilityOracle: volatilityOracle!,
      HotKeyRevoker: revoker!,
      AccessManager: manager!,
    };
  };
  const actors = async (k: KeelFixture): Promise<Record<Actor, HardhatEthersSigner>> => {
    const { admin, keeper, quoter, guardian, surfacePoster, stranger, alice } = k;
    const [deployer] = await k.ethers.getSigners();
    return { admin, keeper, quoter, guardian, surfacePoster, stranger, alice, deployer: deployer! };
  };

  describe("opens each function to one role", () => {
    for (const [name, access] of Object.entries(ACCESS)) {
      const functions = (contract: Contract): FunctionFragment[] => {
        const found: FunctionFragment[] = [];
        contract.interface.forEachFunction((f) => {
          if (!f.constant) found.push(f);
        });
        return found;
      };

      it(`of ${name}, and this knows them all`, () => {
        const names = new Set(functions(governed()[name]!).map((f) => f.name));
        expect([...names].sort()).to.deep.equal(Object.keys(access).sort());
      });

      for (const [method, expected] of Object.entries(access)) {
        if (expected === "everyone") continue;
        it(`${name}.${method}: ${expected}`, async () => {
          const contract = governed()[name]!;
          const gates = [
            contract.interface.getError("AccessManagedUnauthorized"),
            contract.interface.getError("AccessManagerUnauthorizedAccount"),
          ].map((error) => error?.selector);
          const [fragment] = functions(contract).filter((f) => f.name === method);
          for (const [actor, signer] of Object.entries(await actors(keel()))) {
            const call = as(contract, signer).getFunction(fragment!);
            const outcome = await call.staticCall(...fragment!.inputs.map(blank)).then(
              () => "done",
              (error: { data?: string }) => error.data?.slice(0, 10) ?? "no data",
            );
            expect(!gates.includes(outcome), `by ${actor}: ${outcome}`).to.equal(actor === expected);
          }
        });
      }
    }

    it("and grants of the hot roles to who holds HOT_ADMIN: the admin, and the revoker, which cannot", async () => {
      const { manager, revoker, guardian, stranger } = keel();
      for (const role of [ROLES.KEEPER, ROLES.QUOTER, ROLES.SURFACE]) {
        expect(await manager.getRoleAdmin!(role)).to.equal(ROLES.HOT_ADMIN);
        for (const [actor, signer] of Object.entries(await actors(keel()))) {
          const outcomes = await Promise.all(
            ["grantRole", "revokeRole"].map((method) =>
              as(manager, signer)
                .getFunction(method)
                .staticCall(...[role, stranger.address, 0].slice(0, method === "grantRole" ? 3 : 2))
                .then(
                  () => true,
                  () => false,
                ),
            ),
          );
          expect(outcomes, actor).to.deep.equal(actor === "admin" ? [true, true] : [false, false]);
        }
      }
      expect((await manager.hasRole!(ROLES.HOT_ADMIN, revoker)) as unknown[]).to.deep.equal([true, 0n]);
      expect((await manager.hasRole!(ROLES.HOT_ADMIN, guardian)) as unknown[]).to.deep.equal([false, 0n]);
    });
  });

  describe("lets the guardian", () => {
    const revoke = (role: bigint, account: string) =>
      as(keel().revoker, keel().guardian).revoke!(role, account);

    it("take each hot key at once, and no other role", async () => {
      const { manager, revoker, admin, keeper, quoter, guardian, surfacePoster } = keel();
      for (const [role, { address }] of [
        [ROLES.KEEPER, keeper],
        [ROLES.QUOTER, quoter],
        [ROLES.SURFACE, surfacePoster],
      ] as const) {
        await revoke(role, address);
        expect(((await manager.hasRole!(role, address)) as unknown[])[0]).to.equal(false);
      }
      for (const [role, account] of [
        [ROLES.ADMIN, admin],
        [ROLES.GUARDIAN, guardian],
        [ROLES.HOT_ADMIN, admin],
        [ROLES.HOT_ADMIN, revoker],
        [6n, admin],
        [2n ** 64n - 1n, admin],
      ] as const) {
        await expect(revoke(role, await (account as HardhatEthersSigner).getAddress()))
          .to.be.revertedWithCustomError(revoker, "NotHotRole")
          .withArgs(role);
      }
      expect(((await manager.hasRole!(ROLES.ADMIN, admin)) as unknown[])[0]).to.equal(true);
    });

    it("stop a keeper, a quoter and a poster who were at work until then", async () => {
      const { vault, book, volatilityOracle, keeper, quoter, surfacePoster, networkHelpers } = keel();
      await keel().deposit(keel().alice, 1_000_000n * USDC);
      await networkHelpers.time.increase(300);
      const id = await callOf(keel(), 7);
      const post = async () =>
        as(volatilityOracle, surfacePoster).post!.staticCall(flatSurface(0.6)) as Promise<unknown>;
      await keel().buy(keel().taker, id, WAD);
      await post();
      await rebalance(keel(), [{ venue: SPOT, dDelta: WAD / 4n }]);

      await revoke(ROLES.KEEPER, keeper.address);
      await revoke(ROLES.QUOTER, quoter.address);
      await revoke(ROLES.SURFACE, surfacePoster.address);
      await expect(rebalance(keel(), [{ venue: SPOT, dDelta: WAD / 100n }])).to.be.revertedWithCustomError(
        vault,
        "AccessManagedUnauthorized",
      );
      await expect(keel().buy(keel().taker, id, WAD)).to.be.revertedWithCustomError(book, "InvalidSignature");
      await expect(post()).to.be.revertedWithCustomError(vault, "AccessManagedUnauthorized");
    });

    it("pause entry, and neither resume it nor change a limit", async () => {
      const { vault, guardian, admin } = keel();
      await as(vault, guardian).pause!();
      const refused = [as(vault, guardian).unpause!(), as(vault, guardian).setLimits!(DEFAULT_LIMITS)];
      for (const sent of refused) {
        await expect(sent).to.be.revertedWithCustomError(vault, "AccessManagedUnauthorized");
      }
      await as(vault, admin).unpause!();
    });
  });

  describe("with a delay of two days", () => {
    const DELAY = 2 * DAY;
    let delayed: KeelFixture;
    let pristine: Awaited<ReturnType<KeelFixture["networkHelpers"]["takeSnapshot"]>>;
    before(async () => {
      delayed = await keelFixture({ adminDelay: DELAY });
      pristine = await delayed.networkHelpers.takeSnapshot();
    });
    beforeEach(() => pristine.restore());

    /** What the admin does: on `target`, itself or through the manager's schedule. */
    const planOf = (target: Contract, method: string, args: readonly unknown[]) => {
      const { manager, admin } = delayed;
      const data = target.interface.encodeFunctionData(method, args);
      return {
        data,
        schedule: async () => as(manager, admin).schedule!(target, data, 0),
        perform: async () => as(target, admin).getFunction(method)(...args) as Promise<unknown>,
      };
    };

    it("the admin acts on the vault only after it has said so that long before", async () => {
      const { vault, manager, networkHelpers } = delayed;
      const limits = { ...DEFAULT_LIMITS, maxAge: DAY };
      const { schedule, perform, data } = planOf(vault, "setLimits", [limits]);
      await expect(perform()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
      await schedule();
      const at = await networkHelpers.time.latest();
      await networkHelpers.time.setNextBlockTimestamp(at + DELAY - 1);
      await expect(perform()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady");
      await networkHelpers.time.setNextBlockTimestamp(at + DELAY);
      await perform();
      expect((await vault.limits!()).maxAge).to.equal(DAY);
      // Once.
      await expect(perform()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
      await expect(as(manager, delayed.admin).execute!(vault, data)).to.be.revertedWithCustomError(
        manager,
        "AccessManagerNotScheduled",
      );
    });

    it("and grants a role, and takes one, no sooner", async () => {
      const { manager, admin, keeper, stranger, networkHelpers } = delayed;
      const has = async (role: bigint, { address }: HardhatEthersSigner) =>
        ((await manager.hasRole!(role, address)) as unknown[])[0];
      const plans = [
        planOf(manager, "grantRole", [ROLES.KEEPER, stranger.address, 0]),
        planOf(manager, "revokeRole", [ROLES.KEEPER, keeper.address]),
        planOf(manager, "grantRole", [ROLES.ADMIN, stranger.address, 0]),
        planOf(manager, "grantRole", [ROLES.ADMIN, admin.address, 0]),
      ];
      for (const { perform, schedule } of plans) {
        await expect(perform()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
        await schedule();
      }
      await networkHelpers.time.increase(DELAY - 10);
      for (const { perform } of plans) {
        await expect(perform()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady");
      }
      await networkHelpers.time.increase(10);
      for (const { perform } of plans.slice(0, 3)) await perform();
      expect([
        await has(ROLES.KEEPER, stranger),
        await has(ROLES.KEEPER, keeper),
        await has(ROLES.ADMIN, stranger),
      ]).to.deep.equal([true, false, true]);
      // The admin's own delay falls only once the old one has run again.
      await plans[3]!.perform();
      expect(await manager.hasRole!(ROLES.ADMIN, admin)).to.deep.equal([true, BigInt(DELAY)]);
      await networkHelpers.time.increase(DELAY);
      expect(await manager.hasRole!(ROLES.ADMIN, admin)).to.deep.equal([true, 0n]);
    });

    it("the guardian does not wait, and cancels nothing of the admin's", async () => {
      const { vault, manager, revoker, admin, guardian, keeper, networkHelpers } = delayed;
      const removal = planOf(manager, "revokeRole", [ROLES.GUARDIAN, guardian.address]);
      const change = planOf(vault, "setLimits", [DEFAULT_LIMITS]);
      const grant = planOf(manager, "grantRole", [ROLES.KEEPER, keeper.address, 0]);
      await as(vault, guardian).pause!();
      await as(revoker, guardian).revoke!(ROLES.KEEPER, keeper.address);
      for (const [target, { schedule, data }] of [
        [manager, removal],
        [vault, change],
        [manager, grant],
      ] as const) {
        await schedule();
        await expect(as(manager, guardian).cancel!(admin, target, data)).to.be.revertedWithCustomError(
          manager,
          "AccessManagerUnauthorizedCancel",
        );
      }
      await networkHelpers.time.increase(DELAY);
      await grant.perform();
      await removal.perform();
      await expect(as(revoker, guardian).revoke!(ROLES.KEEPER, keeper.address)).to.be.revertedWithCustomError(
        revoker,
        "AccessManagedUnauthorized",
      );
    });
  });
});
