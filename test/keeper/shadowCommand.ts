import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import { openJournal } from "../../keeper/store/journal.ts";
import type { keelFixture } from "../contracts/utils/keel.ts";
import { expectNear } from "../support/near.ts";
import { ownEnvironment } from "../support/ownEnvironment.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { activateStore } from "./utils/activateStore.ts";
import { FaultyProvider, type Provider } from "./utils/faultyProvider.ts";
import { KEEPER_KEY } from "./utils/keys.ts";
import { LogLines, type LogLine } from "./utils/logLines.ts";
import { RunningKeeper } from "./utils/runningKeeper.ts";
import { MAIN } from "./utils/runCli.ts";
import { scratch } from "./utils/scratch.ts";
import { shortCalls } from "./utils/shortCalls.ts";

describe("keeper shadow", function () {
  this.timeout(120_000);
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  /** The way of the live keeper to the chain, and the shadow's. */
  let chain: ServedProvider;
  let watched: ServedProvider;
  let asked: string[];
  const started: ChildProcess[] = [];
  const { at, write } = scratch();

  before(async () => {
    ({ keel } = await shortCalls(2_000));
    chain = await serveProvider(keel.provider);
  });
  beforeEach(async () => {
    const provider = new FaultyProvider(keel.provider as Provider);
    ({ asked } = provider);
    watched = await serveProvider(provider);
  });
  afterEach(async () => {
    for (const child of started.splice(0)) child.kill("SIGKILL");
    await watched.close();
  });
  after(() => chain.close());

  /** @param fraction Of the options' notional that drift may reach. @returns Path of the configuration. */
  function configure(name: string, rpcUrl: string, fraction: number): string {
    return write(`${name}.json`, {
      ...{ rpcUrl, storeDir: at(name), pollInterval: 0.05, limits: { delta: 1_000 } },
      strategy: { name: "fixed-band", params: { fraction } },
      deployment: write("deployment.json", { chainId: 31337, block: 0, contracts: keel.contracts }),
    });
  }
  /** The command in a process of its own, without a key. */
  function shadow(name: string, fraction: number, ...flags: string[]) {
    const configFile = configure(name, watched.url, fraction);
    const args = [MAIN, "shadow", "--as", keel.keeper.address, "--config", configFile, ...flags];
    const child = spawn(process.execPath, args, { env: ownEnvironment() });
    started.push(child);
    return { child, closed: once(child, "close"), log: new LogLines(child.stderr) };
  }
  const nonce = () => keel.ethers.provider.getTransactionCount(keel.keeper.address);
  const sends = () => asked.filter((method) => method.startsWith("eth_send"));

  it("decides once with --once, sends nothing, and stops by itself", async () => {
    const { closed, log } = shadow("shadow", 0.01, "--once");
    expect(await closed, log.text).to.deep.equal([0, null]);
    expect(log.of("Decided.", { action: "rebalance" })).to.have.length(1);
    expect(log.of("The keeper has stopped.", { decisions: 1, rebalances: 0 })).to.have.length(1);
    expect([await nonce(), sends()]).to.deep.equal([0, []]);
  });

  it("decides beside a keeper that trades, sends nothing, and tells how the two differ", async () => {
    const drift = Number((await keel.vault.getFunction("drift")()) as bigint) / 1e18;
    const alike = shadow("alike", 0.01);
    const idle = shadow("idle", 9);
    await alike.log.until("Decided.", { action: "rebalance" });
    await idle.log.until("Decided.", { action: "hold" });
    expect(await nonce()).to.equal(0);

    await activateStore(at("live"), keel.contracts.Vault);
    const configFile = configure("live", chain.url, 0.01);
    const live = new RunningKeeper({ configFile, env: { KEEL_PRIVATE_KEY: KEEPER_KEY } });
    const comparisons: LogLine[] = [];
    try {
      await live.log.until("A rebalance took effect.");
      for (const { log } of [alike, idle]) comparisons.push(await log.until("The other keeper traded."));
      for (const { child } of [alike, idle]) child.kill("SIGTERM");
      for (const { closed, log } of [alike, idle]) expect(await closed, log.text).to.deep.equal([0, null]);
    } finally {
      expect(await live.stop(), live.log.text).to.equal(0);
    }

    const [same, other] = comparisons as [LogLine, LogLine];
    for (const { theirs, vault } of comparisons) {
      expect(vault).to.equal(keel.contracts.Vault);
      expectNear(theirs as number, -drift, 1e-3);
    }
    expectNear(same["ours"] as number, -drift, 1e-3);
    expect(same["waited"]).to.be.greaterThan(0);
    expect(other).to.include({ ours: 0, waited: 0 });
    // What was sent is the other's.
    expect([await nonce(), sends()]).to.deep.equal([1, []]);
    const journal = await openJournal({ directory: at("alike") });
    const decisions = await journal.decisions({ limit: 99 });
    expect(new Set(decisions.map(({ mode }) => mode))).to.deep.equal(new Set(["shadow"]));
    expect(await journal.executions({ limit: 99 })).to.deep.equal([]);
    await journal.close();
  });
});
