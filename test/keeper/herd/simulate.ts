import { expect } from "chai";

import { DAY_MOVE_EACH, GAMMA_EACH, impactPerEth } from "../../../keeper/herd/book.ts";
import { LEVERAGE } from "../../../keeper/herd/experiments.ts";
import { BLOCKS_PER_DAY, BLOCKS_PER_HOUR, withShock } from "../../../keeper/herd/fundamental.ts";
import { estimateOf, measuresOf } from "../../../keeper/herd/measures.ts";
import type { RuleName } from "../../../keeper/herd/rule.ts";
import { simulatePath, type Setting } from "../../../keeper/herd/simulate.ts";
import { expectNear } from "../../support/near.ts";
import { AGENTS, calmPath, herdSetting, simulate } from "../utils/herdSetting.ts";

const RULES: readonly RuleName[] = ["threshold", "optimal", "clock"];
const PATHS = 5;

/** Mean and standard error of a measure over paths. */
function over(setting: Setting, measure: keyof ReturnType<typeof measuresOf>) {
  const values = Array.from(
    { length: PATHS },
    (_, path) => measuresOf(simulate(setting, path), AGENTS)[measure],
  );
  const { mean, se } = estimateOf(values);
  return { mean: mean!, se: se! };
}

describe("a herd in its market", function () {
  this.timeout(20_000);

  it("leaves the fundamental as it is when nobody hedges, and when hedging has no impact", () => {
    for (const setting of [
      herdSetting(null, { liquidity: "leaves" }),
      ...RULES.map((rule) =>
        herdSetting(rule, { gain: 0, phases: "spread", liquidity: "leaves", leverage: LEVERAGE }),
      ),
    ]) {
      const record = simulate(setting);
      expect(record.hours).to.deep.equal(record.fundamental);
      expect(measuresOf(record, AGENTS).volatilityRatio).to.equal(1);
    }
    expect(simulate(herdSetting("threshold", { gain: 0 })).trades).to.be.above(0);
  });

  it("accounts for every ETH of drift, and for every move of the price", () => {
    for (const rule of RULES)
      for (const shortShare of [1, 0.25]) {
        const setting = herdSetting(rule, { shortShare, widths: 0.3, redraw: 0.3 });
        const fundamental = calmPath();
        const { flow, drifts, end } = simulate(setting, 0, fundamental);
        // All began hedged at a log price of 0: drift is what the books moved, less what was traded.
        const books = AGENTS * (1 - 2 * shortShare) * GAMMA_EACH * end;
        const sum = drifts.reduce((all, drift) => all + drift, 0);
        expectNear(sum, books + flow, 1e-6);
        expectNear(end - fundamental.at(-1)!, impactPerEth(0.3, AGENTS) * flow, 1e-12);
      }
  });

  it("accounts for hedges that are closed by force, and for their return", () => {
    const at = 1.5 * BLOCKS_PER_DAY;
    const fallen = withShock(calmPath(0, 4), { at, blocks: BLOCKS_PER_HOUR, size: -0.15 });
    const leverage = { ...LEVERAGE, share: 1, farthest: 0.1 };
    const setting = herdSetting("threshold", { gain: 0.02, leverage, phases: "same" });
    const closedBy = (blocks: number) => simulate(setting, 0, fallen.slice(0, blocks + 1));
    for (const record of [closedBy(at + 4 * BLOCKS_PER_HOUR), closedBy(5 * BLOCKS_PER_DAY)]) {
      const { flow, drifts, end, liquidations } = record;
      expect(liquidations).to.be.within(AGENTS / 4, AGENTS);
      expectNear(
        drifts.reduce((all, drift) => all + drift, 0),
        -AGENTS * GAMMA_EACH * end + flow,
        1e-6,
      );
    }
    const unhedged = (blocks: number) =>
      closedBy(blocks).drifts.filter((drift) => Math.abs(drift) > 1.5 * DAY_MOVE_EACH).length;
    expect(unhedged(at + 4 * BLOCKS_PER_HOUR)).to.equal(closedBy(at + 4 * BLOCKS_PER_HOUR).liquidations);
    // All are back after a day and a half.
    expect(unhedged(5 * BLOCKS_PER_DAY)).to.equal(0);
  });

  it("happens again with the same seed, and otherwise with another", () => {
    const setting = herdSetting("optimal", {
      phases: "spread",
      redraw: 0.3,
      liquidity: "leaves",
      leverage: LEVERAGE,
    });
    expect(simulate(setting)).to.deep.equal(simulate(setting));
    const other = simulatePath(setting, calmPath(), { seed: 2, path: 0, warmUp: BLOCKS_PER_DAY });
    expect(other.hours).not.to.deep.equal(simulate(setting).hours);
  });

  it("amplifies volatility short of gamma and damps it long of it, beyond the error of the estimate", () => {
    for (const rule of ["threshold", "optimal"] as const) {
      const short = over(herdSetting(rule, { phases: "spread" }), "volatilityRatio");
      const long = over(herdSetting(rule, { phases: "spread", shortShare: 0 }), "volatilityRatio");
      expect(short.mean - 3 * short.se, rule).to.be.above(1);
      expect(long.mean + 3 * long.se, rule).to.be.below(1);
    }
  });

  it("sends all of it in one minute when in step, and a fraction when spread", () => {
    for (const rule of RULES) {
      const inStep = over(herdSetting(rule), "largestFlow");
      const spread = over(herdSetting(rule, { phases: "spread", widths: 0.3 }), "largestFlow");
      expect(spread.mean + 3 * spread.se, rule).to.be.below(inStep.mean - 3 * inStep.se);
    }
    expectNear(over(herdSetting("threshold"), "largestFlow").mean, 1.02, 0.03);
  });

  it("gets out of step by itself when each trade is of its own size", () => {
    const inStep = over(herdSetting("optimal"), "largestFlow");
    const redrawn = over(herdSetting("optimal", { redraw: 0.3 }), "largestFlow");
    expect(redrawn.mean + 3 * redrawn.se).to.be.below(inStep.mean / 2);
  });

  it("cascades where feedback is strong: more are closed by force, and the market breaks", () => {
    const fallen = withShock(calmPath(0, 2), {
      at: 1.5 * BLOCKS_PER_DAY,
      blocks: BLOCKS_PER_HOUR,
      size: -0.1,
    });
    const at = (gain: number) =>
      simulate(herdSetting("threshold", { gain, leverage: LEVERAGE, liquidity: "leaves" }), 0, fallen);
    const [none, some, strong] = [at(0), at(0.15), at(0.9)];
    expect(none.liquidations).to.be.above(0);
    expect(some.liquidations).to.be.above(none.liquidations);
    expect([none.broke, some.broke, strong.broke]).to.deep.equal([false, false, true]);
    expect(Number.isNaN(measuresOf(strong, AGENTS).volatilityRatio)).to.equal(true);
  });

  it("pushes the price down with a fall, in step farther than spread", () => {
    const watch = 1.5 * BLOCKS_PER_DAY;
    const fallen = withShock(calmPath(0, 2), { at: watch, blocks: BLOCKS_PER_HOUR, size: -0.1 });
    const pushed = (setting: Setting): number =>
      measuresOf(simulatePath(setting, fallen, { seed: 1, path: 0, warmUp: BLOCKS_PER_DAY, watch }), AGENTS)
        .overshoot;
    const transient = { gain: 0.2, permanentShare: 0, liquidity: "leaves" } as const;
    expect(pushed(herdSetting(null, transient))).to.equal(0);
    const spread = pushed(herdSetting("threshold", { ...transient, phases: "spread", widths: 0.3 }));
    expect(spread).to.be.above(0.001);
    expect(pushed(herdSetting("threshold", transient))).to.be.above(1.5 * spread);
  });

  it("keeps still during a pause", () => {
    const blocks = 24 * BLOCKS_PER_HOUR;
    const paused = simulate(herdSetting("threshold", { pause: { blocks, below: 2 }, redraw: 0.3 }));
    const unpaused = simulate(herdSetting("threshold", { redraw: 0.3 }));
    expect(paused.trades).to.be.within(1, unpaused.trades - 1);
    expect(paused.trades).to.be.at.most((AGENTS * (paused.hours.length - 1)) / 24 + AGENTS);
    const thin = simulate(herdSetting("threshold", { pause: { blocks, below: 0.5 }, redraw: 0.3 }));
    expect(thin.hours).to.deep.equal(unpaused.hours);
  });
});
