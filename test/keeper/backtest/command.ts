import { expect } from "chai";
import { readFileSync } from "node:fs";

import type { BacktestFile } from "../../../keeper/backtest/result.ts";
import { expectNear } from "../../support/near.ts";
import { recordedData } from "../../support/recordedData.ts";
import { runCli } from "../utils/runCli.ts";
import { scratch } from "../utils/scratch.ts";

const MODEL = ["--model", "gbm", "--days", "3", "--strategy", "optimal-impulse,time:seconds=43200"];

/** Of hours: what is refused is refused before. */
const LONG = ["--model", "gbm", "--days", "3650", "--paths", "1000", "--strategy", "time"];
const cannotBeWritten = (flag: string) =>
  new RegExp(`^backtest: --${flag} /dev/null/x[^\\n]* cannot be written: [^\\n]+\\n$`);

describe("keeper backtest", function () {
  this.timeout(60_000);
  const files = scratch();
  const backtest = (args: readonly string[], env = {}) =>
    runCli(["backtest", ...args], "", { DATABASE_URL: "", ...env });

  it("prints a table, and writes JSON and CSV that agree with it", async () => {
    const json = files.at("out.json");
    const { code, stdout, stderr } = await backtest([...MODEL, "--json", json, "--csv", files.at("csv")]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    const { version, made, runs } = JSON.parse(readFileSync(json, "utf8")) as BacktestFile;
    expect(version).to.equal(1);
    expect(made).to.deep.include({
      from: "2025-01-01T00:00:00Z",
      to: "2025-01-04T00:00:00Z",
      step: 60,
      check: 300,
    });
    expect(runs.map(({ label, path }) => [label, path])).to.deep.equal([
      ["optimal-impulse", 0],
      ["time:seconds=43200", 0],
    ]);
    const [, timed] = runs as [unknown, (typeof runs)[number]];
    expect(timed.strategy).to.deep.equal({ name: "time", params: { seconds: 43_200 } });
    expect(timed.totals.trades).to.equal(5);
    expect(timed.trades).to.have.length(5);
    expect(timed.series.time).to.have.length(1441);
    expect(stdout).to.match(/│ time:seconds=43200 +│ +5 │/);
    const read = (name: string) =>
      readFileSync(files.at(`csv/${name}.csv`), "utf8")
        .trim()
        .split("\n");
    expect([read("totals").length, read("trades").length, read("series").length]).to.deep.equal([
      3,
      1 + runs.reduce((sum, { trades }) => sum + trades.length, 0),
      1 + 2 * 1441,
    ]);
    expect(read("trades").at(-1)!.split(",").slice(0, 2)).to.deep.equal(["time:seconds=43200", "0"]);
  });

  it("prints the same JSON alone with --json -, however many work on it, and again from what it kept", async () => {
    const args = [...MODEL, "--paths", "3", "--points", "20", "--json", "-"];
    const [one, three] = await Promise.all([
      backtest([...args, "--workers", "1", "--state", files.at("state")]),
      backtest([...args, "--workers", "3"]),
    ]);
    expect([one.code, three.code]).to.deep.equal([0, 0]);
    expect(one.stdout).to.equal(three.stdout);
    expect((JSON.parse(one.stdout) as BacktestFile).runs).to.have.length(6);
    const again = await backtest([...args, "--state", files.at("state")]);
    expect(again).to.deep.equal({ code: 0, stdout: one.stdout, stderr: "" });
  });

  const REFUSED = [
    ["no strategy", ["--model", "gbm"], /^backtest: --strategy is needed\n$/],
    [
      "an unknown strategy",
      ["--model", "gbm", "--strategy", "hodl"],
      /^backtest: --strategy hodl: strategy must be one of [^\n]*\n$/,
    ],
    ["no prices", ["--strategy", "time"], /^backtest: either --prices or --model is needed\n$/],
    [
      "a file that is not there",
      ["--prices", "no.csv", "--strategy", "time"],
      /^backtest: --prices no.csv does not exist\n$/,
    ],
    [
      "an unknown book",
      ["--model", "gbm", "--strategy", "time", "--book", "moon"],
      /^backtest: --book moon does not exist, and is no standard book\n$/,
    ],
    [
      "a check between steps",
      ["--model", "gbm", "--strategy", "time", "--check", "90"],
      /^backtest: --check 90 is not a whole number of --step 60\n$/,
    ],
    ["a worker without a database", ["--worker"], /^backtest: --worker needs PostgreSQL in DATABASE_URL\n$/],
    ["a number that is none", ["--fee-rate", "low"], /^error: [^\n]+\n$/],
    [
      "ages",
      ["--model", "gbm", "--days", "1e12", "--strategy", "time"],
      /^error: [^\n]*--days[^\n]*36500\.\n$/,
    ],
    ["a price of nothing", ["--spot", "1e300"], /^error: [^\n]*--spot[^\n]*at most 1000000000\.\n$/],
    ["a volatility of nothing", ["--sigma", "1e6"], /^error: [^\n]*--sigma[^\n]*at most 10\.\n$/],
    [
      "a book beyond numbers",
      ["--model", "gbm", "--strategy", "time", "--book", "short-call:size=1e200"],
      /^backtest: --book short-call:size=1e200: size must be at most 1000000000\n$/,
    ],
    [
      "more prices than memory",
      ["--model", "gbm", "--days", "36500", "--step", "1", "--check", "1", "--strategy", "time"],
      /^backtest: --step 1 makes 3153600000 prices, at most 300000000 can be played\n$/,
    ],
    [
      "less volatility than jumps have",
      ["--model", "jumps", "--sigma", "0.1", "--strategy", "time"],
      /^backtest: --sigma 0.1 is less than jumps alone have: 0.16\n$/,
    ],
    ["JSON that cannot be written", [...LONG, "--json", "/dev/null/x"], cannotBeWritten("json")],
    ["a table that cannot", [...LONG, "--csv", "/dev/null/x.csv"], cannotBeWritten("csv")],
    [
      "tables that cannot",
      [...LONG, "--csv", "/proc/x"],
      /^backtest: --csv \/proc\/x cannot be made: [^\n]+\n$/,
    ],
    ["a report that cannot", [...LONG, "--report", "/dev/null/x"], cannotBeWritten("report")],
  ] as const;

  it("takes bad input in one line, exit code 2 and nothing on standard output", async () => {
    const answers = await Promise.all(
      REFUSED.map(async ([what, args]) => ({ what, ...(await backtest(args)) })),
    );
    for (const [index, { what, code, stdout, stderr }] of answers.entries()) {
      expect({ code, stdout }, what).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr, what).to.match(REFUSED[index]![2]);
    }
  });

  it("plays the crash of November 2022 on recorded data", async function () {
    const json = files.at("out.json");
    const { code, stderr } = await backtest([
      ...["--prices", recordedData(this, "eth_usd_1h.csv.gz"), "--from", "2022-11-07", "--to", "2022-11-11"],
      ...[
        "--dvol",
        recordedData(this, "eth_dvol_1h.csv.gz"),
        "--gas",
        recordedData(this, "gas_daily_etherscan.csv.gz"),
      ],
      ...["--strategy", "optimal-impulse,periodic,band-to-edge", "--book", "rolling-weekly", "--json", json],
    ]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    const { runs } = JSON.parse(readFileSync(json, "utf8")) as BacktestFile;
    const [best, ...others] = runs.map(({ totals }) => totals);
    for (const other of others) expect(best!.frictionUsd).to.be.lessThan(other.frictionUsd);
    for (const { totals, series } of runs) {
      expectNear(totals.pnlUsd, totals.optionUsd + totals.hedgeUsd - totals.costUsd, 1e-6);
      expect(Math.max(...series.spot)).to.be.within(1580, 1620);
      expect(Math.min(...series.spot)).to.be.within(1070, 1140);
    }
  });
});
