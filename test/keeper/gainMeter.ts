import { expect } from "chai";

import type { Settlement } from "../../keeper/execution/settlement.ts";
import type { Attempt } from "../../keeper/execution/slot.ts";
import { GainMeter, type Observation } from "../../keeper/fleet/gainMeter.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { openDatabase, type Database } from "../../keeper/store/database.ts";
import { Journal } from "../../keeper/store/journal.ts";
import { acquireLease, type Lease } from "../../keeper/store/leases.ts";
import type { DecisionMode } from "../../keeper/store/schema.ts";
import { expectedStretchGain, stepGain, stretchOf } from "../../keeper/strategy/realisedGain.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { expectNear } from "../support/near.ts";
import { openGains } from "./utils/openGains.ts";
import { decided, inputAt } from "./utils/recordedDecisions.ts";

const RISK_AVERSION = 1e-4;
const HASH = `0x${"ab".repeat(32)}` as const;
const ACCOUNT = "0x00000000000000000000000000000000000000aA";

describe("the gain of rebalances", () => {
  const strategy = optimalImpulse({ riskAversion: RISK_AVERSION });
  let database: Database;
  let journal: Journal;
  let lease: Lease;
  const { vault, chainId } = decided(0, strategy);
  const options = () => ({ database, journal, riskAversion: RISK_AVERSION, vault, chainId });

  before(async () => {
    database = await openDatabase();
    journal = new Journal(database);
    lease = (await acquireLease(database, { key: "k", holder: "h", ttl: 600, log: silentLog }))!;
  });
  after(() => database.close());
  beforeEach(async () => {
    for (const table of ["gains", "executions", "decisions"] as const)
      await database.db.deleteFrom(table).execute();
  });

  /** A look at the market with a drift and a spot of its own. */
  function look(
    step: number,
    drift: number,
    spot: number,
    action: "hold" | "rebalance" = "hold",
  ): Observation {
    const record = decided(step, strategy);
    return {
      block: record.block.number,
      input: { ...inputAt(step), spot },
      decision: { ...record.decision, action, drift, trade: action === "hold" ? 0 : -drift },
    };
  }
  async function record(
    { block, input, decision }: Observation,
    mode: DecisionMode = "live",
  ): Promise<bigint> {
    const at = { number: block, hash: HASH, timestamp: BigInt(input.timestamp) };
    const { name, params } = strategy;
    return journal.recordDecision({
      ...{ vault, chainId, block: at, strategy: name, params, mode },
      input,
      decision,
    });
  }
  /** A rebalance of 40 ETH, mined in the block of a look, for 1.5 USDC of NAV and 0.001 ETH of gas. */
  async function rebalance(made: Observation, minedAt: bigint): Promise<Settlement> {
    const decisionId = await record(made);
    const intent = {
      ...({ vault, chainId, account: ACCOUNT, kind: "rebalance", route: "public", decisionId } as const),
      ...{ rebalanceNonce: 0n, txNonce: 0n, deadline: 0n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n },
      ...{ gasLimit: 1n, head: { number: made.block, hash: HASH } },
    };
    const id = await journal.recordIntent(intent, lease);
    await journal.recordSigned(id, { raw: "0x02", hash: HASH }, lease);
    const attempt: Attempt = { ...intent, id, status: "signed", raw: "0x02", hash: HASH, sentAt: null };
    const outcome = {
      ...({ status: "confirmed", gasUsed: 10n ** 6n, effectiveGasPrice: 10n ** 9n } as const),
      ...{ blockNumber: minedAt, blockHash: HASH },
      events: [
        { name: "LegExecuted", args: { filled: 25n * 10n ** 18n } },
        { name: "LegExecuted", args: { filled: 15n * 10n ** 18n } },
        { name: "Rebalanced", args: { navBefore: 5_000_000n, navAfter: 3_500_000n } },
      ],
    };
    await journal.recordOutcome(id, outcome);
    return { attempt, outcome };
  }

  const made = { ...decided(0, strategy), action: "rebalance" };
  const trade: Observation = {
    block: made.block.number,
    input: made.input,
    decision: { ...made.decision, action: "rebalance", drift: -50, trade: 40 },
  };
  // Drift −10 after the trade of 40, where it would have been −50; then −12 and −5, and the next trade.
  const looks = [look(1, -10, 3000), look(2, -12, 3020), look(3, -5, 2990), look(4, -60, 3050, "rebalance")];
  const realised =
    stepGain(RISK_AVERSION, { drift: -10, traded: 40, move: 20 }) +
    stepGain(RISK_AVERSION, { drift: -12, traded: 40, move: -30 }) +
    stepGain(RISK_AVERSION, { drift: -5, traded: 40, move: 60 });

  it("is counted from the block that mined it to the next decision to trade", async () => {
    const meter = new GainMeter(options());
    await meter.resume();
    const settlement = await rebalance(trade, looks[0]!.block);
    await meter.onSettled(settlement, 3000);
    expect(meter.sums).to.include({ count: 0, open: 1 });
    // A look at a block from before it was mined does not show it.
    await meter.observe({ ...look(0, -50, 1), block: trade.block });
    for (const each of looks) await meter.observe(each);
    const { expected, error, cost, ...sums } = meter.sums!;
    expect([sums.count, sums.open, error]).to.deep.equal([1, 0, null]);
    expectNear(sums.realised, realised, 1e-9);
    expectNear(cost, 1.5 + 0.001 * 3000, 1e-9);
    expectNear(expected, expectedStretchGain(stretchOf(trade.input, trade.decision, RISK_AVERSION)!), 1e-9);
    expect(realised).to.be.greaterThan(0);
  });

  it("costs its gas also where it is settled before this process has seen a price", async () => {
    const meter = new GainMeter(options());
    await meter.resume();
    await meter.onSettled(await rebalance(trade, looks[0]!.block), 0);
    const [open] = await openGains(database, { vault, chainId });
    for (const each of looks) await meter.observe(each);
    expect(open).to.not.equal(undefined);
    expectNear(meter.sums!.cost, 1.5 + 0.001 * trade.input.spot, 1e-9);
  });

  it("comes out the same when the process died on the way", async () => {
    const first = new GainMeter(options());
    const settlement = await rebalance(trade, looks[0]!.block);
    await first.onSettled(settlement, 3000);
    for (const each of looks.slice(0, 3)) {
      await record(each);
      await first.observe(each);
    }
    const second = new GainMeter(options());
    await second.resume();
    await second.observe(looks[3]!);
    expectNear(second.sums!.realised, realised, 1e-9);
  });

  it("comes out the same when the process died before it was opened", async () => {
    await rebalance(trade, looks[0]!.block);
    for (const each of looks.slice(0, 2)) await record(each);
    const meter = new GainMeter(options());
    await meter.resume();
    expect(meter.sums).to.include({ count: 0, open: 1 });
    for (const each of looks.slice(2)) await meter.observe(each);
    const { expected, cost, ...sums } = meter.sums!;
    expect([sums.count, sums.open]).to.deep.equal([1, 0]);
    expectNear(sums.realised, realised, 1e-9);
    expectNear(cost, 1.5 + 0.001 * trade.input.spot, 1e-9);
    expectNear(expected, expectedStretchGain(stretchOf(trade.input, trade.decision, RISK_AVERSION)!), 1e-9);
    // A second look finds it closed, and opens nothing anew.
    await meter.resume();
    expect(meter.sums).to.include({ count: 1, open: 0 });
  });

  it("is taken up beside an open one, each step counted once, and not of a time when nothing was counted", async () => {
    const first = await rebalance(trade, looks[0]!.block);
    const before = await rebalance(trade, looks[0]!.block);
    expect(first.attempt.id < before.attempt.id).to.equal(true);
    await new GainMeter(options()).onSettled(before, 3000);
    for (const each of looks) await record(each);
    const next = look(5, -10, 3070);
    const lost = await rebalance(looks[3]!, next.block);
    await record(next);
    const meter = new GainMeter(options());
    await meter.resume();
    const open = await openGains(database, { vault, chainId });
    expect(open.map(({ execution_id }) => execution_id)).to.deep.equal([lost.attempt.id]);
    expect(meter.sums).to.include({ count: 1, open: 1 });
    expectNear(meter.sums!.realised, realised, 1e-9);
  });

  it("is taken up of the last day only, where another rule hedged since", async () => {
    const known = await rebalance(trade, looks[0]!.block);
    await new GainMeter(options()).onSettled(known, 3000);
    for (const each of looks) await record(each);
    const ids: bigint[] = [];
    for (const step of [10, 20_000, 39_000, 39_500]) {
      const { attempt } = await rebalance(look(step, -50, 3000, "rebalance"), look(step + 1, 0, 0).block);
      ids.push(attempt.id);
    }
    await record(look(40_000, -10, 3000));
    const meter = new GainMeter(options());
    await meter.resume();
    expect(meter.sums).to.include({ count: 2, open: 1 });
    const open = await openGains(database, { vault, chainId });
    expect(open.map(({ execution_id }) => execution_id)).to.deep.equal([ids[3]]);
  });

  it("is taken up of the newest only, where that is long ago, and nothing is read of the time between", async () => {
    const known = await rebalance(trade, looks[0]!.block);
    await new GainMeter(options()).onSettled(known, 3000);
    for (const each of looks) await record(each);
    await rebalance(look(10, -50, 3000, "rebalance"), look(11, 0, 0).block);
    for (let step = 11; step < 30; step += 1) await record(look(step, -10, 3000));
    const newest = await rebalance(look(20_000, -50, 3000, "rebalance"), look(20_001, 0, 0).block);
    await record(look(40_000, -10, 3000));
    const read: bigint[] = [];
    const counted = {
      decision: (id: bigint) => journal.decision(id),
      async *streamDecisions(range: Parameters<Journal["streamDecisions"]>[0]) {
        for await (const each of journal.streamDecisions(range)) {
          read.push(each.block.number - 19_000_000n);
          yield each;
        }
      },
    };
    const meter = new GainMeter({ ...options(), journal: counted as never });
    await meter.resume();
    expect(meter.sums).to.include({ count: 1, open: 1 });
    expectNear(meter.sums!.realised, realised, 1e-9);
    const open = await openGains(database, { vault, chainId });
    expect(open.map(({ execution_id }) => execution_id)).to.deep.equal([newest.attempt.id]);
    expect(read).to.deep.equal([1n, 2n, 3n, 4n, 40_000n]);
  });

  it("is found however many attempts were refused since", async () => {
    const settlement = await rebalance(trade, looks[0]!.block);
    await new GainMeter(options()).onSettled(settlement, 3000);
    for (const each of looks.slice(0, 3)) await record(each);
    const nothing = { decisionId: null, rebalanceNonce: null, error: "" };
    for (let refused = 0; refused < 101; refused += 1)
      await journal.recordBlocked({ vault, chainId, account: ACCOUNT, ...nothing });
    const meter = new GainMeter(options());
    await meter.resume();
    await meter.observe(looks[3]!);
    expectNear(meter.sums!.realised, realised, 1e-9);
  });

  it("does not end by what a shadow on the same store would have done", async () => {
    const settlement = await rebalance(trade, looks[0]!.block);
    await new GainMeter(options()).onSettled(settlement, 3000);
    for (const each of looks.slice(0, 3)) {
      await record(each);
      await record({ ...each, decision: { ...each.decision, action: "rebalance" } }, "shadow");
    }
    const meter = new GainMeter(options());
    await meter.resume();
    expect(meter.sums).to.include({ count: 0, open: 1 });
    await meter.observe(looks[3]!);
    expectNear(meter.sums!.realised, realised, 1e-9);
  });

  it("comes out the same when the lane went to another process and came back", async () => {
    const first = new GainMeter(options());
    const settlement = await rebalance(trade, looks[0]!.block);
    await first.onSettled(settlement, 3000);
    for (const each of looks.slice(0, 2)) await first.observe(each);
    const second = new GainMeter(options());
    await second.resume();
    for (const each of looks.slice(0, 3)) {
      await record(each);
      await second.observe(each);
    }
    await first.resume();
    await first.observe(looks[3]!);
    expectNear(first.sums!.realised, realised, 1e-9);
  });

  it("starts anew when it is in another block now", async () => {
    const meter = new GainMeter(options());
    const settlement = await rebalance(trade, looks[0]!.block);
    await meter.onSettled(settlement, 3000);
    await meter.observe(looks[0]!);
    const outcome = { ...settlement.outcome, blockNumber: looks[1]!.block };
    await journal.recordOutcome(settlement.attempt.id, outcome);
    await meter.onSettled({ ...settlement, outcome }, 3000);
    expect(await openGains(database, { vault, chainId })).to.have.length(1);
    for (const each of looks.slice(1)) await meter.observe(each);
    const moves = [
      stepGain(RISK_AVERSION, { drift: -12, traded: 40, move: -30 }),
      stepGain(RISK_AVERSION, { drift: -5, traded: 40, move: 60 }),
    ];
    expectNear(meter.sums!.realised, moves[0]! + moves[1]!, 1e-9);
  });
});
