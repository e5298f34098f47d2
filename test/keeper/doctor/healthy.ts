import { expect } from "chai";

import { runDoctor } from "../../../keeper/cli/runDoctor.ts";
import { doctorHarness, ill, one, TOKEN } from "../utils/doctorHarness.ts";
import { KEEPER_KEY } from "../utils/keys.ts";
import { runCli } from "../utils/runCli.ts";

/** What changes something on a chain. */
const SENDS = /^eth_send/;

describe("keeper doctor, where nothing is wrong", function () {
  this.timeout(60_000);
  const harness = doctorHarness();

  it("finds nothing that failed, and warns of what a first run has not done yet", async () => {
    const checks = await harness.examine();
    expect(ill(checks), JSON.stringify(checks, null, 1)).to.deep.equal([]);
    expect(ill(checks, "warn")).to.deep.equal(["vault weekly: activation", "status server", "alert webhook"]);
    for (const { ok, mend, detail } of checks) {
      expect(mend === null).to.equal(ok === true);
      expect(detail).to.not.equal("");
    }
    for (const name of [
      "store directory",
      "disk",
      "store",
      /^rpc 127/,
      "chain 31337: clock",
      "chain 31337: websocket",
      "chain 31337: private route",
      "vault weekly: deployment",
      "vault weekly: contracts",
      "vault weekly: role",
      "vault weekly: snapshot",
      "vault weekly: oracle",
      "vault weekly: business",
      "vault weekly: decision",
      "vault weekly: risk aversion",
      "vault weekly: limits",
      "vault weekly: signer",
      "vault weekly: balance",
    ])
      expect(
        checks.some((check) => (typeof name === "string" ? check.name === name : name.test(check.name))),
      ).to.equal(true, String(name));
  });

  it("shows what the keeper would do now, with its band", async () => {
    const { detail } = one(await harness.examine(), "vault weekly: decision");
    expect(detail).to.match(
      /^optimal-impulse (holds|would trade -?[\d.]+ ETH) \([a-z-]+\): drift -[\d.]+ ETH, band -?[\d.]+ to [\d.]+ ETH$/,
    );
  });

  it("sends nothing, and makes no store", async () => {
    await harness.examine();
    expect(harness.server.asked.length).to.be.greaterThan(5);
    expect(harness.server.asked.filter(({ request }) => SENDS.test(request.method))).to.deep.equal([]);
    expect(one(await harness.examine(), "store").detail).to.contain("none yet");
  });

  async function run(flags: object, env: Record<string, string> = {}) {
    let text = "";
    const stdout = { write: (more: string) => (text += more) };
    const config = harness.prepare({ config: { limits: { delta: 100 } } });
    const code = await runDoctor(
      { config, ...flags },
      { env: { KEEL_PRIVATE_KEY: KEEPER_KEY, ...env }, stdout },
    );
    return { code, text };
  }

  it("prints a line for each check, what to do under what is not well, and a total", async () => {
    const { code, text } = await run({});
    const lines = text.trimEnd().split("\n");
    expect(code, text).to.equal(0);
    expect(lines[0]).to.match(/^✓ node +\d+\.\d+\.\d+, at least \d/);
    const webhook = lines.findIndex((line) => line.startsWith("! alert webhook"));
    expect(lines[webhook + 1]).to.match(/^ +→ set KEEL_ALERT_WEBHOOK/);
    expect(lines.at(-1)).to.match(/^\d+ checks: \d+ passed, \d warnings?, 0 failed$/);
    expect(text).to.not.contain(TOKEN.slice(1)).and.not.contain(KEEPER_KEY.slice(2));
  });

  it("prints JSON", async () => {
    const { code, text } = await run({ json: true, vault: "weekly" });
    const answer = JSON.parse(text) as { ok: boolean; checks: { name: string; ok: unknown }[] };
    expect([code, answer.ok]).to.deep.equal([0, true]);
    expect(answer.checks[0]).to.have.all.keys("name", "ok", "detail", "mend");
  });

  it("names each thing that is wrong with the settings, and ends with 2", async () => {
    const { code, text } = await run({}, { KEEL_COLOUR: "blue", KEEL_PRIVATE_KEY: "0x12" });
    expect(code).to.equal(2);
    expect(text).to.match(/✗ settings +KEEL_COLOUR: unknown environment variable\n/);
    expect(text).to.match(/✗ settings +KEEL_PRIVATE_KEY: is not 32 bytes in hex\n +→ correct it in /);
  });

  it("knows no vault but those of the settings", async () => {
    const { code, text } = await run({ vault: "monthly" });
    expect(code).to.equal(2);
    expect(text).to.contain("--vault: there is none of that name, but weekly");
  });

  it("is a command that ends with 1 where something failed, on standard output only", async () => {
    const config = harness.prepare({
      deployment: { contracts: { Vault: `0x${"ab".repeat(20)}`, Lens: `0x${"cd".repeat(20)}` } },
    });
    const { code, stdout, stderr } = await runCli(["doctor", "--config", config], "", {
      KEEL_PRIVATE_KEY: KEEPER_KEY,
    });
    expect([code, stderr], stdout).to.deep.equal([1, ""]);
    expect(stdout).to.match(/✗ vault weekly: contracts +there is no code at Vault 0xabab/i);
  });

  it("shows examples on request", async () => {
    const { code, stdout } = await runCli(["doctor", "--help"]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/Examples:[^]*keeper -- doctor/);
  });
});
