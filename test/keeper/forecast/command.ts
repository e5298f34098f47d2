import { readFileSync } from "node:fs";

import { expect } from "chai";

import { Random } from "../../../keeper/math/random.ts";
import { runCli } from "../utils/runCli.ts";
import { scratch } from "../utils/scratch.ts";

const START = Date.UTC(2023, 0, 2) / 1000;

/** A year and a half of hourly candles of a random walk, and an implied volatility beside it. */
function priceFiles(): { prices: string; dvol: string } {
  const random = new Random(51);
  const prices = ["ts,open,high,low,close"];
  const dvol = [...prices];
  let price = 2000;
  for (let hour = 0; hour < 24 * 580; hour++) {
    const open = price;
    const middle = open * Math.exp(0.004 * random.normal());
    price = middle * Math.exp(0.004 * random.normal());
    const [low, high] = [Math.min(open, middle, price), Math.max(open, middle, price)];
    const ts = START + hour * 3600;
    prices.push([ts, open, high, low, price].join(","));
    dvol.push([ts, 55, 56, 54, 55].join(","));
  }
  return { prices: prices.join("\n"), dvol: dvol.join("\n") };
}

function gasFile(): string {
  const random = new Random(52);
  let log = 0;
  const rows = Array.from({ length: 2400 }, (_, hour) => {
    log = 0.8 * log + 0.2 * random.normal();
    return `${String(START + hour * 3600)},${String(20 * Math.exp(log))}`;
  });
  return ["ts,average_gwei", ...rows].join("\n");
}

