import { expect } from "chai";
import { lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import vectors from "./vectors/impulse-band.json" with { type: "json" };
import { expectNear } from "../support/near.ts";
import { runCli } from "./utils/runCli.ts";
import { scratch } from "./utils/scratch.ts";

/** Runs one command of the keeper. */
const run = (command: "band" | "calibrate", args: readonly string[], stdin = "") =>
  runCli([command, ...args], stdin);

interface Answer {
  readonly b: number;
  readonly t: number;
  readonly c: number;
  readonly tradesPerYear: number | null;
  readonly gain: number;
  readonly cost: number;
  readonly verdict: string;
  readonly error?: { readonly path: string; readonly message: string };
}

/** The answers to an array of entries. */
const band = async (entries: readonly object[]): Promise<{ code: number | null; answers: Answer[] }> => {
  const { code, stdout, stderr } = await run("band", ["--json", "-"], JSON.stringify(entries));
  expect(stderr).to.equal("");
  return { code, answers: JSON.parse(stdout) as Answer[] };
};

describe("keeper band", function () {
  this.timeout(20_000);
  const { write } = scratch();

  it("answers every vector in order, in either of its forms", async () => {
    const { code, answers } = await band(vectors.map(({ input }) => input));
    expect(code).to.equal(0);
    for (const [row, { out }] of vectors.entries()) {
      expect(answers[row]).to.have.all.keys("b", "t", "c", "tradesPerYear");
      for (const key of ["b", "t", "c"] as const) expectNear(answers[row]![key], out[key], 1e-12 * out[key]);
      if (out.tradesPerYear === null) expect(answers[row]!.tradesPerYear).to.equal(null);
      else expectNear(answers[row]!.tradesPerYear, out.tradesPerYear, 1e-12 * out.tradesPerYear);
    }
  });

  it("answers one object with one object, from a file too", async () => {
    const entry = { a2: 1, h: 1, G: 1, ell: 1, kappa: 0 };
    const { code, stdout } = await run("band", ["--json", "-"], JSON.stringify(entry));
    const answer = JSON.parse(stdout) as Answer;
    expect(code).to.equal(0);
    expectNear(answer.b, 1.7884225479532374, 1e-12);
    const file = write("entry.json", entry);
    expect(JSON.parse((await run("band", ["--json", file])).stdout)).to.deep.equal(answer);
  });

  it("judges a residual delta: act from b on, with gain and cost", async () => {
    const model = { a2: 1, h: 1, G: 1, ell: 1, kappa: 0.5 };
    const { b, t } = (await band([model])).answers[0]!;
    const { answers } = await band([0, t, -0.99 * b, b, -b, 2 * b].map((d) => ({ ...model, d })));
    expect(answers.map(({ verdict }) => verdict)).to.deep.equal([
      "hold",
      "hold",
      "hold",
      "act",
      "act",
      "act",
    ]);
    for (const { gain, cost, verdict } of answers) expect(gain >= cost).to.equal(verdict === "act");
    expectNear(answers[1]!.gain, 0, 1e-12);
    expect(answers[1]!.cost).to.equal(1);
    expectNear(answers[3]!.cost, 1 + (b - t) + 0.5 * (b - t) ** 2, 1e-12);
  });

  it("widens the band for a finite tau and reports what that band costs", async () => {
    const model = { a2: 1, h: 1, G: 1, ell: 1, kappa: 0 };
    const { answers } = await band([model, { ...model, tau: 1e9 }, { ...model, tau: 0.1, d: 2 }]);
    expectNear(answers[1]!.b, answers[0]!.b, 1e-6);
    expectNear(answers[1]!.c, answers[0]!.c, 1e-6);
    const { b, t, c, tradesPerYear, verdict } = answers[2]!;
    expect(b).to.be.above(answers[0]!.b);
    expect(verdict).to.equal("hold");
    expectNear(tradesPerYear, 1 / (b * b - t * t), 1e-12);
    expectNear(c, (b * b + t * t) / 6 + (1 + b - t) * tradesPerYear!, 1e-12);
  });

  it("answers a bad entry in its place, the rest as usual, and exits with 2", async () => {
    const model = { a2: 1, h: 1, G: 1, ell: 1, kappa: 0 };
    const market = {
      S: 3000,
      sigma: 0.6,
      gamma: -0.2,
      riskAversion: 1e-4,
      gasUsd: 36,
      feeRate: 0.0005,
      kappa: 0,
    };
    const { code, answers } = await band([
      { ...model, h: 0 },
      market,
      { ...market, sigma: "0.6" },
      { ...model, gas: 1 },
      { ...market, gasUsd: 0, feeRate: 0, kappa: 1 },
      { ...model, tau: 0 },
      [7],
      { S: 3000 },
    ]);
    expect(code).to.equal(2);
    expect(answers[1]!.b).to.be.above(0);
    const paths = answers.map((entry) => entry.error?.path);
    expect(paths).to.deep.equal(["h", undefined, "sigma", "gas", "gasUsd", "tau", "", "sigma"]);
    for (const [row, entry] of answers.entries())
      if (row !== 1) expect(entry.error!.message).to.be.a("string").and.not.empty;
  });

  it("shows the units and an example", async () => {
    const { stdout } = await run("band", ["--help"]);
    for (const word of ["USD per ETH", "riskAversion", "tau", "verdict", "--json -"])
      expect(stdout).to.include(word);
  });
});

describe("keeper calibrate", function () {
  this.timeout(20_000);
  const { at, write } = scratch();
  const flags =
    "--target-std 20000 --spot 3000 --sigma 0.6 --gamma-cap 0.2 --gas-usd 36 --fee-rate 0.0005".split(" ");

  it("prints the aversion with its conditions, and takes these back", async () => {
    const { code, stdout } = await run("calibrate", flags);
    expect(code).to.equal(0);
    const result = JSON.parse(stdout);
    expect(result.riskAversion).to.be.within(1e-6, 1e-3);
    expect(result.calibration).to.deep.equal({
      pnlDeviation: 20000,
      spot: 3000,
      sigma: 0.6,
      gamma: 0.2,
      gasUsd: 36,
      feeRate: 0.0005,
      kappa: 0,
    });
    const again = await run("calibrate", ["--json", "-"], JSON.stringify(result.calibration));
    expect(JSON.parse(again.stdout)).to.deep.equal(result);
  });

  it("takes gas as a price and an amount", async () => {
    const byPrice = flags.join(" ").replace("--gas-usd 36", "--gas-gwei 30 --gas-units 400000").split(" ");
    expectNear(JSON.parse((await run("calibrate", byPrice)).stdout).calibration.gasUsd, 36, 1e-9);
  });

  it("stores the result in a config and keeps the rest of it", async () => {
    const file = write("keeper.json", {
      rpcUrl: "http://127.0.0.1:8545",
      riskAversion: 1,
      limits: { delta: 5 },
    });
    const { stdout } = await run("calibrate", [...flags, "--write", file]);
    const stored = JSON.parse(readFileSync(file, "utf8"));
    expect(stored).to.deep.equal({
      rpcUrl: "http://127.0.0.1:8545",
      limits: { delta: 5 },
      ...JSON.parse(stdout),
    });
  });

  it("makes a config that is not there, for its owner alone, and says so", async () => {
    const file = at("new.json");
    const { code, stdout, stderr } = await run("calibrate", [...flags, "--write", file]);
    expect({ code, stderr }).to.deep.equal({
      code: 0,
      stderr: `${file}: made with riskAversion and calibration only\n`,
    });
    expect(JSON.parse(readFileSync(file, "utf8"))).to.deep.equal(JSON.parse(stdout));
    expect(statSync(file).mode & 0o777).to.equal(0o600);

    const nowhere = at("none/keeper.json");
    expect(await run("calibrate", [...flags, "--write", nowhere])).to.include({
      code: 2,
      stdout: "",
      stderr: `${nowhere}: cannot be written (ENOENT)\n`,
    });
  });

  it("keeps the permissions of a config, and quotes none of it", async () => {
    const file = at("keeper.json");
    writeFileSync(file, JSON.stringify({ rpcUrl: "https://rpc.example/token" }), { mode: 0o600 });
    symlinkSync(file, at("link.json"));
    expect(await run("calibrate", [...flags, "--write", at("link.json")])).to.include({
      code: 0,
    });
    expect(lstatSync(at("link.json")).isSymbolicLink()).to.equal(true);
    expect(JSON.parse(readFileSync(file, "utf8"))).to.include.keys("rpcUrl", "riskAversion");
    expect(statSync(file).mode & 0o777).to.equal(0o600);

    write("keeper.json", '{"rpcUrl": "https://rpc.example/token" "limits": {}}');
    const { code, stderr } = await run("calibrate", [...flags, "--write", file]);
    expect({ code, stderr }).to.deep.equal({ code: 2, stderr: `${file}: is not valid JSON\n` });
  });

  it("says in one line what is wrong, and exits with 2", async () => {
    for (const [args, word] of [
      [flags.slice(2), "--target-std"],
      [[...flags, "--gas-gwei", "1"], "--gas-gwei"],
      [flags.join(" ").replace("--sigma 0.6", "--sigma 0").split(" "), "sigma"],
    ] as const) {
      const { code, stdout, stderr } = await run("calibrate", args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr.trim().split("\n")).to.have.length(1);
      expect(stderr).to.include(word);
    }
  });
});
