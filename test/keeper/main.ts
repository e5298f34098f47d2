import { expect } from "chai";

import { runCli } from "./utils/runCli.ts";

describe("keeper command line", function () {
  this.timeout(30_000);

  for (const args of [
    ["band"],
    ["greeks"],
    ["band", "--json", "-", "--jsn"],
    ["run", "--onec"],
    ["calibrate", "--spot", "high"],
    ["keystore", "new"],
    ["keystore", "sell"],
    ["replay", "--limit", "0"],
    ["replay", "--params", "[]"],
    ["hedge"],
  ]) {
    it(`takes \`keeper ${args.join(" ")}\` for bad input: exit code 2, nothing on standard output`, async () => {
      const { code, stdout, stderr } = await runCli(args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr).to.match(/^error: [^\n]+\n/);
    });
  }

  for (const command of ["run", "replay", "band", "greeks", "calibrate", "keystore"]) {
    it(`shows examples of ${command} on request`, async () => {
      const { code, stdout, stderr } = await runCli([command, "--help"]);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.match(new RegExp(`Examples?:[^]*keeper -- ${command}`));
    });
  }
});
