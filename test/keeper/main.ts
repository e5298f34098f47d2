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
});
