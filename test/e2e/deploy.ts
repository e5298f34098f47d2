import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { numberToHex, zeroAddress } from "viem";

import { killAll, run } from "./support/command.ts";

describe("npm run deploy", function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), "keel-deploy-"));
  after(() => {
    killAll();
    rmSync(directory, { recursive: true, force: true });
  });

  const roles = Object.fromEntries(
    ["admin", "keeper", "quoter", "guardian", "surfacePoster"].map((role, index) => [
      role,
      numberToHex(index + 1, { size: 20 }),
    ]),
  );
  const token = "0123456789abcdef0123456789abcdef";
  const deploy = (changes: Record<string, string> = {}) => {
    const plan = join(directory, "plan.json");
    writeFileSync(plan, JSON.stringify({ roles: { ...roles, ...changes }, volatility: 0.6 }));
    return run("scripts/deploy.ts", ["--plan", plan, "--chain-id", "1"], {
      env: { KEEL_RPC_URL: `http://127.0.0.1:9/v3/${token}`, KEEL_DEPLOYER_KEY: `0x${"12".repeat(32)}` },
    });
  };

  it("shows nothing of the endpoint's token when the endpoint does not answer", async () => {
    const { code, stdout, stderr } = await deploy();
    expect(code).to.equal(1);
    expect(stdout).to.equal("");
    expect(stderr).to.match(/^HTTP request failed\..*\n$/);
    expect(stderr).not.to.include(token);
  });

  it("gives no role to nobody: a vault without an admin is without one for ever", async () => {
    const { code, stderr } = await deploy({ admin: zeroAddress });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^--plan .*: roles\.admin is the zero address\n$/);
  });
});
