import { expect } from "chai";

import { paramsOf, recordedStrategy, strategyOf } from "../../../keeper/replay/recordedStrategy.ts";
import { changes, isSame, replay, type Difference } from "../../../keeper/replay/replay.ts";
import { toPoint } from "../../../keeper/replay/stretch.ts";
import { parseJson, toJson } from "../../../keeper/store/json.ts";
import type { StoredDecision } from "../../../keeper/store/journal.ts";
import type { Decision } from "../../../keeper/strategy/types.ts";
import { inputAt, records } from "../utils/recordedDecisions.ts";

const impulse = await strategyOf("optimal-impulse", { riskAversion: 1e-4 });

async function* stream(all: readonly StoredDecision[]): AsyncGenerator<StoredDecision> {
  for (const record of all) yield await Promise.resolve(record);
}

async function replayed(all: readonly StoredDecision[], strategy = impulse) {
  const differences: Difference[] = [];
  const totals = await replay({
    records: stream(all),
    strategyFor: () => strategy,
    onDifference: (difference) => differences.push(difference),
  });
  return { totals, differences };
}

describe("replay", () => {
  const all = records(20, impulse);

  it("finds a recorded stretch the same, after it went through the store's text", async () => {
    expect(new Set(all.map(({ decision }) => decision.reason)).size).to.be.greaterThan(1);
    const { totals, differences } = await replayed(
      all.map((each) => parseJson(toJson(each)) as StoredDecision),
    );
    expect(totals).to.deep.equal({ decisions: 20, same: 20, different: 0 });
    expect(differences).to.deep.equal([]);
  });

  it("shows each decision that another strategy makes otherwise", async () => {
    const timed = await strategyOf("time", { seconds: 1 });
    const { totals, differences } = await replayed(all, timed);
    expect(totals).to.deep.equal({ decisions: 20, same: 0, different: 20 });
    expect(differences[3]).to.deep.equal({
      id: all[3]!.id,
      block: all[3]!.block.number,
      recorded: all[3]!.decision,
      now: timed.decide(all[3]!.input),
    });
  });

  it("finds the one decision that was tampered with", async () => {
    const tampered = all.map((each, at) =>
      at === 7 ? { ...each, decision: { ...each.decision, drift: each.decision.drift + 1e-6 } } : each,
    );
    const { totals, differences } = await replayed(tampered);
    expect(totals).to.deep.equal({ decisions: 20, same: 19, different: 1 });
    expect(differences[0]!.id).to.equal(all[7]!.id);
  });

  it("tells what a strategy refuses, and goes on", async () => {
    const broken = all.map((each, at) => (at === 0 ? { ...each, input: { ...each.input, sigma: 0 } } : each));
    const { totals, differences } = await replayed(broken);
    expect(totals.different).to.equal(1);
    expect(differences[0]!.now).to.have.property("error").that.matches(/sigma/);
  });

  const hold: Decision = {
    action: "hold",
    reason: "inside-band",
    drift: -0.25,
    trade: 0,
    band: { b: Infinity, t: 0, c: 0, centre: 0 },
    gain: 1,
    cost: null,
  };
  it("takes rounding for no change of mind, and everything else for one", () => {
    const near = { ...hold, drift: -0.25 * (1 + 1e-12), trade: -1e-13, gain: 1 + 1e-10 };
    expect(isSame(hold, near)).to.equal(true);
    for (const [field, change] of [
      ["action", { action: "rebalance" }],
      ["reason", { reason: "below-trigger" }],
      ["drift", { drift: -0.25000001 }],
      ["trade", { trade: 1e-9 }],
      ["gain", { gain: null }],
      ["cost", { cost: 0 }],
      ["band", { band: null }],
      ["band.b", { band: { ...hold.band, b: 1e9 } }],
      ["band.centre", { band: { ...hold.band, centre: 1e-9 } }],
      ["gain", { gain: NaN }],
    ] as [string, Partial<Decision>][]) {
      expect(changes(hold, { ...hold, ...change })).to.deep.equal([field]);
    }
  });
});

