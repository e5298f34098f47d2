import { execFileSync } from "node:child_process";

import { expect } from "chai";

import { cappedGreeks, type Greeks } from "../../../keeper/math/blackScholes.ts";

const fields = ["price", "delta", "gamma", "vega", "theta"] as const;
const WEEK = 7 / 365;

describe("greeks --onchain", () => {
  it("answers as the keeper does, from Solidity in process", function () {
    this.timeout(300_000); // it compiles what has changed
    const entries = [
      { type: "call", S: 3000, strike: 3200, sigma: 0.65, tau: WEEK },
      { type: "put", S: 3000, strike: 3200, cap: 2000, sigma: 0.65, tau: WEEK, forward: 3010 },
      { type: "put", S: 3000, strike: 2500, cap: 0, sigma: 1.2, tau: 4 * WEEK },
      { type: "call", S: 3000, strike: 3000, sigma: 0, tau: WEEK },
      { type: "call", S: 3000, strike: 3000, cap: 3500, sigma: 0.65, tau: 0 },
      // A refusal of the contract's own range is that entry's alone.
      { type: "call", S: 1e13, strike: 3000, sigma: 0.65, tau: 0 },
    ] as const;
    const program = `import { greeksCommand } from ${JSON.stringify(new URL("../../../keeper/cli/greeks.ts", import.meta.url).href)};
      await greeksCommand().parseAsync(["--json", "-", "--onchain"], { from: "user" });
      process.exitCode = process.exitCode === 2 ? 0 : 1;`;
    const env = { ...process.env };
    delete env["KEEL_RPC_URL"];
    const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
      input: JSON.stringify(entries),
      encoding: "utf8",
      env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    const answers = JSON.parse(output) as (Greeks & { error?: { path: string } })[];
    entries.slice(0, -1).forEach(({ S: spot, ...terms }, i) => {
      const expected = cappedGreeks({ spot, ...terms });
      const scales = [spot, 1, 1 / spot, spot, spot];
      fields.forEach((field, j) => {
        const error = Math.abs(answers[i]![field] - expected[field]);
        expect(
          error <= 1e-9 * Math.max(scales[j]!, Math.abs(expected[field])),
          `${field} of ${String(i)}`,
        ).to.equal(true);
      });
    });
    expect(answers.at(-1)!.error!.path).to.equal("S");
  });
});
