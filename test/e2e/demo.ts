import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import type { DemoReport, RunReport } from "../../scripts/demo/report.ts";
import { payout } from "../../scripts/demo/terms.ts";
import { recordedData } from "../support/recordedData.ts";
import { writeTable } from "../market/support/tableFile.ts";
import { atMost, Command, killAll, run, type Outcome } from "./support/command.ts";

const SCRIPT = "scripts/demo/main.ts";
/** What both depositors bring, USDC. */
const DEPOSITS = 5_000_000;
/** The shortest path. On this seed it moves enough for hedging to matter. */
const SHORT = ["--hours", "8", "--seed", "8"];

interface Played extends Outcome {
  /** The bytes of the report. */
  readonly json: string;
  readonly report: DemoReport;
}

describe("npm start", function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), "keel-demo-"));
  let reports = 0;
  const newReport = () => join(directory, `report${String(++reports)}.json`);
  const hasTerminal = spawnSync("script", ["--version"]).status === 0;
  const inTurn = atMost(2);
  let short: Promise<Played>;
  let again: Promise<Played & Partial<Terminal>>;
  let other: Promise<Played>;
  let drained: Promise<Played>;

  async function play(args: readonly string[]): Promise<Played> {
    const file = newReport();
    return played(await run(SCRIPT, [...args, "--json", file]), file);
  }

  before(() => {
    // Two at a time: the machine may have no more cores.
    short = inTurn(() => play(SHORT));
    again = inTurn(() => (hasTerminal ? playOnTerminal(SHORT, newReport()) : play(SHORT)));
    drained = inTurn(() => play([...SHORT, "--drain"]));
    other = inTurn(() => play([...SHORT.slice(0, 2), "--seed", "2"]));
    for (const each of [short, again, other, drained]) each.catch(() => undefined);
  });

  after(() => {
    killAll();
    rmSync(directory, { recursive: true, force: true });
  });

  it("tells its story and ends with 0 where standard output is no terminal", async () => {
    const { stdout, stderr, report } = await short;
    expect(stderr).to.equal("");
    expect(stdout).to.match(/^ *[\d.]+ s .* 1  first$/m);
    for (const { title } of report.runs) expect(stdout).to.contain(title);
    expect(stdout).to.contain(`Keel re-hedged ${String(report.runs[0]!.rebalances)} times`);
    for (const line of stdout.split("\n")) expect(line.length, line).to.be.at.most(100);
  });

  it("plays the path under Keel, a fixed band and a clock, block by block", async () => {
    const { report } = await short;
    expect(report.runs.map(({ title }) => title)).to.deep.equal(["Keel", "5 % band", "24 h clock"]);
    expect(report.end - report.start).to.equal(8 * 3600);
    for (const each of report.runs) {
      expect(each.rebalancedAt).to.have.length(each.rebalances);
      // Every block is a hold, a refusal or a transaction; only a block that waits for one is none of them, and what is sent
      // at the last block, which is taken back.
      const sent = each.rebalances + each.reverted;
      expect(each.holds + each.blocked + sent).to.be.within(8 * 61 - 1, 8 * 61);
      expect(each.cost.total).to.equal(each.cost.gas + each.cost.fee + each.cost.slippage);
      expect(each.equity.map(({ timestamp }) => timestamp).slice(0, 8)).to.deep.equal(
        Array.from({ length: 8 }, (_, hour) => report.start + hour * 3600),
      );
      // The short, once opened, keeps its distance from liquidation.
      expect(each.lowestHealth ?? Infinity).to.be.greaterThan(1.3);
    }
    const [keel] = report.runs;
    expect(keel!.rebalances).to.be.greaterThan(5);
    expect(keel!.driftAfter).to.be.lessThan(keel!.driftBefore / 2);
    expect(keel!.cost.gas).to.be.greaterThan(0);
    expect(keel!.hedged.hourlyDeviation).to.be.lessThan(0.6 * keel!.unhedged.hourlyDeviation);
    // Without its hedge the vault is the same vault, whoever hedges it.
    for (const each of report.runs) {
      expect(Math.abs(each.unhedged.pnl - keel!.unhedged.pnl)).to.be.lessThan(0.01);
    }
  });

  it("pays every holder what the terms promise, to the unit", async () => {
    expectPaid((await short).report);
  });

  it("repeats a run to the byte", async () => {
    expect((await again).json).to.equal((await short).json);
  });

  it("plays another path with another seed", async () => {
    const [first, second] = await Promise.all([short, other]);
    expectPaid(second.report);
    const prices = ({ report }: Played) =>
      report.runs[0]!.claims.map(({ settlementPrice }) => settlementPrice);
    expect(prices(second)).to.not.deep.equal(prices(first));
    expect(second.report.runs[0]!.rebalancedAt).to.not.deep.equal(first.report.runs[0]!.rebalancedAt);
  });

  it("survives a pool without an arbitrageur and nine tenths of its liquidity", async () => {
    const { report, stdout, stderr } = await drained;
    expect(stderr).to.equal("");
    expect(stdout).to.contain("the arbitrageur and 90 % of the pool's liquidity leave");
    expect(report.drain).to.equal(true);
    expectPaid(report);
    const drainedAt = report.start + (report.end - report.start) / 4;
    const [keel] = report.runs;
    expect(keel!.rebalancedAt.some((moment) => moment > drainedAt)).to.equal(true);
    // Of the refusals the reader is told why.
    expect(keel!.beyondLimit).to.be.greaterThan(0);
    expect(stdout.replaceAll(/\s+/g, " ")).to.contain(
      "The drained pool could fill nothing within the vault's 1 % limit around the oracle price in " +
        `${String(keel!.beyondLimit)} blocks under Keel`,
    );
    for (const { blocked, refusals } of report.runs) {
      expect(refusals.reduce((sum, { blocks }) => sum + blocks, 0)).to.equal(blocked);
    }
    for (const { nav, redeemed } of report.runs) {
      expect(nav).to.be.within(0.99 * DEPOSITS, 1.01 * DEPOSITS);
      // Nobody takes the pool back to the market, so its last minute lies outside the box and exit at once is closed.
      expect(redeemed).to.equal(0);
    }
  });

  it("stays up after the table on a terminal, serves the chain, and ends with 0 at Ctrl-C", async function () {
    if (!hasTerminal) {
      console.log("      skipped: no `script` of util-linux to make a terminal with");
      this.skip();
    }
    const { chainId, secondsToEnd, stdout } = await again;
    expect(stdout).to.contain("holders paid to the unit");
    expect(chainId).to.equal("0x7a69");
    expect(secondsToEnd).to.be.lessThan(5);
  });

  it("hedges through the crash of 2023-08-17", async function () {
    const prices = recordedData(this, "eth_usd_1h.csv.gz");
    const dvol = recordedData(this, "eth_dvol_1h.csv.gz");
    const gas = recordedData(this, "gas_daily_etherscan.csv.gz");
    const { report, stdout } = await play([
      ...["--prices", prices, "--from", "2023-08-17T20:00", "--to", "2023-08-18T04:00"],
      ...["--dvol", dvol, "--gas", gas],
    ]);
    expect(report.sources).to.deep.include({ volatility: dvol, baseFee: gas });
    expect(stdout).to.contain("2023-08-17T20:00:00Z to 2023-08-18T04:00:00Z");
    expectPaid(report);
    const crash = (time: string) => Date.parse(`2023-08-17T${time}Z`) / 1000;
    const hedges = report.runs[0]!.rebalancedAt.filter((at) => at >= crash("21:40") && at <= crash("22:00"));
    expect(hedges).to.have.length.greaterThan(0);
  });

  describe("says in one line what it cannot play, with exit code 2", () => {
    const HEADER = "ts,open,high,low,close";
    const START = 1_700_000_000 - (1_700_000_000 % 3600);
    const hour = (index: number, prices = "100,101,99,100") => `${String(START + index * 3600)},${prices}`;
    const hours = Array.from({ length: 12 }, (_, index) => hour(index));
    const good = () => writeTable([HEADER, ...hours]);
    const levels = (level: string) => writeTable([HEADER, ...hours.map((_, index) => hour(index, level))]);

    const cases: readonly (readonly [what: string, args: () => readonly string[], message: RegExp])[] = [
      ["a missing file", () => ["--prices", "/none.csv"], /^--prices \/none\.csv does not exist$/],
      ["a folder", () => ["--prices", "/"], /^--prices \/ cannot be read: /],
      [
        "wrong columns",
        () => ["--prices", writeTable(["time,price", "1,2"])],
        /^--prices \S+ has no column ts; its columns are time, price$/,
      ],
      [
        "a gap",
        () => ["--prices", writeTable([HEADER, ...hours.slice(0, 5), ...hours.slice(6)])],
        /^--prices \S+ row 7: a gap: ts is 7200 s after the row above, expected 3600$/,
      ],
      [
        "a price of 0",
        () => ["--prices", writeTable([HEADER, ...hours.slice(0, 11), hour(11, "100,101,0,100")])],
        /^--prices \S+ row 13: low 0 is not above 0$/,
      ],
      [
        "dates outside the file",
        () => ["--prices", good(), "--from", "2024-01-01"],
        /^--from 2024-01-01 is outside the file: \S+ has \S+ to \S+$/,
      ],
      [
        "a date that is none",
        () => ["--prices", good(), "--from", "2023-02-30"],
        /^--from 2023-02-30: expected a day YYYY-MM-DD or an ISO datetime$/,
      ],
      [
        "an end before the start",
        () => ["--prices", good(), "--from", "2023-11-15", "--to", "2023-11-14T12:00"],
        /^--to 2023-11-14T12:00 is not after --from 2023-11-15$/,
      ],
      ["a date without prices", () => ["--from", "2023-11-15"], /^--from needs --prices$/],
      [
        "a volatility file of another time",
        () => ["--dvol", writeTable([HEADER, ...hours])],
        /^--dvol \S+ has \S+ to \S+, needed are \S+ to \S+$/,
      ],
      ["a gas file without gas", () => ["--gas", good()], /^--gas \S+ has neither the columns .*$/],
      ["no path", () => ["--hours", "0"], /^--hours: 0 hours cannot be played, .*$/],
      [
        "a path beyond memory",
        () => ["--hours", "999999999"],
        /^--hours: 999999999 hours cannot be played, .*$/,
      ],
      ["too short a path", () => ["--hours", "7"], /^--hours: 7 hours cannot be played, .*$/],
      [
        "a longer path than any series",
        () => ["--hours", "900"],
        /^--hours: 900 hours cannot be played, .*$/,
      ],
      ["an unknown flag", () => ["--sed", "1"], /^error: unknown option '--sed' \(Did you mean --seed\?\)$/],
      [
        "a seed that is none",
        () => ["--seed", "1.5"],
        /^error: option '--seed <number>' argument '1\.5' is invalid.*$/,
      ],
      ["a seed left out", () => ["--seed", ""], /^error: option '--seed <number>' argument '' is invalid.*$/],
      [
        "prices in another unit",
        () => ["--prices", levels("1e7,1e7,1e7,1e7")],
        /^--prices \S+ row 2: open 10000000 is outside 10 to 100,000 USD, at which .*$/,
      ],
      [
        "volatility in fractions",
        () => ["--prices", good(), "--dvol", levels("0.54,0.6,0.5,0.55")],
        /^--dvol \S+ row 2: open 0\.54 is outside 10 to 400 per cent a year \(54, not 0\.54\), .*$/,
      ],
      [
        "prices for a volatility",
        () => ["--prices", good(), "--dvol", levels("1800,1810,1790,1800")],
        /^--dvol \S+ row 2: open 1800 is outside 10 to 400 per cent a year .*$/,
      ],
      [
        "gas that nobody can pay",
        () => {
          const fees = Array.from(
            { length: 13 },
            (_, index) => `${String(START + index * 3600)},${index === 4 ? "1e9" : "20"}`,
          );
          return ["--prices", good(), "--gas", writeTable(["ts,average_gwei", ...fees])];
        },
        /^--gas \S+ row 6: average_gwei 1000000000 is outside 1e-9 to 10,000 gwei, .*$/,
      ],
      [
        "a report that cannot be written",
        () => ["--json", "/none/report.json"],
        /^--json \/none\/report\.json cannot be written: ENOENT$/,
      ],
    ];
    for (const [what, args, message] of cases) {
      it(what, async () => {
        const { code, stdout, stderr } = await run(SCRIPT, args());
        expect([code, stdout]).to.deep.equal([2, ""]);
        expect(stderr.endsWith("\n")).to.equal(true);
        expect(stderr.slice(0, -1)).to.match(message);
      });
    }
  });
});

