import { expect } from "chai";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter } from "node:path";
import { pathToFileURL } from "node:url";

import { recordedData } from "../../support/recordedData.ts";
import { numbersByRow } from "../utils/reportPage.ts";
import { backtestFile } from "../utils/resultFiles.ts";
import { runCli } from "../utils/runCli.ts";
import { scratch } from "../utils/scratch.ts";

describe("keeper report", function () {
  this.timeout(60_000);
  const files = scratch();
  const read = (file: string) => readFileSync(file, "utf8");
  const MODEL = ["--model", "gbm", "--days", "2", "--strategy", "optimal-impulse,time:seconds=43200"];

  it("writes beside the JSON, or where it is told, or from standard input", async () => {
    const json = files.write("result.json", backtestFile({ labels: ["time"] }));
    const beside = await runCli(["report", json]);
    expect(beside.stdout).to.match(/^report: \/.*result\.html, \d+ KB\n$/);
    expect([beside.code, beside.stderr]).to.deep.equal([0, ""]);
    const piped = await runCli(["report", "-", "--out", files.at("other.html")], read(json));
    expect(piped.code).to.equal(0);
    expect(read(files.at("other.html"))).to.equal(read(files.at("result.html")));
  });

  it("makes of a backtest the page its JSON makes", async () => {
    const [json, html] = [files.at("out.json"), files.at("out.html")];
    const { code, stdout, stderr } = await runCli(
      ["backtest", ...MODEL, "--json", json, "--report", html],
      "",
      {
        DATABASE_URL: "",
      },
    );
    expect(code).to.equal(0);
    expect(stdout).to.include("time:seconds=43200");
    expect(stderr).to.match(/^report: \/.*out\.html, \d+ KB\n$/);
    await runCli(["report", json, "--out", files.at("again.html")]);
    expect(read(html)).to.equal(read(files.at("again.html")));
    expect([...numbersByRow(read(html), "Totals").keys()]).to.deep.equal([
      "optimal-impulse",
      "time:seconds=43200",
    ]);
  });

  it("makes of a benchmark the page its JSON makes, and keeps standard output for JSON", async () => {
    const html = files.at("bench.html");
    const { stdout, stderr } = await runCli([
      ...[
        "benchmark",
        "--books",
        "short-call",
        "--costs",
        "30-gwei",
        "--aversions",
        "1e-4",
        "--strategies",
        "leland",
      ],
      ...["--steps", "100", "--paths", "5", "--no-tune", "--json", "-", "--report", html],
    ]);
    expect(stderr).to.match(/report: \/.*bench\.html, \d+ KB\n$/);
    const { cases } = JSON.parse(stdout) as { cases: { strategies: { excess: number }[] }[] };
    const map = numbersByRow(read(html), "Largest excess of any book and risk aversion");
    expect([...map.values()]).to.deep.equal(cases[0]!.strategies.map(({ excess }) => [excess]));
  });

  it("opens the page without a shell, and only says where it is when nothing can", async function () {
    if (process.platform === "win32" || process.platform === "darwin") this.skip();
    const name = "a b$(touch pwned);'.json";
    const json = files.write(name, backtestFile({ labels: ["time"] }));
    mkdirSync(files.at("bin"));
    const opener = files.write("bin/xdg-open", `#!/bin/sh\nprintf '%s' "$1" > '${files.at("opened")}'\n`);
    chmodSync(opener, 0o755);
    const withOpener = { PATH: `${files.at("bin")}${delimiter}${process.env["PATH"] ?? ""}` };
    const opened = await runCli(["report", json, "--open"], "", withOpener);
    expect(opened.stdout).to.match(/, opened\n$/);
    expect(read(files.at("opened"))).to.equal(pathToFileURL(json.replace(/json$/, "html")).href);
    expect(existsSync("pwned")).to.equal(false);

    const without = await runCli(["report", json, "--open"], "", { PATH: "" });
    expect(without.code).to.equal(0);
    expect(without.stdout).to.match(/; nothing here opens it, open it in a browser\n$/);
    files.write("bin/xdg-open", "#!/bin/sh\nexit 3\n");
    const failing = await runCli(["report", json, "--open"], "", withOpener);
    expect([failing.code, failing.stderr]).to.deep.equal([0, ""]);
    expect(failing.stdout).to.include("nothing here opens it");
  });

  it("refuses what is none of Keel's results in one line", async () => {
    const good = backtestFile({ labels: ["time"], points: 3 });
    const [run] = good.runs as [(typeof good.runs)[number]];
    const REFUSED: readonly (readonly [unknown, RegExp])[] = [
      ["not json", /^report: \S+ is not JSON\n$/],
      [
        { hello: 1 },
        /^report: \S+ is neither a backtest's nor a benchmark's JSON: it has no runs and no cases\n$/,
      ],
      [null, /^report: \S+ is neither a backtest's nor /],
      [{ ...good, version: 2 }, /^report: \S+ is not a backtest's JSON: version: [^\n]+\n$/],
      [{ ...good, runs: [] }, /^report: \S+ is not a backtest's JSON: runs: [^\n]+\n$/],
      [
        { ...good, runs: [{ ...run, totals: { ...run.totals, costUsd: "1" } }] },
        /^report: \S+ is not a backtest's JSON: runs\.0\.totals\.costUsd: [^\n]+\n$/,
      ],
      [
        { ...good, runs: [{ ...run, series: { ...run.series, spot: [1] } }] },
        /^report: \S+ is not a backtest's JSON: runs\.0\.series: must have as many values in each series\n$/,
      ],
      [
        { ...good, runs: [run, { ...run, label: "b", series: { ...run.series, time: [1, 2, 3] } }] },
        /^report: the runs of path 0 were sampled at different times\n$/,
      ],
      [{ version: 1, cases: [] }, /^report: \S+ is not a benchmark's JSON: [^\n]+\n$/],
    ];
    const answers = await Promise.all(
      REFUSED.map(([content], index) => runCli(["report", files.write(`${String(index)}.json`, content)])),
    );
    for (const [index, { code, stdout, stderr }] of answers.entries()) {
      expect({ code, stdout }, String(index)).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr).to.match(REFUSED[index]![1]);
    }
    const gone = await runCli(["report", files.at("gone.json")]);
    expect([gone.code, gone.stderr]).to.deep.equal([
      2,
      `report: ${files.at("gone.json")} cannot be read: ENOENT: no such file or directory, open '${files.at("gone.json")}'\n`,
    ]);
    const itself = await runCli(["report", files.at("0.json"), "--out", files.at("0.json")]);
    expect([itself.code, itself.stderr]).to.deep.equal([
      2,
      `report: --out ${files.at("0.json")} is the result itself\n`,
    ]);
  });

  it("refuses a page that cannot be written before a backtest or a benchmark is made", async () => {
    for (const command of [["backtest", ...MODEL], ["benchmark"]]) {
      const alone = await runCli([...command, "--open"], "", { DATABASE_URL: "" });
      expect([alone.code, alone.stdout]).to.deep.equal([2, ""]);
      expect(alone.stderr).to.equal(`${command[0]!}: --open goes with --report\n`);
      const nowhere = await runCli([...command, "--report", files.at("no/where.html")], "", {
        DATABASE_URL: "",
      });
      expect([nowhere.code, nowhere.stdout]).to.deep.equal([2, ""]);
      expect(nowhere.stderr).to.match(/^\w+: --report \S+ cannot be written: [^\n]+\n$/);
    }
  });

  it("stays under two megabytes for a year of recorded data", async function () {
    const html = files.at("year.html");
    const { code } = await runCli(
      [
        ...[
          "backtest",
          "--prices",
          recordedData(this, "eth_usd_1h.csv.gz"),
          "--from",
          "2023-01-01",
          "--to",
          "2023-12-31",
        ],
        ...[
          "--book",
          "rolling-weekly",
          "--strategy",
          "optimal-impulse,band-to-centre,crab-v1,time",
          "--report",
          html,
        ],
      ],
      "",
      { DATABASE_URL: "" },
    );
    expect(code).to.equal(0);
    expect(read(html).length).to.be.within(300_000, 2_000_000);
    expect(read(html)).to.include(">2023-12<");
  });
});