describe("keeper forecast", function () {
  this.timeout(30_000);
  const files = scratch();

  it("prints each forecast beside its skill against the naive one, and writes the same as JSON", async () => {
    const { prices, dvol } = priceFiles();
    const args = ["--prices", files.write("prices.csv", prices), "--dvol", files.write("dvol.csv", dvol)];
    const json = files.at("skill.json");
    const gas = files.write("gas.csv", gasFile());
    const { code, stdout, stderr } = await runCli(["forecast", ...args, "--gas", gas, "--json", json]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    const written = JSON.parse(readFileSync(json, "utf8")) as Record<string, Record<string, unknown>[]>;
    expect(written).to.have.all.keys("version", "volatility", "volatilityWithImplied", "baseFee", "waitRule");
    expect(written["volatility"]!.map(({ horizon }) => horizon)).to.deep.equal(["1 d", "7 d", "30 d"]);
    const [day] = written["volatility"]!;
    const { model, loss, t } = (day!["skills"] as { model: string; loss: number; t: number }[]).at(-1)!;
    const row = stdout.split("\n").find((line) => line.includes(model))!;
    expect(row).to.include(loss.toFixed(4)).and.include(t.toFixed(1));
    // The walk has no volatility to forecast: 0.004·√(2·24·365) = 53 %.
    const next = day!["nextVolatility"] as Record<string, number>;
    expect(next["last 30 d"]).to.be.within(0.49, 0.57);
    expect(next["implied"] ?? 0.55).to.equal(0.55);
    expect(stdout).to.match(/implied +[\d,]+ .* 55\.0 %/);
    expect(stdout).to.match(/4 h ahead[^]*reverting[^]*gwei/);
    expect(stdout).to.match(/30 gwei +0\.90 +4\.0 h/);
  });

  it("prints JSON alone with --json -", async () => {
    const { code, stdout } = await runCli([
      "forecast",
      "--gas",
      files.write("gas.csv", gasFile()),
      "--json",
      "-",
    ]);
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.have.all.keys("version", "baseFee", "waitRule");
  });

  it("tells how a learned model was trained, and trains the same one again", async () => {
    const gas = files.write("gas.csv", gasFile());
    const args = ["forecast", "--gas", gas, "--learned", "--json", "-"];
    const [{ stdout }, again] = [await runCli(args), await runCli(args)];
    expect(again.stdout).to.equal(stdout);
    const { learned, baseFee } = JSON.parse(stdout) as Record<string, Record<string, unknown>[]>;
    expect(learned).to.include({ version: 1, trees: 80, seed: 1 });
    for (const { challenges } of baseFee!) expect(challenges).to.have.lengthOf(1);
  });

  it("has numbers for gas and a pool that never move", async () => {
    const hours = Array.from({ length: 2400 }, (_, hour) => `${String(START + hour * 3600)},30`);
    const minutes = Array.from({ length: 60 * 24 * 15 }, (_, i) => `${String(START + i * 60)},200000,0,1e17`);
    const gas = files.write("gas.csv", ["ts,average_gwei", ...hours].join("\n"));
    const pool = files.write(
      "pool.csv",
      ["ts,close_tick,net_amount1_weth_wei,liquidity", ...minutes].join("\n"),
    );
    const { code, stdout } = await runCli(["forecast", "--gas", gas, "--pool", pool]);
    expect(code).to.equal(0);
    expect(stdout).to.include("30.0 gwei").and.include("1.00e+17").and.include("No trades moved the price");
    expect(stdout).not.to.match(/NaN|Infinity|undefined/);
  });

  for (const [what, make, message] of [
    ["nothing to forecast", () => [], "give at least one of"],
    ["a file that is not there", () => ["--prices", "/no/such.csv"], "--prices /no/such.csv does not exist"],
    ["implied volatility alone", () => ["--dvol", "x.csv"], "--dvol needs --prices"],
    [
      "a gap in the prices",
      () => ["--prices", files.write("p.csv", "ts,open,high,low,close\n0,1,1,1,1\n7200,1,1,1,1\n")],
      "a gap",
    ],
    [
      "a short file of prices",
      () => ["--prices", files.write("p.csv", "ts,open,high,low,close\n0,1,1,1,1\n")],
      "two whole days",
    ],
    [
      "times in milliseconds",
      () => ["--gas", files.write("g.csv", "ts,average_gwei\n1600041600000,30\n")],
      "row 2: ts 1600041600000 is not in seconds",
    ],
    [
      "times before there were any",
      () => ["--prices", files.write("p.csv", "ts,open,high,low,close\n-9e12,1,1,1,1\n")],
      "row 2: ts -9000000000000 is before 1970",
    ],
    [
      "a gas price beyond all sense",
      () => ["--gas", files.write("g.csv", "ts,average_gwei\n0,1e308\n")],
      "row 2: average_gwei 1e+308 is not from",
    ],
    [
      "a price beyond all sense",
      () => ["--prices", files.write("p.csv", "ts,open,high,low,close\n0,1,1e300,1,1\n")],
      "row 2: high 1e+300 is not from",
    ],
    [
      "a price that never moves",
      () => {
        const rows = Array.from({ length: 100 }, (_, hour) => `${String(START + hour * 3600)},1,1,1,1`);
        return ["--prices", files.write("p.csv", ["ts,open,high,low,close", ...rows].join("\n"))];
      },
      "the price never moves",
    ],
    [
      "a pool at a tick there is not",
      () => [
        "--pool",
        files.write("l.csv", "ts,close_tick,net_amount1_weth_wei,liquidity\n0,887273,0,1e17\n"),
      ],
      "row 2: close_tick 887273 is none",
    ],
    [
      "too few gas prices",
      () => ["--gas", files.write("g.csv", "ts,average_gwei\n0,1\n3600,1\n")],
      "too short",
    ],
    [
      "a place JSON cannot be written to",
      // Before the gas prices are looked at.
      () => ["--gas", "/no/such.csv", "--json", "/no/such/directory/x.json"],
      "--json /no/such/directory/x.json cannot be written: ENOENT",
    ],
  ] as const) {
    it(`refuses ${what} in one line, with exit code 2`, async () => {
      const { code, stderr } = await runCli(["forecast", ...make()]);
      expect(code).to.equal(2);
      expect(stderr)
        .to.match(/^forecast: [^\n]+\n$/)
        .and.include(message);
    });
  }
});