describe("recorded strategy", () => {
  it("is made again from what was recorded of it", async () => {
    const choices = [
      [{ name: "optimal-impulse", params: {} }, { riskAversion: 1e-4 }],
      [{ name: "fixed-band", params: { fraction: 0.02 } }, { fraction: 0.02 }],
      [
        { name: "threshold", params: { delta: 5, inner: 1 } },
        { delta: 5, inner: 1 },
      ],
      [{ name: "time", params: { seconds: 3600 } }, { seconds: 3600 }],
      [
        { name: "volatility", params: { fraction: 0.1, reference: 0.6, exponent: -1 } },
        { fraction: 0.1, reference: 0.6, exponent: -1 },
      ],
      [
        { name: "margin", params: { trigger: 1.4, restore: 1.6, delta: 9 } },
        { trigger: 1.4, restore: 1.6, delta: 9 },
      ],
    ] as const;
    for (const [choice, params] of choices) {
      expect(paramsOf(choice, { riskAversion: 1e-4 })).to.deep.equal(params);
      const strategy = await strategyOf(choice.name, params);
      expect(strategy.name).to.equal(choice.name);
      const again = await recordedStrategy(strategy.name, strategy.params);
      expect(again.params)
        .to.deep.equal({ ...params, limits: 1 })
        .and.to.deep.equal(strategy.params);
    }
  });

  it("keeps to the hard limits if the recorded one did, and by its old name did not", async () => {
    // 5 ETH of drift past the limit of 20, and no rule that would have it.
    const input = { ...inputAt(0), hedgeDelta: 80 };
    const decided = async (name: string, params: object) => {
      const { action, reason } = (await recordedStrategy(name, params)).decide(input);
      return [action, reason];
    };
    const [holds, acts] = [
      ["hold", "inside-band"],
      ["rebalance", "delta-limit"],
    ];
    expect(await decided("fixed-band", { fraction: 9 })).to.deep.equal(holds);
    expect(await decided("fixed-band", { fraction: 9, limits: 1 })).to.deep.equal(acts);
    const late = { ...input, lastRebalanceAt: input.timestamp - 60 };
    const clock = await recordedStrategy("clock", { seconds: 61 });
    expect(clock.decide(late)).to.include({ action: "hold", reason: "inside-band" });
    expect(clock.decide({ ...late, timestamp: late.timestamp + 1 })).to.include({ reason: "rule" });
    expect((await recordedStrategy("time", { seconds: 61, limits: 1 })).decide(late)).to.include({
      reason: "delta-limit",
    });
  });

  it("is refused where something is missing, unknown or wrong", async () => {
    const problem = (name: string, params: unknown) => strategyOf(name, params).then(() => "", String);
    expect(await problem("martingale", {})).to.match(/UnknownStrategyError: The strategy martingale/);
    expect(await problem("time", null)).to.match(/params\.seconds/);
    expect(await problem("time", { seconds: -1 })).to.match(/params\.seconds/);
    expect(await problem("optimal-impulse", {})).to.match(/riskAversion is missing/);
    expect(await problem("optimal-impulse", { riskAversion: 1, fraction: 1 })).to.match(/fraction/);
    expect(await problem("time", { seconds: 1, jitter: 0.9 })).to.match(
      /time cannot be made: params\.jitter/,
    );
    expect(await problem("time", { seconds: 1, jitter: 0.1, phase: -1 })).to.match(/params\.phase/);
  });
});

describe("stretch", () => {
  it("is read from ISO times, UTC unless they say otherwise", () => {
    const noon = { time: 1_769_860_800n };
    const { TZ } = process.env;
    process.env["TZ"] = "America/New_York";
    after(() => {
      if (TZ === undefined) delete process.env["TZ"];
      else process.env["TZ"] = TZ;
    });
    for (const text of [
      "2026-01-31T12:00:00Z",
      "2026-01-31T12:00",
      "2026-01-31T12:00:00",
      "2026-01-31T13:00+01:00",
    ]) {
      expect(toPoint(text), text).to.deep.equal(noon);
    }
    expect(toPoint("2026-01-31")).to.deep.equal({ time: noon.time - 43_200n });
    for (const text of ["", "yesterday", "31.1.2026", "-5", "0x10", "2026-13-01", "1e6", "2026"]) {
      if (text === "2026") expect(toPoint(text)).to.deep.equal({ block: 2026n });
      else expect(() => toPoint(text), text).to.throw(/neither a block number nor a time/);
    }
  });
});
