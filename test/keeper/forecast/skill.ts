import { expect } from "chai";

import { pickBySkill, pickFromPast } from "../../../keeper/forecast/pick.ts";
import { challenger, race, usedForecast } from "../../../keeper/forecast/race.ts";
import { compare, qlike, standardError, type Scored, type Skill } from "../../../keeper/forecast/skill.ts";
import { walkForward } from "../../../keeper/forecast/walkForward.ts";
import { Random } from "../../../keeper/math/random.ts";
import { expectNear } from "../../support/near.ts";

const NAMES = { model: "model", naive: "naive", horizon: "1 d" };

function losses(...values: number[]): Scored[] {
  return values.map((loss) => ({ loss, error: Math.sqrt(loss) }));
}

function skillOf(model: string, gain: number, t: number): Skill {
  const rest = { count: 100, loss: 1, rmse: 1, naiveRmse: 1, r2: 0 };
  return {
    model,
    naive: "naive",
    horizon: "1 d",
    naiveLoss: 1 + gain,
    gain,
    gainError: gain / t,
    t,
    ...rest,
  };
}

describe("skill of a forecast", () => {
  it("is the loss it saves, with the standard error of independent outcomes", () => {
    const random = new Random(1);
    const noise = Array.from({ length: 20_000 }, () => random.normal());
    const model = losses(...noise.map((value) => 1 + 0.1 * Math.tanh(value)));
    const skill = compare(NAMES, model, losses(...noise.map(() => 1.5)), 1)!;
    expectNear(skill.gain, 0.5, 0.003);
    const deviation = Math.sqrt(
      noise.reduce((sum, value) => sum + (0.1 * Math.tanh(value)) ** 2, 0) / 20_000,
    );
    expectNear(skill.gainError / (deviation / Math.sqrt(20_000)), 1, 0.25);
    expectNear(skill.r2, 1 - skill.loss / skill.naiveLoss, 1e-12);
  });

  it("is uncertain in proportion to the correlation of its errors", () => {
    const random = new Random(2);
    const phi = 0.9;
    const series = [0];
    for (let i = 1; i < 50_000; i++) series.push(phi * series[i - 1]! + random.normal());
    // The mean of an AR(1) has variance σ²/(1 − φ)²/n.
    expectNear(standardError(series, 10) / (1 / (1 - phi) / Math.sqrt(series.length)), 1, 0.15);
  });

  it("is none for the naive forecast itself, and not told from fewer than 30 outcomes", () => {
    const series = losses(...Array.from({ length: 40 }, (_, i) => i % 7));
    expect(compare(NAMES, series, series, 1)).to.include({ gain: 0, t: 0, r2: 0 });
    expect(compare(NAMES, series.slice(0, 29), series.slice(0, 29), 1)).to.equal(undefined);
  });

  it("takes QLIKE for 0 at the outcome and for worse below than above it", () => {
    expect(qlike(2, 2)).to.equal(0);
    expect(qlike(2, 1)).to.be.above(qlike(2, 4));
  });
});