function played(outcome: Outcome, file: string): Played {
  expect(outcome.code, outcome.stdout + outcome.stderr).to.equal(0);
  const json = readFileSync(file, "utf8");
  return { ...outcome, json, report: JSON.parse(json) as DemoReport };
}

interface Terminal {
  /** As the chain answers that is served after the table. */
  readonly chainId: unknown;
  /** From Ctrl-C to the end. */
  readonly secondsToEnd: number;
}

/** Plays on a pseudo-terminal, until the program waits for Ctrl-C, and gives it. */
async function playOnTerminal(args: readonly string[], file: string): Promise<Played & Terminal> {
  // Without exec a plain sh stays between: Ctrl-C ends it first, and its 130 hides the program's own code.
  const line = ["exec", process.execPath, SCRIPT, ...args, "--json", file].join(" ");
  const command = new Command("script", ["-qec", line, "/dev/null"]);
  const [, url] = await command.said(/is at (http:\/\/127\.0\.0\.1:\d+).*Ctrl-C/);
  const answer = await fetch(url!, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId" }),
  });
  const { result: chainId } = (await answer.json()) as { result: unknown };
  const typedAt = performance.now();
  command.type("\u0003");
  const outcome = await command.ended();
  return { ...played(outcome, file), chainId, secondsToEnd: (performance.now() - typedAt) / 1000 };
}

/** Every series of every run has settled, and its holder got what this computes from the terms anew. */
function expectPaid({ book, runs }: DemoReport): void {
  expect(book).to.have.length(6);
  for (const { claims, title } of runs) {
    expect(claims, title).to.have.length(book.length);
    for (const { settlementPrice, owed, received, ...terms } of claims) {
      const sold = book.find(
        ({ type, strike, expiry }) =>
          type === terms.type && strike === terms.strike && expiry === terms.expiry,
      )!;
      const each = payout(terms, BigInt(Math.round(settlementPrice * 1e8)));
      expect(BigInt(received)).to.equal((BigInt(sold.quantity) * each) / 100n);
      expect(received).to.equal(owed);
    }
  }
  // The contracts settle at the round, not at what a keeper did: the same in every run.
  const prices = ({ claims }: RunReport) => claims.map(({ settlementPrice }) => settlementPrice);
  for (const each of runs) expect(prices(each)).to.deep.equal(prices(runs[0]!));
}
