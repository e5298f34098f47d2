import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import type { BandAnswer } from "../../keeper/cli/band.ts";
import type { Greeks } from "../../keeper/math/blackScholes.ts";
import { killAll, run } from "./support/command.ts";

const KEEPER = "keeper/main.ts";
const SECONDS_PER_YEAR = 365 * 86_400;

interface Refusal {
  readonly error: { readonly path: string; readonly message: string };
}

/** Asks a command through the keeper's own program; nothing but its answers may be on standard output. */
async function ask<Answer>(
  args: readonly string[],
  input: unknown,
  expected = 0,
): Promise<{ answers: Answer; stderr: string }> {
  const { code, stdout, stderr } = await run(KEEPER, [...args, "--json", "-"], {
    input: JSON.stringify(input),
  });
  expect(code, stderr).to.equal(expected);
  return { answers: JSON.parse(stdout) as Answer, stderr };
}

describe("npm run keeper -- band and greeks", function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), "keel-questions-"));
  after(() => {
    killAll();
    rmSync(directory, { recursive: true, force: true });
  });

  const market = {
    S: 3000,
    sigma: 0.6,
    gamma: -0.5,
    riskAversion: 1e-5,
    gasUsd: 8,
    feeRate: 5e-4,
    kappa: 1e-3,
  };

  it("answers for one band, and judges a residual delta on either side of it", async () => {
    const { answers: band, stderr } = await ask<BandAnswer>(["band"], market);
    expect(stderr).to.equal("");
    expect(Object.keys(band)).to.deep.equal(["b", "t", "c", "tradesPerYear"]);
    expect(band.b).to.be.greaterThan(band.t);
    const { answers } = await ask<BandAnswer[]>(
      ["band"],
      [
        { ...market, d: 0.999 * band.b },
        { ...market, d: -1.001 * band.b },
      ],
    );
    expect(answers.map(({ verdict }) => verdict)).to.deep.equal(["hold", "act"]);
  });

  it("reads a file, and answers what it can beside an entry it cannot", async () => {
    const file = join(directory, "entries.json");
    writeFileSync(
      file,
      JSON.stringify([market, { ...market, gasUsd: -1 }, { a2: 1, h: 1, G: 1, ell: 1, kappa: 0 }]),
    );
    const { code, stdout, stderr } = await run(KEEPER, ["band", "--json", file]);
    expect([code, stderr]).to.deep.equal([2, ""]);
    const [first, second, third] = JSON.parse(stdout) as [BandAnswer, Refusal, BandAnswer];
    expect(first.b).to.be.greaterThan(0);
    expect(second.error.path).to.equal("gasUsd");
    expect(third.b).to.be.greaterThan(0);
  });

  const whole = (seconds: number) => seconds / SECONDS_PER_YEAR;
  const options = [
    { type: "call", S: 3000, strike: 3200, sigma: 0.65, tau: whole(30 * 86_400) },
    { type: "put", S: 3000, strike: 2800, sigma: 0.65, tau: whole(7 * 86_400), forward: 3010 },
    { type: "call", S: 3000, strike: 3000, cap: 4200, sigma: 1.2, tau: whole(3_600) },
    { type: "put", S: 1500, strike: 3000, cap: 1800, sigma: 0.4, tau: whole(86_400) },
    { type: "call", S: 3000, strike: 9000, sigma: 0.5, tau: whole(86_400) },
    { type: "put", S: 3000, strike: 3001, sigma: 0.8, tau: whole(1) },
    { type: "call", S: 3000, strike: 2900, sigma: 0, tau: whole(86_400) },
    { type: "put", S: 3000, strike: 3100, cap: 2000, sigma: 0.5, tau: 0 },
  ];

  it("prices the same options alike in TypeScript and on the chain", async () => {
    const [{ answers: local }, { answers: onchain }] = await Promise.all([
      ask<Greeks[]>(["greeks"], options),
      ask<Greeks[]>(["greeks", "--onchain"], options),
    ]);
    expect(local).to.have.length(options.length);
    expect(onchain).to.have.length(options.length);
    for (const [index, { S }] of options.entries()) {
      const scales = { price: S, delta: 1, gamma: 1 / S, vega: S, theta: S };
      for (const [greek, scale] of Object.entries(scales) as [keyof Greeks, number][]) {
        const [ours, theirs] = [local[index]![greek], onchain[index]![greek]];
        const allowed = 1e-9 * Math.max(scale, Math.abs(ours));
        expect(Math.abs(ours - theirs), `${greek} of option ${String(index)}`).to.be.at.most(allowed);
      }
    }
    // Not both nothing.
    expect(local[0]!.price).to.be.greaterThan(100);
    expect(local[7]).to.deep.include({ price: 100, delta: -1, gamma: 0 });
  });

  it("answers on the chain what it can beside an entry it cannot", async () => {
    const bad = [{ ...options[0], sigma: -1 }, { ...options[0], S: 1e13 }, "call"];
    const { answers } = await ask<(Greeks & Refusal)[]>(["greeks", "--onchain"], [...bad, options[1]], 2);
    expect(answers.map(({ error }) => error?.path)).to.deep.equal(["sigma", "S", "", undefined]);
    expect(answers[3]!.price).to.be.greaterThan(0);
  });

  it("keeps standard output empty where there is nothing to answer", async () => {
    for (const command of [["band"], ["greeks"], ["greeks", "--onchain"]]) {
      const { code, stdout, stderr } = await run(KEEPER, [...command, "--json", "/none.json"]);
      expect([code, stdout, stderr]).to.deep.equal([2, "", "/none.json: no such file\n"]);
    }
  });

  it("refuses what it does not know with one line and exit code 2", async () => {
    for (const [args, message] of [
      [["bands"], /^error: unknown command 'bands'/],
      [["band", "--json", "-", "--gamma", "1"], /^error: unknown option '--gamma'/],
      [["greeks"], /^error: required option '--json <file>' not specified/],
    ] as const) {
      const { code, stdout, stderr } = await run(KEEPER, args);
      expect([code, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(message);
      expect(stderr.trim().split("\n")).to.have.length(1);
    }
  });
});
