import { expect } from "chai";

import { fitLine, trends, type Quantity, type Sample } from "./trend.ts";

const LIMITS: Readonly<Record<Quantity, number>> = {
  ...{ rss: 2e6, heapUsed: 5e5, external: 5e5 },
  ...{ handles: 1, descriptors: 1 },
};

function samplesOf(change: (block: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 40 }, (_, index) => {
    const block = index * 250;
    const noise = index % 2 === 0 ? 1e5 : -1e5;
    const flat = { rss: 2e8 + noise, heapUsed: 4e7 + noise, external: 1e7, handles: 9, descriptors: 30 };
    return { block, ...flat, ...change(block) };
  });
}

const growing = (change: (block: number) => Partial<Sample>) =>
  trends(samplesOf(change), LIMITS)
    .filter(({ isFlat }) => !isFlat)
    .map(({ quantity }) => quantity);

describe("the trend of a soak", () => {
  it("fits a straight line", () => {
    const { slope, error } = fitLine([
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 7],
    ]);
    expect(Math.abs(slope - 2)).to.be.lessThan(1e-12);
    expect(error).to.be.lessThan(1e-12);
    expect(() => fitLine([[0, 1]])).to.throw(RangeError);
  });

  it("calls noise flat", () => {
    expect(growing(() => ({}))).to.deep.equal([]);
  });

  it("finds a heap that keeps a kilobyte of every block", () => {
    expect(growing((block) => ({ heapUsed: 4e7 + 1024 * block }))).to.deep.equal(["heapUsed"]);
  });

  it("finds a descriptor that is lost now and then", () => {
    expect(growing((block) => ({ descriptors: 30 + Math.floor(block / 500) }))).to.deep.equal([
      "descriptors",
    ]);
  });

  it("does not mind what the start takes", () => {
    expect(growing((block) => ({ rss: 1e8 + Math.min(block, 4000) * 1e4 }))).to.deep.equal([]);
  });
});
