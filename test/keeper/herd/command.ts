import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";

import type { HerdResult } from "../../../keeper/herd/runExperiments.ts";
import { expectNear } from "../../support/near.ts";
import { runCli } from "../utils/runCli.ts";
import { scratch } from "../utils/scratch.ts";

const SMALL = ["simulate", "herd", "--agents", "20", "--paths", "2", "--days", "2"];

describe("keeper simulate herd", function () {
  this.timeout(30_000);
  const { at } = scratch();

  it("prints every experiment, and the same again as JSON", async () => {
    const file = at("herd.json");
    const { code, stdout, stderr } = await runCli([...SMALL, "--json", file]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    const result = JSON.parse(readFileSync(file, "utf8")) as HerdResult;
    expect(result.version).to.equal(1);
    expect(result.made).to.deep.equal({ agents: 20, seed: 1, paths: 2, days: 2 });
    expect(result.experiments.map(({ id }) => id)).to.deep.equal([
      ...[
        "rules",
        "reference",
        "jitter",
        "adoption",
        "rough",
        "pause",
        "shares",
        "gains",
        "liquidity",
        "shock",
      ],
    ]);
    for (const { title, columns, rows } of result.experiments) {
      expect(stdout).to.include(title);
      const ids = rows.map(({ setting }) => setting.id);
      expect(new Set(ids).size).to.equal(ids.length);
      for (const { setting, measures } of rows) {
        expect(stdout).to.include(setting.label);
        for (const column of columns) expect(measures[column]).to.have.all.keys("mean", "se", "paths");
      }
    }
    const { deltaPerPercent, depthPerPercent, gain, bands } = result.scale;
    expectNear(depthPerPercent, (20 * deltaPerPercent) / gain, 1e-9);
    expect(bands.map(({ rule }) => rule)).to.deep.equal(["threshold", "optimal", "optimal-l2"]);
    expect(result.jitter).to.have.length(4);
  });

  it("answers with the same numbers whatever else is asked", async () => {
    const asked = async (only: string): Promise<HerdResult> =>
      JSON.parse((await runCli([...SMALL, "--only", only, "--json", "-"])).stdout) as HerdResult;
    const [alone, both] = [await asked("adoption"), await asked("shares,adoption")];
    expect(both.experiments[0]).to.deep.equal(alone.experiments[0]);
    expect(both.experiments).to.have.length(2);
    expect(
      (await runCli([...SMALL, "--only", "adoption", "--seed", "2", "--json", "-"])).stdout,
    ).not.to.equal((await runCli([...SMALL, "--only", "adoption", "--json", "-"])).stdout);
  });

  it("refuses what it does not know, in one line", async () => {
    for (const [flags, word] of [
      [["--only", "rules,weather"], "--only weather: must be one of rules"],
      [["--paths", "0"], "--paths"],
      [["--seed", "-1"], "--seed"],
      [["--days", "1.5"], "--days"],
      [["--days", "1001"], "from 1 to 1000"],
    ] as const) {
      const { code, stdout, stderr } = await runCli(["simulate", "herd", ...flags]);
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
      expect(stderr.trim().split("\n")).to.have.length(1);
      expect(stderr).to.include(word);
    }
  });

  it("refuses a file that cannot be written before it begins", async () => {
    const startedAt = performance.now();
    // The whole of it would take hours.
    const all = ["simulate", "herd", "--agents", "99999", "--paths", "9999", "--days", "1000"];
    for (const [file, reason] of [
      [at("no/x"), "ENOENT"],
      [at("."), "EISDIR"],
    ] as const) {
      const { code, stdout, stderr } = await runCli([...all, "--json", file]);
      expect({ code, stdout, stderr }).to.deep.equal({
        ...{ code: 2, stdout: "" },
        stderr: `simulate: --json ${file} cannot be written: ${reason}\n`,
      });
    }
    expect(performance.now() - startedAt).to.be.below(10_000);
  });

  it("leaves no file behind when it refuses what else it was given", async () => {
    const file = at("none.json");
    const { code } = await runCli(["simulate", "herd", "--only", "weather", "--json", file]);
    expect({ code, isThere: existsSync(file) }).to.deep.equal({ code: 2, isThere: false });
  });
});
