import { expect } from "chai";
import { sql } from "kysely";

import { silentLog } from "../../../keeper/log/logger.ts";
import type { Database } from "../../../keeper/store/database.ts";
import {
  acquireLease,
  fenced,
  LeaseLostError,
  type Clock,
  type Lease,
  type LeaseOptions,
} from "../../../keeper/store/leases.ts";
import { describeEngines } from "../utils/engines.ts";
import { until } from "../utils/until.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs on as the real one does, and can be set. */
function settableClock(): Clock & { wallOffset: number; monotonicOffset: number } {
  return {
    wallOffset: 0,
    monotonicOffset: 0,
    wall() {
      return Date.now() + this.wallOffset;
    },
    monotonic() {
      return performance.now() + this.monotonicOffset;
    },
  };
}

describeEngines("leases", (fixture) => {
  const held: Lease[] = [];
  afterEach(() => Promise.all(held.splice(0).map((lease) => lease.release())));

  async function acquire(
    holder: string,
    changes: Partial<LeaseOptions> = {},
    database = fixture.database,
  ): Promise<Lease | null> {
    const lease = await acquireLease(database, { key: "lane", holder, ttl: 30, log: silentLog, ...changes });
    if (lease !== null) held.push(lease);
    return lease;
  }
  async function isLost(promise: Promise<unknown>): Promise<boolean> {
    return promise.then(
      () => false,
      (error: unknown) => {
        expect(error).to.be.instanceOf(LeaseLostError);
        return true;
      },
    );
  }
  /** A database that does not answer while `down`. */
  function fragile(): { database: Database; down: boolean } {
    const state = {
      down: false,
      database: {
        ...fixture.database,
        get db() {
          if (state.down) throw new Error("connection refused");
          return fixture.database.db;
        },
      },
    };
    return state;
  }

  /** A database that one statement reaches only when it is told to go on. */
  function delayed() {
    const { db } = fixture.database;
    let onExecute: ((goOn: () => Promise<unknown>) => void) | null = null;
    const slow = <T extends object>(builder: T, held: NonNullable<typeof onExecute>): T =>
      new Proxy(builder, {
        get: (target, name) => {
          const member = Reflect.get(target, name) as (...args: unknown[]) => unknown;
          if (name !== "execute")
            return (...args: unknown[]) => slow(member.apply(target, args) as object, held);
          return () =>
            new Promise((resolve, reject) => {
              held(async () => (member.call(target) as Promise<unknown>).then(resolve, reject));
            });
        },
      });
    return {
      database: {
        ...fixture.database,
        get db() {
          const held = onExecute;
          onExecute = null;
          return held === null ? db : slow(db, held);
        },
      },
      /** Waits for a statement. @returns Lets it go on. */
      next: () => new Promise<() => Promise<unknown>>((resolve) => (onExecute = resolve)),
    };
  }

  it("are held by one at a time, each with a higher token", async () => {
    const first = (await acquire("a"))!;
    expect(await acquire("b")).to.equal(null);
    expect(await acquire("a")).to.equal(null);
    expect((await acquire("b", { key: "other" }))!.isHeld()).to.equal(true);
    await first.release();
    expect([first.isHeld(), first.lost.aborted]).to.deep.equal([false, false]);
    const second = (await acquire("b"))!;
    expect([first.token, second.token]).to.deep.equal([1n, 2n]);
    // Given back already: the second must not lose it by that.
    await first.release();
    expect(await acquire("c")).to.equal(null);
  });

  it("go to one of many that ask at once", async () => {
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => acquire(String(i))));
    expect(all.filter((lease) => lease !== null)).to.have.length(1);
  });

  it("stay with a holder that lives", async () => {
    const lease = (await acquire("a", { ttl: 2 }))!;
    const end = Date.now() + 4_000;
    while (Date.now() < end) {
      expect(await acquire("b", { ttl: 2 })).to.equal(null);
      expect(lease.isHeld()).to.equal(true);
      await sleep(50);
    }
  });

  it("pass to another within their time once the heartbeat stops, and the first knows before", async () => {
    const failing = fragile();
    const lease = (await acquire("a", { ttl: 1 }, failing.database))!;
    failing.down = true;
    const stopped = performance.now();
    let sure = Infinity;
    let next: Lease | null = null;
    while (next === null) {
      if (!lease.isHeld()) sure = Math.min(sure, performance.now());
      next = await acquire("b", { ttl: 1 });
      await sleep(5);
    }
    expect(performance.now() - stopped).to.be.lessThan(10_000);
    expect(sure).to.be.lessThan(performance.now());
    expect([lease.isHeld(), lease.lost.aborted, next.token]).to.deep.equal([false, true, 2n]);
  });

  it("survive a database that is away for less than their time", async () => {
    const failing = fragile();
    const lease = (await acquire("a", { ttl: 3 }, failing.database))!;
    failing.down = true;
    await sleep(1_200);
    failing.down = false;
    await sleep(2_500);
    expect([lease.isHeld(), lease.lost.aborted]).to.deep.equal([true, false]);
  });

  it("refuse a zombie's writes, even those it began before", async () => {
    const zombie = (await acquire("a"))!;
    await sql`update leases set expires_at = clock_timestamp()`.execute(fixture.database.db);
    expect(await isLost(fenced(fixture.database, zombie, () => Promise.resolve()))).to.equal(true);
    const next = (await acquire("b"))!;
    let wrote = false;
    const write = fenced(fixture.database, zombie, () => Promise.resolve((wrote = true)));
    expect([await isLost(write), wrote]).to.deep.equal([true, false]);
    expect(await fenced(fixture.database, next, () => Promise.resolve("written"))).to.equal("written");
    expect([zombie.isHeld(), zombie.lost.aborted, next.isHeld()]).to.deep.equal([false, true, true]);
  });

  it("are not taken from the next holder by a zombie that gives back what it lost", async () => {
    const zombie = (await acquire("a"))!;
    await sql`update leases set expires_at = clock_timestamp()`.execute(fixture.database.db);
    await acquire("b");
    await zombie.release();
    expect(await acquire("c")).to.equal(null);
  });

  it("stay given back though a heartbeat arrives after that", async () => {
    const slow = delayed();
    const lease = (await acquire("a", { ttl: 0.6 }, slow.database))!;
    const sendHeartbeat = await slow.next();
    await lease.release();
    await sendHeartbeat();
    expect((await acquire("b"))?.token).to.equal(2n);
  });

  it("count their time from when a heartbeat was sent, not from its answer", async () => {
    const clock = settableClock();
    const slow = delayed();
    const lease = (await acquire("a", { ttl: 0.6, clock }, slow.database))!;
    const sendHeartbeat = await slow.next();
    clock.monotonicOffset = 500;
    await sendHeartbeat();
    await sleep(5);
    expect(lease.isHeld()).to.equal(false);
  });

  it("try a heartbeat again that has no answer", async () => {
    const clock = settableClock();
    const slow = delayed();
    await acquire("a", { ttl: 0.3, clock }, slow.database);
    // Or the lease would be over by then on a machine that is slow.
    clock.monotonicOffset = -10_000;
    await slow.next();
    expect(await Promise.race([slow.next(), sleep(5_000)])).to.be.a("function");
  });

  it("write nothing where the work fails", async () => {
    const lease = (await acquire("a"))!;
    await fenced(fixture.database, lease, async (transaction) => {
      await transaction.deleteFrom("leases").execute();
      throw new Error("disk full");
    }).catch(() => undefined);
    expect(await acquire("b")).to.equal(null);
    expect(lease.isHeld()).to.equal(true);
  });

  it("are not taken in the midst of a fenced write", async () => {
    const lease = (await acquire("a", { ttl: 1.2 }))!;
    const order: string[] = [];
    const write = fenced(fixture.database, lease, async (transaction) => {
      await sleep(1_500);
      await sql`select 1`.execute(transaction);
      order.push("written");
    });
    await sleep(1_300);
    const next = await acquire("b").then((taken) => {
      order.push("taken");
      return taken;
    });
    await write;
    // Its heartbeat waited for the write too, so either of them has it now; never in between.
    expect(order).to.deep.equal(["written", "taken"]);
    expect(next === null ? lease.token : next.token).to.equal(next === null ? 1n : 2n);
  });

  it("are learnt to be lost at the next heartbeat", async () => {
    const lease = (await acquire("a", { ttl: 0.9 }))!;
    await sql`update leases set token = token + 1, holder = 'b'`.execute(fixture.database.db);
    await until(() => lease.lost.aborted, "the loss noticed");
    expect(lease.isHeld()).to.equal(false);
  });

  for (const [what, jump] of [
    ["the clock is set ahead", { wallOffset: 3_600_000 }],
    ["the process slept and its machine's counter went on", { monotonicOffset: 3_600_000 }],
    ["the counter went on while the clock was set back", { monotonicOffset: 3_600_000, wallOffset: -1e9 }],
    ["the machine slept and its counter stood still", { wallOffset: 31_000 }],
    ["less than a fifth of their time is left", { wallOffset: 24_500, monotonicOffset: 24_500 }],
  ] as const) {
    it(`are not trusted when ${what}`, async () => {
      const clock = settableClock();
      const lease = (await acquire("a", { clock }))!;
      expect(lease.isHeld()).to.equal(true);
      Object.assign(clock, jump);
      expect(lease.isHeld()).to.equal(false);
    });
  }

  it("are trusted again after a jump of the clock, once the database has said so", async () => {
    const clock = settableClock();
    const lease = (await acquire("a", { clock, ttl: 0.9 }))!;
    clock.wallOffset = 3_600_000;
    expect(lease.isHeld()).to.equal(false);
    await until(() => lease.isHeld(), "the word of the database");
    expect(lease.lost.aborted).to.equal(false);
    clock.wallOffset = -3_600_000;
    expect(lease.isHeld()).to.equal(true);
  });

  it("end on time though the clock is set back", async () => {
    const clock = settableClock();
    const failing = fragile();
    const lease = (await acquire("a", { clock, ttl: 0.5 }, failing.database))!;
    failing.down = true;
    clock.wallOffset = -3_600_000;
    await sleep(520);
    expect([lease.isHeld(), lease.lost.aborted]).to.deep.equal([false, true]);
  });

  it("do not fail a release when the database is away", async () => {
    const failing = fragile();
    const lease = (await acquire("a", {}, failing.database))!;
    failing.down = true;
    await lease.release();
    expect(lease.isHeld()).to.equal(false);
  });
});
