import { expect } from "chai";

import { ChainSeat } from "../../keeper/fleet/chainSeat.ts";
import { Fleet } from "../../keeper/fleet/fleet.ts";
import { LaneSeat } from "../../keeper/fleet/laneSeat.ts";
import { StartupError } from "../../keeper/fleet/startupChecks.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { createChainClient } from "../../keeper/chain/client.ts";
import type { Head } from "../../keeper/chain/head.ts";
import type { Reorg } from "../../keeper/chain/headTracker.ts";
import type { Offer } from "../../keeper/fleet/vaultSeat.ts";
import { pause } from "../../keeper/store/controls.ts";
import { openDatabase, type Database } from "../../keeper/store/database.ts";
import { acquireLease, holderOf } from "../../keeper/store/leases.ts";
import { emptyDatabase } from "./utils/emptyDatabase.ts";
import { headAt } from "./utils/fakeChain.ts";
import { HeaderChain } from "./utils/headerChain.ts";
import { until } from "./utils/until.ts";

const VAULT = `0x${"0a".repeat(20)}` as const;
const OTHER = `0x${"0b".repeat(20)}` as const;

describe("a fleet", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase();
  });
  after(() => database.close());

  it("goes on to decide when the end of a transaction cannot be noted", async () => {
    const offered: bigint[] = [];
    const vault = {
      subject: { vault: VAULT, chainId: 31337 },
      onSettled: () => Promise.reject(new Error("the database is down")),
      offer: ({ head }: { head: { number: bigint } }) => offered.push(head.number),
      rest: () => Promise.resolve(),
      isOn: () => true,
    };
    const lane = { onHead: () => Promise.resolve([{ attempt: { vault: VAULT } }]), lane: null };
    const seat = new ChainSeat({
      ...{
        chainId: 31337,
        client: { getBlock: () => Promise.resolve(headAt(1n)) } as never,
        pool: {} as never,
      },
      ...{ database, lanes: [lane as never], vaults: [vault as never] },
      ...{ pollInterval: 1, finalityBlocks: 64, log: silentLog },
    });
    await seat.decideOnce();
    expect(offered).to.deep.equal([1n]);
  });

  it("leaves nothing running when one of its parts ends in an error", async () => {
    let isStopped = false;
    const chains = [
      { run: () => Promise.reject(new Error("out of memory")), release: () => Promise.resolve() },
      {
        run: (signal: AbortSignal) =>
          new Promise<void>((resolve) => {
            const stop = () => {
              isStopped = true;
              resolve();
            };
            signal.addEventListener("abort", stop);
          }),
        release: () => Promise.resolve(),
      },
    ];
    const fleet = new Fleet({
      ...{ chains: chains as never, database, build: "b", log: silentLog, pollInterval: 1 },
      alerts: () => [],
    });
    const end = await fleet.run(new AbortController().signal).catch((error: unknown) => error);
    expect([String(end), isStopped]).to.deep.equal(["Error: out of memory", true]);
  });

  it("that is to decide once says which lease another has, and until when", async () => {
    const account = `0x${"0b".repeat(20)}` as const;
    const key = `31337:${account}`;
    const other = (await acquireLease(database, { key, holder: "dead:1:x", ttl: 600, log: silentLog }))!;
    const client = { getBlock: () => Promise.resolve(headAt(1n)) } as never;
    const lane = new LaneSeat({
      ...{ chainId: 31337, client, signer: { address: account } as never, journal: {} as never },
      ...{ privateRoute: null, log: silentLog, database, holder: "me", leaseTime: 15, priorityFeePerGas: 0n },
    });
    const seat = new ChainSeat({
      ...{ chainId: 31337, client, pool: { health: () => [] } as never, database, lanes: [lane], vaults: [] },
      ...{ pollInterval: 1, finalityBlocks: 64, log: silentLog },
    });
    const fleet = new Fleet({
      ...{ chains: [seat], database, build: "b", log: silentLog, pollInterval: 0.01, alerts: () => [] },
    });
    const end: unknown = await fleet.once(new AbortController().signal).catch((error: unknown) => error);
    expect(end).to.be.instanceOf(StartupError);
    const { until: leaseEnd } = (await holderOf(database, key))!;
    expect(leaseEnd.getTime()).to.be.within(Date.now() + 500_000, Date.now() + 700_000);
    expect((end as Error).message).to.equal(
      `Nothing was decided for want of the lease ${key}: dead:1:x has it until ${leaseEnd.toISOString()}, longer if it still runs.`,
    );
    await other.release();
    expect(await holderOf(database, key)).to.equal(null);
  });

  it("that is to decide once awaits what it sent also while an RPC fails", async () => {
    const answers = [new Error("socket hang up"), true, false];
    const chain = {
      ...{ chainId: 31337, vaults: [], lanes: [], status: () => ({}) },
      decideOnce: () => Promise.resolve(),
      release: () => Promise.resolve(),
      isAwaiting: async () => {
        const answer = answers.shift()!;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    const fleet = new Fleet({
      ...{ chains: [chain as never], database, build: "b", log: silentLog, pollInterval: 0.01 },
      alerts: () => [],
    });
    await fleet.once(new AbortController().signal);
    expect(answers).to.deep.equal([]);
  });

  describe("that is to decide once, and fails to", () => {
    const ACCOUNT = `0x${"0c".repeat(20)}` as const;
    interface Kept {
      readonly name: string;
      readonly head: object | null;
      readonly lastError: string | null;
    }
    const decided: Kept = { name: "good", head: {}, lastError: null };
    const failed: Kept = { name: "bad", head: null, lastError: "execution reverted" };

    /** A chain, each of whose vaults has come as far as is told. */
    const chainOf = (chainId: number, vaults: readonly Kept[], decideOnce = () => Promise.resolve()) => ({
      ...{ chainId, lanes: [], decideOnce, status: () => ({}) },
      vaults: vaults.map((each) => ({ status: () => ({ ...each, mode: "live" }) })),
      isAwaiting: () => Promise.resolve(false),
      release: () => Promise.resolve(),
    });
    const away = () => Promise.reject(new Error("socket hang up"));
    const unread = (chainId: number) =>
      chainOf(chainId, [{ name: "far", head: null, lastError: null }], away);
    const once = (chains: readonly object[], on: object = database, signal = new AbortController().signal) =>
      new Fleet({
        ...{ chains: chains as never, database: on as never, build: "b", log: silentLog, pollInterval: 0.01 },
        alerts: () => [],
      })
        .once(signal)
        .then(
          () => "well",
          (error: unknown) =>
            error instanceof StartupError ? error.message : `no StartupError: ${String(error)}`,
        );

    it("says of each chain that it could not be read", async () => {
      expect(await once([unread(1), unread(5)])).to.equal(
        "Nothing was decided on chain 1, which could not be read: socket hang up. " +
          "Nothing was decided on chain 5, which could not be read: socket hang up.",
      );
    });

    it("says of each vault why its cycle failed", async () => {
      const other = { name: "other", head: null, lastError: "The oracle is away." };
      const unreconciled = { name: "unreconciled", head: null, lastError: null };
      expect(await once([chainOf(1, [failed, other, unreconciled])])).to.equal(
        "Nothing was decided for bad: execution reverted. Nothing was decided for other: The oracle is away. " +
          "Nothing was decided for unreconciled: its account could not be looked after.",
      );
    });

    it("ends well while one vault was decided for", async () => {
      expect(await once([chainOf(1, [failed, decided]), unread(5)])).to.equal("well");
    });

    it("ends well when it is told to stop", async () => {
      expect(await once([unread(1)], database, AbortSignal.abort())).to.equal("well");
    });

    it("says that the database was away when it asked for a lease", async () => {
      const broken = {
        get db(): never {
          throw new Error("connection refused");
        },
      };
      const client = { getBlock: () => Promise.resolve(headAt(1n)) } as never;
      const lane = new LaneSeat({
        ...{ chainId: 31337, client, signer: { address: ACCOUNT } as never, journal: {} as never },
        ...{ privateRoute: null, log: silentLog, database: broken as never, holder: "me", leaseTime: 15 },
        priorityFeePerGas: 0n,
      });
      const vault = {
        subject: { vault: VAULT, chainId: 31337 },
        ...{
          isOn: () => true,
          offer: () => undefined,
          rest: () => Promise.resolve(),
          rebalanceCost: () => null,
        },
        status: () => ({ name: "one", head: null, lastError: null, mode: "standby" }),
      };
      const seat = new ChainSeat({
        ...{ chainId: 31337, client, pool: { health: () => [] } as never, database: broken as never },
        ...{ lanes: [lane], vaults: [vault as never], pollInterval: 1, finalityBlocks: 64, log: silentLog },
      });
      expect(await once([seat], broken)).to.equal(
        `Nothing was decided for want of the lease 31337:${ACCOUNT}: the database does not say who has it: connection refused.`,
      );
    });
  });

  describe("on a chain", () => {
    /** What happened, in turn. */
    let events: string[];
    /** The blocks that each vault was offered. */
    let offered: Map<string, bigint[]>;
    beforeEach(async () => {
      await emptyDatabase(database);
      [events, offered] = [[], new Map()];
    });

    const vaultOf = (vault: typeof VAULT | typeof OTHER, name: string, on?: object | null) => ({
      subject: { vault, chainId: 31337 },
      set controls({ pause: paused }: { pause: object | null }) {
        events.push(`${name} ${paused === null ? "runs" : "paused"}`);
      },
      onSettled: async () => void events.push(`${name} settled`),
      offer: ({ head }: Offer) => {
        offered.get(name)?.push(head.number) ?? offered.set(name, [head.number]);
        events.push(`${name} decides`);
      },
      rest: async () => undefined,
      isOn: (each: unknown) => on === undefined || each === on,
    });
    const seatOf = (
      lane: object | readonly object[],
      request: (call: { method: string; params?: unknown }) => unknown,
      vaults: object[] = [vaultOf(VAULT, "one"), vaultOf(OTHER, "other")],
    ) =>
      new ChainSeat({
        ...{ chainId: 31337, pool: {} as never, database, pollInterval: 0.005, finalityBlocks: 2 },
        ...{ lanes: [lane].flat() as never, log: silentLog },
        client: createChainClient({ provider: { request: async (call: never) => request(call) } as never }),
        vaults: vaults as never,
      });

    it("settles with the vault whose transaction it was, and reads the operator's word, before it decides", async () => {
      await pause(database, { chainId: 31337, vault: OTHER }, "maintenance");
      const chain = new HeaderChain(5);
      const onHead = async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return [{ attempt: { vault: OTHER } }];
      };
      await seatOf({ onHead }, ({ params }) => chain.at((params as string[])[0])).decideOnce();
      expect(events.slice(0, -2)).to.have.members(["one runs", "other paused", "other settled"]);
      expect(events.slice(-2)).to.deep.equal(["one decides", "other decides"]);
    });

    it("tells its lanes of every reorg, and what of the chain is final", async () => {
      const chain = new HeaderChain(5);
      const told: [Reorg | null, bigint][] = [];
      const stop = new AbortController();
      const onHead = async (_: unknown, reorg: Reorg | null, finalized: bigint) => {
        told.push([reorg, finalized]);
        if (told.length === 2) stop.abort();
        else {
          chain.rewind(1);
          chain.mine(2);
        }
        return [];
      };
      await seatOf({ onHead }, ({ params }) => chain.at((params as string[])[0])).run(stop.signal);
      expect(told.map(([reorg, final]) => [reorg?.depth, final])).to.deep.equal([
        [undefined, 2n],
        [1, 3n],
      ]);
    });

    /** Two lanes with a vault each, and a shadow; one lane hangs at every head until it is told to go on. */
    function beside() {
      const chain = new HeaderChain(5);
      const told: { readonly number: bigint; readonly ancestor: bigint | undefined }[] = [];
      const goOn: (() => void)[] = [];
      const hanging = {
        onHead: async ({ number }: Head, reorg: Reorg | null) => {
          told.push({ number, ancestor: reorg?.ancestor });
          await new Promise<void>((resolve) => goOn.push(resolve));
          return [];
        },
      };
      const quick = { onHead: async () => [] };
      const vaults = [
        vaultOf(VAULT, "hung", hanging),
        vaultOf(OTHER, "quick", quick),
        vaultOf(OTHER, "shadow", null),
      ];
      const seat = seatOf([hanging, quick], ({ params }) => chain.at((params as string[])[0]), vaults);
      const stop = new AbortController();
      const running = seat.run(stop.signal);
      const seen = (name: string) => offered.get(name) ?? [];
      return {
        ...{ chain, told, seen },
        /** Waits until all but the lane that hangs have the newest head. */
        caughtUp: () =>
          until(
            () => ["quick", "shadow"].every((name) => seen(name).at(-1) === BigInt(chain.tip.number)),
            "the head was offered",
          ),
        goOn: () => goOn.shift()!(),
        async end() {
          stop.abort();
          for (const each of goOn) each();
          await running;
        },
      };
    }

    it("offers the vaults of a lane its head while the signer of another hangs", async () => {
      const { chain, told, seen, caughtUp, goOn, end } = beside();
      try {
        await caughtUp();
        expect([told.length, seen("hung")]).to.deep.equal([1, []]);
        for (let each = 0; each < 3; each += 1) {
          chain.mine();
          await caughtUp();
        }
        expect([seen("quick").at(-1), seen("shadow").at(-1), seen("hung"), told.length]).to.deep.equal([
          ...[7n, 7n, [], 1],
        ]);
        // The heads that came meanwhile gave way to the newest.
        goOn();
        await until(() => told.length === 2, "the lane took another head");
        expect([told[1], seen("hung")]).to.deep.equal([{ number: 7n, ancestor: undefined }, [4n]]);
        goOn();
        await until(() => seen("hung").length === 2, "the vault was offered the head");
        expect([told.length, seen("hung")]).to.deep.equal([2, [4n, 7n]]);
      } finally {
        await end();
      }
    });

    it("tells a lane that was busy of every reorg it missed, and its vaults of no block that is gone", async () => {
      const { chain, told, seen, caughtUp, goOn, end } = beside();
      try {
        await caughtUp();
        for (const [depth, count] of [
          [2, 3],
          [1, 2],
          [0, 1],
        ] as const) {
          chain.rewind(depth);
          chain.mine(count);
          await caughtUp();
        }
        goOn();
        await until(() => told.length === 2, "the lane took another head");
        expect([told[1], seen("hung")]).to.deep.equal([{ number: 7n, ancestor: 2n }, []]);
        goOn();
        await until(() => seen("hung").length === 1, "the vault was offered the head");
        expect(seen("hung")).to.deep.equal([7n]);
      } finally {
        await end();
      }
    });

    it("leaves a head that waits at the end of a run, and ends with the one before", async () => {
      const { chain, told, caughtUp, end } = beside();
      await caughtUp();
      chain.mine();
      await caughtUp();
      await end();
      expect(told).to.deep.equal([{ number: 4n, ancestor: undefined }]);
    });
  });
});