describe("the choice of a forecast", () => {
  it("is the largest gain among the convincing, else the naive forecast", () => {
    const weak = skillOf("weak", 5, 1.2);
    const good = skillOf("good", 1, 3);
    const better = skillOf("better", 2, 2);
    expect(pickBySkill("naive", [weak, good, better])).to.equal("better");
    expect(pickBySkill("naive", [weak])).to.equal("naive");
    expect(pickBySkill("naive", [])).to.equal("naive");
  });

  it("is made from outcomes that were known: a model that turns good is taken up a horizon later, no sooner", () => {
    const random = new Random(3);
    const [turn, horizon] = [300, 20];
    const naive = losses(...Array.from({ length: 600 }, () => 1));
    const model = losses(
      ...naive.map((_, i) => (i < turn ? 1.2 : 0.1) + 0.05 * Math.abs(Math.tanh(random.normal()))),
    );
    const rule = { horizon, every: 1, minimum: 10, memory: 10 };
    const picks = [...pickFromPast(naive, [model], rule)];
    const first = picks.indexOf(0);
    expect(first).to.be.within(turn + horizon, turn + horizon + 10);
    const changed = model.map((loss, i) => (i > 400 - horizon ? { loss: 9, error: 3 } : loss));
    expect([...pickFromPast(naive, [changed], rule)].slice(0, 401)).to.deep.equal(picks.slice(0, 401));
  });

  it("compares all entrants with the better naive one on the moments they share", () => {
    const moments = Array.from({ length: 100 }, (_, i) => i);
    const entrants = [
      { name: "bad", naive: true as const, values: moments.map(() => 3) },
      { name: "fair", naive: true as const, values: moments.map(() => 2) },
      { name: "model", values: moments.map((i) => (i < 20 ? undefined : 1 + (i % 3) / 100)) },
    ];
    const terms = { horizon: "1 d", steps: 1, every: 10, minimum: 20 };
    const result = race(entrants, terms, (value, moment) =>
      moment === 99 ? undefined : { loss: value ** 2, error: value },
    )!;
    expect(result.naive).to.equal("fair");
    expect(result.skills.map(({ model, count }) => [model, count])).to.deep.equal([
      ["bad", 79],
      ["model", 79],
    ]);
    expect(result.pick).to.equal("model");
    expect(result.next).to.deep.equal({ bad: 3, fair: 2, model: 1 });
    expect(usedForecast(result)).to.deep.equal({ model: "model", value: 1 });
    expect(usedForecast({ ...result, next: { bad: 3, fair: 2 } })).to.deep.equal({ model: "fair", value: 2 });
    expect(usedForecast({ ...result, next: {} })).to.equal(undefined);
  });
});

describe("a learned model", () => {
  const random = new Random(4);
  const errors = Array.from({ length: 400 }, () => random.normal());
  const entrant = (name: string, scale: number) => ({
    name,
    values: errors.map((error) => scale * error + 0.01 * random.normal()),
  });
  const naive = { ...entrant("naive", 3), naive: true as const };
  const terms = { horizon: "1 d", steps: 1, every: 50, minimum: 50 };
  const run = (scale: number) =>
    race([naive, entrant("formula", 1), challenger(entrant("learned", scale))], terms, (error) => ({
      loss: error ** 2,
      error,
    }))!;

  it("is used where it convincingly beats the best formula, the naive forecast alone will not do", () => {
    expect(run(0.8).pick).to.equal("learned");
    expect(run(1).pick).to.equal("formula");
    expect(run(2).pick).to.equal("formula");
    expect(run(2).challenges).to.have.lengthOf(1);
    expect(run(2).challenges[0]).to.include({ model: "learned", naive: "formula" });
    expect([run(0.8).formula, run(2).formula]).to.deep.equal(["formula", "formula"]);
    expect(run(2).skills.find(({ model }) => model === "learned")!.t).to.be.above(1.645);
  });
});

describe("the forecast that is used", () => {
  it("falls back from a learned model to the formula, and from that to the naive one", () => {
    const result = { pick: "learned", formula: "formula", naive: "naive" };
    const used = (next: Record<string, number>) => usedForecast({ ...result, next });
    expect(used({ naive: 1, formula: 2, learned: 3 })).to.deep.equal({ model: "learned", value: 3 });
    expect(used({ naive: 1, formula: 2 })).to.deep.equal({ model: "formula", value: 2 });
    expect(used({ naive: 1 })).to.deep.equal({ model: "naive", value: 1 });
  });
});

describe("walking forward", () => {
  it("fits on outcomes that are known, refits on time and forgets beyond the window", () => {
    const seen: number[][] = [];
    const values = walkForward(
      { name: "", fit: (origins) => (seen.push([...origins]), origins.at(-1)), predict: (fit) => fit },
      { length: 30, horizon: 3, warmUp: 10, refit: 8, window: 6 },
    );
    expect(seen).to.deep.equal([
      [2, 3, 4, 5, 6, 7],
      [10, 11, 12, 13, 14, 15],
      [18, 19, 20, 21, 22, 23],
    ]);
    expect(values[9]).to.equal(undefined);
    expect(values[10]).to.equal(7);
    expect(values[17]).to.equal(7);
    expect(values[18]).to.equal(15);
  });
});
