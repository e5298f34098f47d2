import { expect } from "chai";

import { judge, type MeasuredCase } from "../../../keeper/optimum/verdict.ts";
import { report } from "../../../keeper/report/report.ts";
import { numbersByRow, tableOf, textOf } from "../utils/reportPage.ts";

const MADE = { spot: 3000, sigma: 0.6, feeRate: 0.0005, kappa: 0, paths: 50, isTuned: true };

describe("A benchmark's report", () => {
  const caseOf = (book: string, cost: string, own: number, other: number): MeasuredCase => ({
    ...{
      book,
      cost,
      isSingleSign: book !== "butterfly",
      gasUsd: cost === "L2" ? 0.05 : 32,
      riskAversion: 1e-4,
      steps: 1000,
    },
    ...{ optimum: 1000 * own, lot: 0.5 },
    strategies: [
      {
        name: "optimal-impulse",
        title: "Optimal impulse",
        kind: "published",
        params: {},
        excess: own,
        standardError: 0.0002,
        trades: 9,
      },
      {
        name: "leland",
        title: "Leland",
        kind: "published",
        params: {},
        excess: other,
        standardError: 0.02,
        trades: 30,
      },
      {
        name: "leland",
        title: "Leland",
        kind: "tuned",
        params: { seconds: 60 },
        excess: other / 2,
        standardError: 0.003,
        trades: 20,
      },
    ],
  });
  const CASES = [
    caseOf("short-call", "L2", 0.004, 0.8),
    caseOf("butterfly", "L2", 0.013, 1.6),
    caseOf("short-call", "30-gwei", 0.011, 0.4),
    caseOf("butterfly", "30-gwei", 0.019, 0.05),
  ];
  const pageOf = (cases: readonly MeasuredCase[]) =>
    report("bench.json", JSON.stringify({ version: 1, made: MADE, cases, verdict: judge(cases) }));

  it("maps every excess with its error, by strategy and book, at each cost level", () => {
    const page = pageOf(CASES);
    const map = numbersByRow(page, "L2: 0.05 USD a trade, risk aversion 1e-4 per USD");
    expect([...map]).to.deep.equal([
      ["The optimum itself, USD", [4, 13]],
      ["Optimal impulse (the default)", [0.004, 0.013]],
      ["Leland, published", [0.8, 1.6]],
      ["Leland, tuned", [0.4, 0.8]],
    ]);
    const dear = textOf(tableOf(page, "30-gwei: 32.00 USD a trade, risk aversion 1e-4 per USD"));
    expect(dear).to.include("1.10 ± 0.02 %").and.to.include("40 ± 2 %").and.to.include("2.5 ± 0.3 %");
  });

  it("colours by the logarithm of the excess", () => {
    const shades = [
      ...tableOf(pageOf(CASES), "Largest excess of any book and risk aversion").matchAll(
        /class="q(\d)"\s+data-v="([^"]*)"/g,
      ),
    ].map(([, shade, value]) => [Number(value), Number(shade)]);
    expect(shades).to.deep.equal([
      [0.013, 3],
      [0.019, 3],
      [1.6, 7],
      [0.4, 6],
      [0.8, 7],
      [0.2, 5],
    ]);
  });

  it("gives the verdict, met or missed", () => {
    const met = pageOf(CASES);
    expect(textOf(met)).to.match(
      /largest excess is 1\.10 % on books of one sign \(target 1\.2 %\) and 1\.90 % on .*: met\./,
    );
    expect(met)
      .to.include('<div class="verdict">')
      .and.to.include("It is ahead of every other rule in every case, by 0.60");
    const missed = pageOf([...CASES, caseOf("long-call", "L2", 0.05, 0.04)]);
    expect(missed)
      .to.include('<div class="verdict missed">')
      .and.to.include("It is not ahead in every case: leland (tuned)");
  });
});
