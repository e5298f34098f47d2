import { expect } from "chai";

import { namedBook } from "../../../keeper/backtest/inputs/namedBooks.ts";
import { makeStrategy, parseStrategyList } from "../../../keeper/backtest/strategyList.ts";
import { InputError } from "../../../keeper/history/inputError.ts";

const context = { riskAversion: 2e-5 };

describe("the strategies of a command line", () => {
  it("are names with parameters, in order; what is not given is the default", () => {
    const choices = parseStrategyList("optimal-impulse, fixed-band:fraction=0.1,time:seconds=3600", context);
    expect(choices.map(({ label }) => label)).to.deep.equal([
      "optimal-impulse",
      "fixed-band:fraction=0.1",
      "time:seconds=3600",
    ]);
    expect(choices.map((choice) => makeStrategy(choice, context).params)).to.deep.equal([
      { riskAversion: 2e-5 },
      { fraction: 0.1 },
      { seconds: 3600 },
    ]);
    const [own] = parseStrategyList("optimal-impulse:riskAversion=0.001", context);
    expect(makeStrategy(own!, context).params).to.deep.equal({ riskAversion: 0.001 });
  });

  for (const [text, message] of [
    ["", /no name/],
    ["time,", /no name/],
    ["time:seconds", /"seconds" is not of the form key=number/],
    ["time:seconds=soon", /not of the form key=number/],
    ["time:seconds=1:seconds=2", /seconds is given twice/],
    ["time:seconds=0", /seconds must be a finite number above 0/],
    ["time:minutes=5", /minutes is no parameter of time/],
    ["hodl", /--strategy hodl: strategy must be one of optimal-impulse, .*crab-v1/],
    ["time,time", /time is listed twice/],
  ] as const)
    it(`refuses "${text}"`, () => {
      expect(() => parseStrategyList(text, context)).to.throw(InputError, message);
    });
});

describe("the standard books", () => {
  it("have a size, a life and strikes relative to spot", () => {
    const book = namedBook("risk-reversal:size=50:days=14");
    expect(book.rolls).to.equal(false);
    expect(book.entries).to.deep.equal([
      { type: "call", strikeRatio: 1.1, quantity: -50, tau: 14 / 365 },
      { type: "put", strikeRatio: 0.9, quantity: 50, tau: 14 / 365 },
    ]);
    expect(namedBook("rolling-weekly")).to.deep.include({ rolls: true });
    expect(namedBook("rolling-weekly").entries.map(({ tau }) => tau)).to.deep.equal([7 / 365, 7 / 365]);
    expect(namedBook("short-put:roll=1").rolls).to.equal(true);
  });

  for (const text of ["short-call:size=0", "short-call:roll=2", "short-call:strike=3000", "short-call:size"])
    it(`refuses ${text}`, () => {
      expect(() => namedBook(text)).to.throw(InputError, /^--book short-call/);
    });
});
