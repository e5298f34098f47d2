import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { parseAbi } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import type { Deployment } from "../../keeper/config/deployment.ts";
import { Chain, httpProvider } from "../../scripts/localMainnet/chain.ts";
import { Command, killAll, run, type Outcome } from "./support/command.ts";

const KEEPER = "keeper/main.ts";
const VAULT = parseAbi(["function rebalanceNonce() view returns (uint64)"]);

const MNEMONIC = "test test test test test test test test test test test junk";

/** The private key of a development account, as the keeper takes it. */
function keyOf(addressIndex: number): string {
  const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex }).getHdKey();
  return `0x${Buffer.from(privateKey!).toString("hex")}`;
}

const KEEPER_KEY = keyOf(2);

describe("npm run node and, beside it, npm run keeper -- run", function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), "keel-keeper-"));
  const deploymentFile = join(directory, "deployment.json");
  const settingsFile = join(directory, "deployment.keeper.json");
  const store = join(directory, "store");
  let node: Command;
  let url: string;
  let chain: Chain;
  let deployment: Deployment;
  /** What the keeper printed in all of these tests. */
  let printed = "";

  before(async () => {
    const flags = ["--port", "0", "--block-time", "1", "--still", "--deployment", deploymentFile];
    node = new Command(process.execPath, ["scripts/node.ts", ...flags]);
    url = (await node.said(/(http:\/\/127\.0\.0\.1:\d+), chain id 31337[^]*Ctrl-C stops/))[1]!;
    chain = new Chain(httpProvider(url));
    deployment = JSON.parse(readFileSync(deploymentFile, "utf8")) as Deployment;
  });

  after(() => {
    killAll();
    rmSync(directory, { recursive: true, force: true });
  });

  const nonce = () => chain.read(deployment.contracts.Vault, VAULT, "rebalanceNonce", []);

  /** The settings the node has written, changed. Undefined takes one away. */
  function settings(changes: Readonly<Record<string, unknown>> = {}): string {
    const written = JSON.parse(readFileSync(settingsFile, "utf8")) as Record<string, unknown>;
    const file = join(directory, "keeper.json");
    writeFileSync(file, JSON.stringify({ ...written, storeDir: store, ...changes }));
    return file;
  }

  function start(config: string): Command {
    return new Command(process.execPath, [KEEPER, "run", "--config", config], {
      KEEL_PRIVATE_KEY: KEEPER_KEY,
    });
  }

  /** Waits until the vault has been rebalanced by this keeper, and it knows. */
  async function rebalanced(command: Command): Promise<void> {
    const before = await nonce();
    await command.said(/A rebalance took effect\./);
    expect(await nonce()).to.be.greaterThan(before);
  }

  async function stop(command: Command): Promise<{ decisions: number; rebalances: number }> {
    command.interrupt();
    const { code, stdout, stderr } = await command.ended();
    printed += stdout + stderr;
    expect([code, stdout], stderr).to.deep.equal([0, ""]);
    const last = stderr.trim().split("\n").at(-1)!;
    expect(last).to.contain("The keeper has stopped.");
    return JSON.parse(last) as { decisions: number; rebalances: number };
  }

  it("prints what another terminal needs, and writes settings the keeper takes as they are", async () => {
    for (const command of ["activate", "run"]) {
      const line = `npm run keeper -- ${command} --config ${settingsFile}`;
      expect(node.stdout).to.contain(`  KEEL_PRIVATE_KEY=${KEEPER_KEY} ${line}\n`);
    }
    // A key that a wallet can import, beside its account.
    const depositor = mnemonicToAccount(MNEMONIC, { addressIndex: 6 }).address;
    expect(node.stdout).to.contain(`  6  ${depositor}  ${keyOf(6)}\n`);
    for (const address of Object.values(deployment.contracts)) expect(node.stdout).to.contain(address);
    const { code, stderr } = await run(KEEPER, ["run", "--once", "--config", settingsFile], {
      env: { KEEL_PRIVATE_KEY: KEEPER_KEY, KEEL_STORE_DIR: join(directory, "first") },
    });
    printed += stderr;
    expect(code, stderr).to.equal(0);
  });

  /** Runs a command beside the keeper, or without one. */
  async function keeper(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(KEEPER, args, { env: { KEEL_PRIVATE_KEY: KEEPER_KEY } });
    printed += stdout + stderr;
    expect(code, stderr).to.equal(0);
    return stdout;
  }

  it("decides but sends nothing until it is activated", async () => {
    const config = settings({ strategy: { name: "time", params: { seconds: 1 } }, pollInterval: 0.5 });
    const before = await nonce();
    const dry = start(config);
    await dry.said(/"reason":"rule"[^]*"msg":"Decided\."/);
    expect((await stop(dry)).rebalances).to.equal(0);
    expect(await nonce()).to.equal(before);
    expect(await keeper("status", "--config", config)).to.contain("it was never activated");
    const activated = await keeper("activate", "--config", config);
    expect(activated).to.match(
      /^activated vault: vault 0x\w+ on chain 31337, account 0x3C44\w+, build \w+\n$/,
    );
  });

  it("hedges over the RPC of another process, keeps a journal, and goes on from it", async () => {
    // So averse to risk that the book is hedged at once, up to the near edge of a narrow band.
    const first = start(settings({ riskAversion: 0.1, calibration: undefined, pollInterval: 0.5 }));
    await rebalanced(first);
    const { decisions, rebalances } = await stop(first);
    expect(rebalances).to.be.greaterThan(0);
    expect(existsSync(join(store, "pgdata", "PG_VERSION"))).to.equal(true);

    // What that left is hedged by the next one, which ends as if the power were cut.
    const always = settings({ strategy: { name: "time", params: { seconds: 1 } }, pollInterval: 0.5 });
    const second = start(always);
    await rebalanced(second);
    second.kill();
    printed += (await second.ended()).stderr;

    // It leaves the lock of a process that is gone, and a journal that is whole.
    const third = start(always);
    await third.said(/"msg":"Decided\."/);
    const total = await stop(third);
    expect(total.decisions).to.be.greaterThan(decisions + 1);
    expect(BigInt(total.rebalances)).to.equal(await nonce());
  });

  it("is paused and resumed, and tells how it stands, while it runs", async () => {
    const config = settings({ strategy: { name: "time", params: { seconds: 1 } }, pollInterval: 0.5 });
    const running = start(config);
    await running.said(/The keeper watches\./);
    expect(await keeper("pause", "--config", config, "--reason", "a look")).to.equal("paused vault\n");
    expect(await keeper("pause", "--config", config)).to.equal("vault was paused already\n");
    const status = async () =>
      JSON.parse(await keeper("status", "--json", "--config", config)) as {
        vaults: [{ isRunning: boolean; pause: { reason: string } | null }];
      };
    const { vaults } = await status();
    expect(vaults[0]).to.deep.include({ name: "vault", isRunning: true });
    expect(vaults[0].pause?.reason).to.equal("paused by the operator");
    expect(await keeper("resume", "--config", config)).to.equal("resumed vault\n");
    expect((await status()).vaults[0].pause).to.equal(null);
    await stop(running);
  });

  it("makes what it decided again from its journal, and finds it the same", async () => {
    const config = settings();
    expect(await keeper("replay", "--config", config)).to.match(
      /^\d+ decisions: \d+ the same, 0 different\n$/,
    );
  });

  it("asks the deployed engine for greeks", async () => {
    const input = JSON.stringify({ type: "put", S: 3000, strike: 3100, sigma: 0.5, tau: 0 });
    const { code, stdout } = await run(KEEPER, ["greeks", "--json", "-", "--onchain"], {
      input,
      env: { KEEL_RPC_URL: url, KEEL_DEPLOYMENT: deploymentFile },
    });
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.include({ price: 100, delta: -1, gamma: 0 });
  });

  const refused = async (changes: object, key: string): Promise<Outcome> => {
    const outcome = await run(KEEPER, ["run", "--config", settings({ ...changes })], {
      env: { KEEL_PRIVATE_KEY: key },
    });
    printed += outcome.stdout + outcome.stderr;
    return outcome;
  };
  const foreign = (changes: object) => {
    const file = join(directory, "foreign.json");
    writeFileSync(file, JSON.stringify({ ...deployment, ...changes }));
    return { deployment: file };
  };

  for (const [what, changes, key, code, line] of [
    [
      "an account without the role",
      () => ({}),
      keyOf(5),
      1,
      /^keeper: The account 0x9965\w+ lacks the KEEPER role of the vault 0x\w+\.\n$/,
    ],
    [
      "a deployment on another chain",
      () => foreign({ chainId: 1 }),
      KEEPER_KEY,
      1,
      /^keeper: The RPC serves chain 31337, the deployment is of chain 1\.\n$/,
    ],
    [
      "a vault that is not there",
      () => foreign({ contracts: { ...deployment.contracts, Vault: `0x${"ab".repeat(20)}` } }),
      KEEPER_KEY,
      1,
      /^keeper: There is no code at Vault 0x[aA][bB]\w+ on chain 31337\.\n$/,
    ],
    [
      "a deployment file that is not there",
      () => ({ deployment: "/none.json" }),
      KEEPER_KEY,
      2,
      /^keeper: \/none\.json: cannot be read \(ENOENT\)\n$/,
    ],
    ["an unknown setting", () => ({ colour: 1 }), KEEPER_KEY, 2, /^keeper: colour: unknown key\n$/],
    [
      "a key cut short",
      () => ({}),
      KEEPER_KEY.slice(0, -1),
      2,
      /^keeper: KEEL_PRIVATE_KEY: is not 32 bytes in hex\n$/,
    ],
  ] as const) {
    it(`does not start with ${what}, and says so in one line`, async () => {
      const outcome = await refused(changes(), key);
      expect([outcome.code, outcome.stdout]).to.deep.equal([code, ""]);
      expect(outcome.stderr).to.match(line);
    });
  }

  it("never prints the key", () => {
    expect(printed.length).to.be.greaterThan(1000);
    for (const key of [KEEPER_KEY, keyOf(5)]) expect(printed.toLowerCase()).to.not.contain(key.slice(2, -1));
  });

  it("stops the node at Ctrl-C", async () => {
    node.interrupt();
    const { code, stdout } = await node.ended();
    expect(code).to.equal(0);
    expect(stdout.trimEnd().endsWith("stopped")).to.equal(true);
  });
});
