import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

import { privateKeyToAccount } from "viem/accounts";

import { runKeeper } from "../../keeper/cli/runKeeper.ts";
import { lockDirectory } from "../../keeper/store/directoryLock.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { callControl } from "../../keeper/server/control.ts";
import { openDatabase } from "../../keeper/store/database.ts";
import { acquireLease } from "../../keeper/store/leases.ts";
import { openJournal } from "../../keeper/store/journal.ts";
import { phaseOf } from "../../keeper/strategy/jitter.ts";
import { WAD, type keelFixture } from "../contracts/utils/keel.ts";
import { ownEnvironment } from "../support/ownEnvironment.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { activateStore } from "./utils/activateStore.ts";
import { FaultyProvider, lost, type Provider } from "./utils/faultyProvider.ts";
import { KEEPER_KEY, OTHER_KEY } from "./utils/keys.ts";
import { closeSharedServer, sharedServer } from "./utils/postgres.ts";
import { MAIN } from "./utils/runCli.ts";
import { scratch } from "./utils/scratch.ts";
import { shortCalls } from "./utils/shortCalls.ts";

after(closeSharedServer);

describe("keeper run", () => {
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let provider: FaultyProvider;
  let chain: ServedProvider;
  let url: string;
  let series: Parameters<typeof keel.buy>[1];
  const { at, write } = scratch();

  before(async () => {
    ({ keel, series } = await shortCalls(2_000));
    provider = new FaultyProvider(keel.provider as Provider);
    chain = await serveProvider(provider);
    url = chain.url;
  });
  after(() => chain.close());

  interface Setting {
    readonly env?: Record<string, string>;
    readonly config?: Record<string, unknown>;
    readonly deployment?: Record<string, unknown>;
    readonly signal?: AbortSignal;
    readonly once?: boolean;
    /** Told all that was printed so far. */
    readonly onText?: (text: string) => void;
    /** Whether the operator has let it send; default false. */
    readonly isActive?: boolean;
  }
  /** Writes the files of a keeper. @returns Path of its configuration. */
  function prepare({ config = {}, deployment = {} }: Setting): string {
    const settings = {
      strategy: { name: "fixed-band", params: { fraction: 0.01 } },
      limits: { delta: 100 },
      pollInterval: 0.01,
      storeDir: at("store"),
      deployment: write("deployment.json", {
        chainId: 31337,
        block: 0,
        contracts: keel.contracts,
        ...deployment,
      }),
      ...config,
    };
    return write("config.json", settings);
  }
  async function run({
    env = {},
    signal,
    once: isOnce = true,
    isActive = false,
    onText = () => undefined,
    ...setting
  }: Setting = {}) {
    let text = "";
    const stderr = new PassThrough().on("data", (chunk) => {
      text += String(chunk);
      onText(text);
    });
    const configFile = prepare(setting);
    if (isActive) await activateStore(at("store"), keel.contracts.Vault);
    const code = await runKeeper({
      configFile,
      once: isOnce,
      shadowOf: null,
      env: { KEEL_RPC_URL: url, KEEL_PRIVATE_KEY: KEEPER_KEY, ...env },
      signal: signal ?? new AbortController().signal,
      stderr,
    });
    return { code, text };
  }

  /** A keeper in a process of its own, which tells all that it does. */
  function spawnKeeper(configFile: string) {
    const settings = { KEEL_RPC_URL: url, KEEL_PRIVATE_KEY: KEEPER_KEY, KEEL_LOG_LEVEL: "debug" };
    const env = { ...ownEnvironment(), ...settings };
    return spawn(process.execPath, [MAIN, "run", "--config", configFile], { env });
  }

  it("decides, and sends nothing until it is activated", async () => {
    const { code, text } = await run();
    expect(code, text).to.equal(0);
    expect(text).to.not.include("Sends a transaction.");
    const journal = await openJournal({ directory: at("store") });
    const [decision] = await journal.decisions({ limit: 9 });
    expect([decision!.decision.action, decision!.mode]).to.deep.equal(["rebalance", "dry"]);
    expect(await journal.executions({ limit: 9 })).to.deep.equal([]);
    await journal.close();
  });

  it("hedges once over HTTP, waits for the receipt, and leaves it in the journal", async () => {
    const { code, text } = await run({ isActive: true });
    expect(code, text).to.equal(0);
    expect(text).to.include("A rebalance took effect.").and.not.include("token-of-the-operator");
    const journal = await openJournal({ directory: at("store") });
    expect(await journal.summary(keel.contracts.Vault)).to.include({ decisions: 1, rebalances: 1 });
    await journal.close();
  });

  it("fails to decide once where another keeper has the account's lease, and says so", async function () {
    this.timeout(60_000);
    const server = await sharedServer();
    if (server === null) this.skip();
    const databaseUrl = await server.createDatabase();
    const database = await openDatabase({ url: databaseUrl });
    const key = `31337:${privateKeyToAccount(KEEPER_KEY).address}`;
    await acquireLease(database, { key, holder: "dead:1:x", ttl: 600, log: silentLog });
    const { code, text } = await run({ env: { DATABASE_URL: databaseUrl.reveal() } });
    await database.db.deleteFrom("leases").execute();
    await database.close();
    expect(code, text).to.equal(1);
    expect(text).to.match(
      new RegExp(
        `^keeper: Nothing was decided for want of the lease ${key}: dead:1:x has it until 20[^ ]+Z, longer`,
        "m",
      ),
    );
  });

  it("fails to decide once where the newest block cannot be read, and says so", async () => {
    provider.faults.set("eth_getBlockByNumber", () => Promise.reject(new Error("header not found")));
    const { code, text } = await run();
    provider.faults.clear();
    expect(code, text).to.equal(1);
    expect(text).to.match(/^keeper: Nothing was decided on chain 31337, which could not be read: .+\.$/m);
  });

  it("follows the chain until it is told to stop, and gives its directory back", async () => {
    const stop = new AbortController();
    const onText = (text: string) => {
      if (text.includes("Decided.")) stop.abort();
    };
    const { code, text } = await run({ signal: stop.signal, once: false, onText });
    expect(code, text).to.equal(0);
    expect(text).to.include("The keeper has stopped.");
    lockDirectory(at("store"))();
  });

  it("hears its operator, and stops at once, while an RPC that takes the request never answers", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const stop = new AbortController();
    let asked = Infinity;
    let heard: unknown;
    silent.once("request", () => {
      const { chainId, vault } = { chainId: 31337, vault: `0x${"ab".repeat(20)}` };
      void callControl(at("store"), "pause", { chainId, vault, reason: "not yet" }).then((answer) => {
        heard = answer;
        asked = performance.now();
        stop.abort();
      });
    });
    const port = String((silent.address() as AddressInfo).port);
    const env = { KEEL_RPC_URL: `http://127.0.0.1:${port}` };
    expect(await run({ signal: stop.signal, env })).to.deep.equal({ code: 0, text: "" });
    expect(performance.now() - asked).to.be.lessThan(5_000);
    expect(heard).to.equal(true);
    silent.close();
    silent.closeAllConnections();
  });

  it("sends once more what was lost on its way, when told to decide once", async () => {
    await keel.buy(keel.taker, series, 10n * WAD);
    provider.faults.set("eth_sendRawTransaction", (forward) => {
      provider.faults.clear();
      return lost(forward);
    });
    const { code, text } = await run({ isActive: true });
    expect(code, text).to.equal(0);
    expect(text).to.include("A rebalance took effect.");
  });

  it("stops waiting at the deadline for what is never mined, when told to decide once", async () => {
    await keel.buy(keel.taker, series, 10n * WAD);
    provider.faults.set("eth_sendRawTransaction", async () => {
      await keel.networkHelpers.time.increase(601);
      throw new Error("socket hang up");
    });
    const { code, text } = await run({ isActive: true });
    provider.faults.clear();
    expect(code, text).to.equal(0);
    expect(text).to.include("A transaction was not mined in time.");
  });

  it("has every hold in the journal when it is killed", async () => {
    const strategy = { name: "fixed-band", params: { fraction: 9 } };
    const configFile = prepare({ config: { strategy, jitter: 0.1 } });
    const child = spawnKeeper(configFile);
    const closed = once(child, "close");
    let decided = 0;
    let said = "";
    for await (const line of createInterface(child.stderr)) {
      said += `${line}\n`;
      if (!line.includes("Decided.")) continue;
      decided += 1;
      if (decided === 3) child.kill("SIGKILL");
      await keel.networkHelpers.mine();
    }
    await closed;
    expect(decided, said).to.be.at.least(3);
    const journal = await openJournal({ directory: at("store") });
    // The third may have been on its way to the disk.
    const recorded = await journal.decisions({ limit: 9 });
    expect(recorded.length, said).to.be.within(decided - 1, decided);
    // With all it takes to make them again.
    const phase = phaseOf(keel.contracts.Vault, 31337);
    for (const { params } of recorded)
      expect(params).to.deep.equal({ fraction: 9, jitter: 0.1, phase, limits: 1 });
    await journal.close();
  });

  for (const [what, setting, line] of [
    ["a key without the role", { env: { KEEL_PRIVATE_KEY: OTHER_KEY } }, /lacks the KEEPER role/],
    ["another chain", { deployment: { chainId: 1 } }, /serves chain 31337, the deployment is of chain 1\./],
    [
      "addresses without code",
      { deployment: { contracts: { Vault: `0x${"ab".repeat(20)}`, Lens: `0x${"cd".repeat(20)}` } } },
      /no code at Vault 0xabab/i,
    ],
    [
      "no RPC",
      { env: { KEEL_RPC_URL: "http://127.0.0.1:1/token-of-the-operator" } },
      /The RPC does not answer/,
    ],
  ] as const) {
    it(`does not start with ${what}: one line, exit code 1`, async () => {
      const { code, text } = await run(setting);
      expect(code).to.equal(1);
      expect(text)
        .to.match(line)
        .and.match(/^keeper: [^\n]+\n$/);
      expect(text).to.not.include("token-of-the-operator");
    });
  }

  for (const [what, setting, line] of [
    ["an unknown key", { config: { colour: 1 } }, "keeper: colour: unknown key\n"],
    [
      "no deployment file",
      { config: { deployment: "none.json" } },
      "keeper: none.json: cannot be read (ENOENT)\n",
    ],
    [
      "settings of another chain",
      { config: { chainId: 1 } },
      "keeper: chainId: is 1, the deployment is of chain 31337.\n",
    ],
    [
      "no private key",
      { env: { KEEL_PRIVATE_KEY: `0x${"00".repeat(32)}` } },
      "keeper: KEEL_PRIVATE_KEY is not a valid private key.\n",
    ],
    [
      "no URL of a database",
      { env: { DATABASE_URL: "not-to-be-printed" } },
      "keeper: DATABASE_URL: not of the form postgres://user:password@host:port/name\n",
    ],
  ] as const) {
    it(`does not start with ${what}: one line, exit code 2`, async () => {
      expect(await run(setting)).to.deep.equal({ code: 2, text: line });
    });
  }

  it("does not start beside another keeper in the same directory", async () => {
    const unlock = lockDirectory(at("store"));
    const { code, text } = await run();
    unlock();
    expect(code).to.equal(1);
    expect(text).to.match(/is in use by this process/);
  });

  it("does not start beside one with its own process number, as in another container, and leaves the store whole", async function () {
    this.timeout(60_000);
    const child = spawnKeeper(prepare({}));
    const closed = once(child, "close");
    let said = "";
    try {
      for await (const line of createInterface(child.stderr)) {
        said += `${line}\n`;
        if (line.includes("Decided.")) break;
      }
      expect(said).to.include("Decided.");
      write("store/keeper.lock", { host: hostname(), pid: process.pid, since: "2026" });
      const { code, text } = await run();
      expect(code, text).to.equal(1);
      expect(text).to.match(/^keeper: [^\n]+ is in use by process \d+ on [^\n]+\.\n$/);
    } finally {
      child.kill("SIGKILL");
      await closed;
    }
    const { code, text } = await run();
    expect(code, text).to.equal(0);
  });
});
