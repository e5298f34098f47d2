import { expect } from "chai";

import { pricePath } from "../../../keeper/backtest/pricePath.ts";
import type { ModelPrices } from "../../../keeper/backtest/scenario.ts";
import { ETHER } from "../../../keeper/history/heston.ts";
import { SECONDS_PER_YEAR } from "../../../keeper/math/units.ts";
import { expectNear } from "../../support/near.ts";
import { DAY, START } from "../utils/backtestScenarios.ts";

const VOLATILITY = 0.65;
const YEAR = 365;
const MODELS = ["gbm", "heston", "jumps"] as const;

const returnsOf = (
  model: ModelPrices["model"],
  { seconds = YEAR * DAY, step = 300, seed = 1, path = 0 } = {},
) => {
  const world: ModelPrices = {
    kind: "model",
    model,
    start: START,
    seconds,
    spot: 3000,
    volatility: VOLATILITY,
  };
  const { prices } = pricePath(world, step, seed, path);
  return Array.from(prices.subarray(1), (price, index) => Math.log(price / prices[index]!));
};
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
const squares = (values: readonly number[]) => sum(values.map((value) => value * value));

/** Realised variances of each day. */
const byDay = (returns: readonly number[]) =>
  Array.from({ length: YEAR }, (_, day) => squares(returns.slice(day * 288, (day + 1) * 288)) * YEAR);

describe("prices that are made up", () => {
  for (const model of MODELS)
    it(`have the volatility asked for, and no drift: ${model}`, () => {
      // A year of Heston is a few dozen of the half-lives of its variance.
      const years = Array.from({ length: 12 }, (_, path) => squares(returnsOf(model, { step: 900, path })));
      expectNear(Math.sqrt(sum(years) / years.length), VOLATILITY, model === "heston" ? 0.02 : 0.005);
      // Jumps fall by a quarter a year where nothing makes up for them: seven of these errors. Heston's minutes take their time.
      const seconds = model === "heston" ? 30 * DAY : YEAR * DAY;
      const ends = Array.from({ length: 500 }, (_, path) =>
        Math.exp(sum(returnsOf(model, { seconds, step: 21_600, path }))),
      );
      const mean = sum(ends) / ends.length;
      const error = Math.sqrt(squares(ends.map((end) => end - mean))) / ends.length;
      expect(Math.abs(mean - 1)).to.be.below(3 * error);
    });

  it("swing in volatility under Heston alone, against the price", () => {
    const spreadOf = (model: ModelPrices["model"]) => {
      const days = byDay(returnsOf(model));
      const mean = sum(days) / days.length;
      return Math.sqrt(squares(days.map((day) => day - mean)) / days.length) / mean;
    };
    // Of a sum of 288 squares of normal numbers it is the root of 2/288.
    expectNear(spreadOf("gbm"), Math.sqrt(2 / 288), 0.02);
    expect(spreadOf("heston")).to.be.above(0.4);
    const returns = returnsOf("heston");
    const days = byDay(returns);
    let together = 0;
    let [prices, variances] = [0, 0];
    for (let day = 1; day < YEAR; day++) {
      const move = sum(returns.slice(day * 288, (day + 1) * 288));
      const change = Math.sqrt(days[day]!) - Math.sqrt(days[day - 1]!);
      together += move * change;
      prices += move * move;
      variances += change * change;
    }
    expect(together / Math.sqrt(prices * variances)).to.be.below(-0.05);
  });

  it("jump as often as said under jumps, and never under the others", () => {
    const far = (model: ModelPrices["model"]) => {
      const limit = 6 * VOLATILITY * Math.sqrt(300 / SECONDS_PER_YEAR);
      return returnsOf(model).filter((move) => Math.abs(move) > limit).length;
    };
    // Two thirds of the jumps go farther than that.
    expect(far("jumps")).to.be.within(ETHER.jumpRate / 3, ETHER.jumpRate);
    expect(far("gbm")).to.equal(0);
  });

  it("repeat for seed and path, and are others for others", () => {
    for (const model of MODELS) {
      const of = (seed: number, path: number) => returnsOf(model, { seconds: DAY, seed, path });
      expect(of(1, 3)).to.deep.equal(of(1, 3));
      expect(of(1, 3)).to.not.deep.equal(of(1, 4));
      expect(of(1, 3)).to.not.deep.equal(of(2, 3));
    }
  });
});
