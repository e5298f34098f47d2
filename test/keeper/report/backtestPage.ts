import { expect } from "chai";

import { report } from "../../../keeper/report/report.ts";
import { expectNear } from "../../support/near.ts";
import { dataOf, numbersByRow, tableOf, textOf } from "../utils/reportPage.ts";
import { backtestFile } from "../utils/resultFiles.ts";

const TWO = ["optimal-impulse", "time:seconds=3600"];

describe("A backtest's report", () => {
  const pageOf = (file: unknown) => report("test.json", JSON.stringify(file));

  it("has every strategy's totals as the JSON has them", () => {
    const file = backtestFile({ labels: TWO });
    const table = tableOf(pageOf(file), "Totals");
    const rows = table.split("<tr").slice(2);
    expect(rows).to.have.length(2);
    for (const [index, { label, totals }] of file.runs.entries()) {
      const row = rows[index]!;
      expect(row).to.include(`data-v="${label}"`);
      const shown = [...row.matchAll(/data-v="([^"]*)"\s+data-key="([^"]*)"/g)];
      for (const [, value, key] of shown)
        expect(Number(value), key).to.equal(totals[key as keyof typeof totals]);
      expect(shown.map(([, , key]) => key)).to.include.members([
        "frictionUsd",
        "costUsd",
        "riskUsd",
        "pnlUsd",
      ]);
      expect(textOf(row)).to.include(Math.round(totals.frictionUsd).toLocaleString("en-US"));
    }
    expect(rows[0]).to.match(/^ class="own"/);
  });

  it("says first which strategy had the least friction, and how far the next is behind", () => {
    const file = backtestFile({ labels: TWO });
    const [least, next] = file.runs.toSorted((a, b) => a.totals.frictionUsd - b.totals.frictionUsd);
    const lead = textOf(/<p class="lead">([\s\S]*?)<\/p>/.exec(pageOf(file))![1]!);
    const usd = (value: number) => Math.round(value).toLocaleString("en-US");
    expect(lead).to.match(
      new RegExp(`^${least!.label} had the least friction, ${usd(least!.totals.frictionUsd)} USD: `),
    );
    expect(lead).to.include(`${next!.label} came to ${usd(next!.totals.frictionUsd)} USD, `);
  });

  it("tells every change of the risk state and why, where there is one, and nothing of it where there is none", () => {
    const file = backtestFile({ labels: TWO });
    expect(pageOf(file)).to.not.include("h-risk");
    const why = "realised over implied volatility rose to 3 <b>";
    const change = { from: "normal", to: "defensive", at: 1_722_816_000, why };
    const runs = file.runs.map((run, index) => ({ ...run, risk: index === 1 ? [change] : [] }));
    const rows = tableOf(pageOf({ ...file, runs }), "Changes of the risk state")
      .split("<tr")
      .slice(2);
    expect(rows).to.have.length(1);
    expect(textOf(rows[0]!).replaceAll(/\s+/g, " ")).to.include(
      `2024-08-05 00:00 ${TWO[1]!} normal defensive realised over implied volatility rose to 3`,
    );
    expect(rows[0]).to.include("&lt;b&gt;");
    const calm = file.runs.map((run) => ({ ...run, risk: [] }));
    expect(pageOf({ ...file, runs: calm })).to.include("It never left normal.<");
  });

  it("counts changes of the risk state for each strategy, and says that rules of others have none and no limits", () => {
    const file = backtestFile({ labels: TWO, paths: 2 });
    const change = { from: "normal", to: "cautious", at: 1_722_816_000, why: "gas" };
    const whose = "for the strategies that run live, not for the rules of others";
    const made = { ...file.made, limits: `|drift| 5 ETH; ${whose}`, risk: `defaults; ${whose}` };
    const runs = file.runs.map((run) =>
      run.label === TWO[0] ? { ...run, risk: run.path === 0 ? [change] : [change, change] } : run,
    );
    const page = pageOf({ ...file, made, runs });
    const said = textOf(page).replaceAll(/\s+/g, " ");
    expect(said).to.include(
      `All 3 changes. On average a path: ${TWO[0]} 1.5. The rules of others have no risk state. Higher states`,
    );
    expect(page).to.include(`<dd>${made.limits}</dd>`).and.to.include(`<dd>${made.risk}</dd>`);
    const calm = file.runs.map((run) => (run.label === TWO[0] ? { ...run, risk: [] } : run));
    expect(pageOf({ ...file, runs: calm })).to.include(
      "It never left normal. The rules of others have no risk state.",
    );
  });

  it("averages over paths and gives the error of friction and of the difference", () => {
    const file = backtestFile({ labels: TWO, paths: 5 });
    const page = pageOf(file);
    const of = (label: string) =>
      file.runs.filter((run) => run.label === label).map(({ totals }) => totals.frictionUsd);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const error = (values: readonly number[]) =>
      Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1));
    const [own, other] = TWO.map(of) as [number[], number[]];
    const [, friction] = numbersByRow(page, "Totals").get("optimal-impulse")!;
    expectNear(friction, mean(own), 1e-9);
    expect(page).to.include(`± ${Math.round(error(own)).toLocaleString("en-US")}</td>`);
    const gaps = other.map((value, path) => value - own[path]!);
    expect(textOf(page)).to.include(
      `± ${Math.round(error(gaps)).toLocaleString("en-US")} USD on the same paths`,
    );
    const byPath = numbersByRow(page, "Friction by path, USD");
    expect([...byPath.values()]).to.deep.equal([own, other]);
  });

  it("draws series, bands and trades to five digits", () => {
    const { runs } = backtestFile({ labels: TWO });
    const { strategies, paths } = dataOf(pageOf({ ...backtestFile({ labels: TWO }), runs }));
    expect(strategies).to.deep.equal(TWO);
    const [{ time, spot, gas, runs: drawn }] = paths as [(typeof paths)[number]];
    const five = (value: number | null) => (value === null ? null : Number(value.toPrecision(5)));
    expect({ time, spot, gas }).to.deep.equal({
      time: runs[0]!.series.time,
      spot: runs[0]!.series.spot.map(five),
      gas: runs[0]!.series.gasGwei.map(five),
    });
    for (const [index, { series, trades }] of runs.entries()) {
      expect(drawn[index]).to.deep.equal({
        strategy: index,
        equity: series.equity.map(five),
        drift: series.drift.map(five),
        low: series.low.map(five),
        high: series.high.map(five),
        marks: trades.map((one) => [one.time, five(one.before), five(one.after)]),
      });
    }
  });

  it("places strategies by cost and risk, and rings the default", () => {
    const file = backtestFile({ labels: [...TWO, "leland", "crab-v1"] });
    const page = pageOf(file);
    const plot = page.slice(page.indexOf("Cost against risk"), page.indexOf("Cost against tracking"));
    const marks = [...plot.matchAll(/transform="translate\((\S+) (\S+)\)"\s+data-label="([^"]*)"/g)].map(
      ([, x, y, label]) => ({
        label: label!,
        x: Number(x),
        y: Number(y),
      }),
    );
    const totals = new Map(file.runs.map((run) => [run.label, run.totals]));
    const byCost = marks.toSorted((a, b) => a.x - b.x).map(({ label }) => totals.get(label)!.costUsd);
    const byRisk = marks.toSorted((a, b) => b.y - a.y).map(({ label }) => totals.get(label)!.riskUsd);
    expect(marks).to.have.length(4);
    expect(byCost).to.deep.equal(byCost.toSorted((a, b) => a - b));
    expect(byRisk).to.deep.equal(byRisk.toSorted((a, b) => a - b));
    expect(plot.match(/class="ring"/g)).to.have.length(1);
  });

  it("maps friction by the parameters of a sweep, and P&L by month to the whole", () => {
    const labels = [1, 2].flatMap((width) =>
      [10, 20, 30].map((age) => `fixed-band:fraction=${String(width)}:age=${String(age)}`),
    );
    const file = backtestFile({ labels });
    const page = pageOf(file);
    const map = numbersByRow(page, "Friction of fixed-band by fraction and age, USD");
    const friction = (label: string) => file.runs.find((run) => run.label === label)!.totals.frictionUsd;
    for (const age of [10, 20, 30])
      expect(map.get(String(age))).to.deep.equal(
        [1, 2].map((width) => friction(`fixed-band:fraction=${String(width)}:age=${String(age)}`)),
      );
    const months = numbersByRow(page, "P&amp;L by month, USD");
    for (const { label, series } of file.runs) {
      const gains = months.get(label)!;
      expect(gains).to.have.length(12);
      expectNear(
        gains.reduce<number>((sum, gain) => sum + gain!, 0),
        series.equity.at(-1)! - series.equity[0]!,
        1e-6,
      );
    }
  });

  it("lists the dearest trades and says how many it leaves out", () => {
    const file = backtestFile({ labels: TWO, trades: 400 });
    const page = pageOf({
      ...file,
      runs: file.runs.map((run) => ({ ...run, totals: { ...run.totals, trades: 450 } })),
    });
    expect(textOf(page)).to.include(
      "The 500 dearest of 800 recorded trades; 100 more were made but not recorded: 400 left out here.",
    );
    const costs = file.runs.flatMap(({ trades }) =>
      trades.map(({ gasUsd, feeUsd, impactUsd }) => gasUsd + feeUsd + impactUsd),
    );
    const rows = tableOf(page, "Trades").split("<tr").slice(2);
    expect(rows).to.have.length(500);
    const shown = rows.map((row) => Number([...row.matchAll(/<td data-v="([^"]*)"/g)][7]![1]));
    expect(shown.toSorted((a, b) => b - a)).to.deep.equal(costs.toSorted((a, b) => b - a).slice(0, 500));
  });

  it("takes a result without series or trades", () => {
    const page = pageOf(backtestFile({ labels: TWO, paths: 3, detailed: 0 }));
    expect(page).to.include("No trades were recorded.");
    expect(page).to.not.include('id="equity"');
    expect([...numbersByRow(page, "Friction by path, USD").keys()]).to.deep.equal(TWO);
  });

  it("stays under two megabytes for a year of many strategies, and says what it thinned", () => {
    const labels = Array.from({ length: 30 }, (_, index) => `time:seconds=${String(index)}`);
    const file = backtestFile({ labels, paths: 3, detailed: 3, points: 2000, trades: 2000 });
    const page = pageOf(file);
    expect(page.length).to.be.lessThan(2_000_000);
    expect(textOf(page)).to.match(
      /first 24 of 30 strategies.*Lines are drawn from every \w+ sample.*first \d+ trades/,
    );
    expect(dataOf(page).strategies).to.have.lengthOf(24);
    const [{ time }] = dataOf(page).paths as unknown as [{ time: readonly number[] }];
    expect([time[0], time.at(-1)]).to.deep.equal([
      file.runs[0]!.series.time[0],
      file.runs[0]!.series.time.at(-1),
    ]);
  });
});
