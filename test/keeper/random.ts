import { expect } from "chai";

import { Random } from "../../keeper/math/random.ts";

const DRAWS = 20_000;

describe("seeded random numbers", () => {
  it("repeat for a seed and a stream, and for nothing else", () => {
    const draw = (seed: number, stream?: string): number[] => {
      const random = new Random(seed, stream);
      return [random.uniform(), random.normal(), random.uniform()];
    };
    expect(draw(1, "a")).to.deep.equal(draw(1, "a"));
    expect(draw(1, "a")).not.to.deep.equal(draw(1, "b"));
    expect(draw(1, "a")).not.to.deep.equal(draw(2, "a"));
    expect(draw(1)).not.to.deep.equal(draw(1 + 2 ** 32));
  });

  it("are uniform and normal", () => {
    const random = new Random(42);
    const uniform = Array.from({ length: DRAWS }, () => random.uniform());
    expect(Math.min(...uniform) >= 0 && Math.max(...uniform) < 1).to.equal(true);
    for (let decile = 0; decile < 10; decile++) {
      const share = uniform.filter((value) => Math.floor(value * 10) === decile).length / DRAWS;
      expect(share).to.be.within(0.09, 0.11);
    }
    const normal = Array.from({ length: DRAWS }, () => random.normal());
    const moment = (power: number): number => normal.reduce((sum, value) => sum + value ** power, 0) / DRAWS;
    expect(moment(1)).to.be.within(-0.03, 0.03);
    expect(moment(2)).to.be.within(0.96, 1.04);
    expect(moment(4)).to.be.within(2.8, 3.2);
  });
});
