import { expect } from "chai";
import { sql } from "kysely";

import { LaneSeat, type LaneSeatOptions } from "../../keeper/fleet/laneSeat.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { headAt } from "./utils/fakeChain.ts";
import { A, laneHarness, signer } from "./utils/laneHarness.ts";
import { until } from "./utils/until.ts";

const HOUR = 3_600_000;

describe("a lane's seat", () => {
  const now = Date.now.bind(Date);
  const harness = laneHarness();
  let seats: LaneSeat[];

  beforeEach(() => {
    seats = [];
  });
  afterEach(async () => {
    Date.now = now;
    await Promise.all(seats.map((seat) => seat.release()));
  });

  function open(holder: string, changes: Partial<LaneSeatOptions> = {}): LaneSeat {
    const { chain, database, journal } = harness;
    const seat = new LaneSeat({
      ...{ chainId: 31337, client: chain.client, signer, journal, privateRoute: null, log: silentLog },
      ...{ priorityFeePerGas: 1n, database, holder, leaseTime: 600 },
      ...changes,
    });
    seats.push(seat);
    return seat;
  }
  const look = (seat: LaneSeat, at: bigint, finalized = 0n) => seat.onHead(headAt(at), null, finalized);

  it("is one process's for each account and chain", async () => {
    const [first, second, elsewhere] = [open("a"), open("b"), open("b", { chainId: 1 })];
    for (const seat of [first, second, elsewhere]) await look(seat, 1n);
    expect([first.isHeld, second.isHeld, elsewhere.isHeld]).to.deep.equal([true, false, true]);
    await first.release();
    const third = open("c");
    await look(third, 2n);
    expect([first.isHeld, first.lane, third.isHeld]).to.deep.equal([false, null, true]);
  });

  it("offers its lane only once that has been brought together with the chain", async () => {
    const seat = open("a");
    harness.chain.provider.faults.set("eth_getTransactionCount", () =>
      Promise.reject(new Error("socket hang up")),
    );
    await look(seat, 1n);
    expect([seat.isHeld, seat.lane, seat.status(null).reconciled]).to.deep.equal([true, null, false]);
    harness.chain.provider.faults.clear();
    await look(seat, 2n);
    expect(seat.lane?.nextNonce).to.equal(0n);
  });

  it("offers its lane no longer than its lease is sure, and then gives that back for the next", async () => {
    const [seat, next] = [open("a"), open("b")];
    await look(seat, 1n);
    // The machine slept, for less than the database gave it.
    Date.now = () => now() + HOUR;
    expect([seat.lane, seat.isHeld]).to.deep.equal([null, false]);
    await look(seat, 2n);
    Date.now = now;
    await look(next, 2n);
    expect([seat.isHeld, next.isHeld]).to.deep.equal([false, true]);
  });

  it("is taken anew after it was lost", async () => {
    const seat = open("a", { leaseTime: 3 });
    await look(seat, 1n);
    await sql`update leases set token = token + 1, expires_at = '-infinity'`.execute(harness.database.db);
    await until(() => !seat.isHeld, "the loss noticed by a heartbeat");
    await look(seat, 2n);
    expect([seat.isHeld, seat.lane?.nextNonce]).to.deep.equal([true, 0n]);
  });

  it("notes as final what is deep enough, and not what a reorg could take back", async () => {
    const seat = open("a");
    await look(seat, 1n);
    const hash = await harness.hashOf(harness.send(seat.lane!, A, 1n));
    harness.chain.count = 1n;
    harness.chain.mine(hash, 2n);
    const recent = async () =>
      (await harness.journal.recent({ chainId: 31337, account: signer.address })).length;
    await look(seat, 3n, 1n);
    expect(await recent()).to.equal(1);
    await look(seat, 4n, 2n);
    expect(await recent()).to.equal(0);
  });
});
