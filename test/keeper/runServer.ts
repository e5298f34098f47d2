import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import type { keelFixture } from "../contracts/utils/keel.ts";
import { expectNear } from "../support/near.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { activateStore } from "./utils/activateStore.ts";
import { KEEPER_KEY } from "./utils/keys.ts";
import { RunningKeeper } from "./utils/runningKeeper.ts";
import { scratch } from "./utils/scratch.ts";
import { shortCalls } from "./utils/shortCalls.ts";
import { until } from "./utils/until.ts";
import { WebhookServer, WEBHOOK_TOKEN } from "./utils/webhookServer.ts";

/** What a block's base fee is kept at: a rebalance then costs about 0.01 ETH. */
const BASE_FEE = 25n * 10n ** 9n;
/** Wei that pay for a rebalance, and not for the ten that are wanted. */
const BALANCE = 5n * 10n ** 16n;
/** Milliseconds between blocks. */
const BLOCK_TIME = 300;

/** Milliseconds. It looks every 10 s at what there is to tell of, and has it delivered by a queue that is asked every 2 s. */
const TOLD_IN = 40_000;

describe("what a running keeper serves, and whom it tells", function () {
  this.timeout(120_000);
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let chain: ServedProvider;
  const webhook = new WebhookServer();
  const { at, write } = scratch();

  before(async () => {
    ({ keel } = await shortCalls(2_000));
    chain = await serveProvider(keel.provider);
    await webhook.open();
    await keel.networkHelpers.setBalance(keel.keeper.address, BALANCE);
    await mine();
  });
  after(async () => {
    await chain.close();
    await webhook.close();
  });

  async function start(): Promise<{ running: RunningKeeper; url: string }> {
    await activateStore(at("store"), keel.contracts.Vault);
    const configFile = write("config.json", {
      ...{ rpcUrl: chain.url, storeDir: at("store"), pollInterval: 0.5, limits: { delta: 100 } },
      ...{ name: "weekly", server: { port: 0 } },
      strategy: { name: "fixed-band", params: { fraction: 0.01 } },
      deployment: write("deployment.json", { chainId: 31337, block: 0, contracts: keel.contracts }),
    });
    const env = { KEEL_PRIVATE_KEY: KEEPER_KEY, KEEL_ALERT_WEBHOOK: webhook.url };
    const running = new RunningKeeper({ configFile, env });
    const { url } = await running.log.until("The status is served.");
    return { running, url: url as string };
  }
  async function mine(): Promise<void> {
    await keel.networkHelpers.setNextBlockBaseFeePerGas(BASE_FEE);
    await keel.networkHelpers.mine();
  }
  /** Mines until it is told to stop. */
  function keepMining(): () => Promise<void> {
    let isOver = false;
    const mining = (async () => {
      while (!isOver) {
        await mine();
        await sleep(BLOCK_TIME);
      }
    })();
    return () => {
      isOver = true;
      return mining;
    };
  }

  it("are the vault's state and records, its health, and an alert for what is wrong", async () => {
    const stopMining = keepMining();
    const { running, url } = await start();
    const { log } = running;
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      const text = await response.text();
      expect(text).to.not.include("token-of-the-operator").and.not.include(WEBHOOK_TOKEN);
      return { status: response.status, text };
    };
    const json = async <T>(path: string): Promise<T> => {
      const { status, text } = await get(path);
      expect(status, text).to.equal(200);
      return JSON.parse(text) as T;
    };
    try {
      const { hash } = await log.until("A rebalance took effect.");
      await log.until("Decided.", { action: "hold" });
      expect(await json("/ready")).to.deep.equal({ ready: true, reasons: [] });
      expect(await json("/health")).to.deep.equal({ healthy: true, reasons: [] });
      await showsTheVault(json, async (path) => (await get(path)).text, hash as string);

      await stopMining();
      await chain.close();
      let health = await get("/health");
      for (const end = performance.now() + TOLD_IN; health.status === 200 && performance.now() < end;) {
        await sleep(100);
        health = await get("/health");
      }
      expect(health.status).to.equal(503);
      const { healthy, reasons } = JSON.parse(health.text) as { healthy: boolean; reasons: string[] };
      expect([healthy, reasons.length]).to.deep.equal([false, 1]);
      expect(reasons[0]).to.match(/^Chain 31337 has shown no new head for [\d.]+ s, where one is due every/);
      // Ready is what has once got under way.
      expect((await get("/ready")).status).to.equal(200);

      const names = ["head-stalled", "low-balance"];
      await until(() => webhook.taken.length >= names.length, `two alerts\n${log.text}`, TOLD_IN);
      const [stalled, low] = names.map((name) => webhook.taken.find((message) => message.name === name)!);
      expect(webhook.taken).to.have.length(2);
      expect(stalled).to.include({ severity: "critical", chainId: 31337, vault: null, resolved: false });
      expect(stalled!.text).to.match(/^\[critical\] Chain 31337 has shown no new head for /);
      expect(low).to.include({ severity: "warning", chainId: 31337, vault: null, resolved: false });
      expect(low!.text).to.match(/has 0\.0\d+ ETH: enough for about [1-9] of the 10 rebalances/);
      const { alerts } = await json<{ alerts: { name: string }[] }>("/status");
      expect(alerts.map(({ name }) => name)).to.have.members(names);
      expect((await get("/metrics")).text).to.include(
        'keel_alerts_open{name="head-stalled",severity="critical"} 1\n',
      );
    } finally {
      await stopMining();
      expect(await running.stop(), log.text).to.equal(0);
    }
    const gone: unknown = await fetch(url).catch((error: unknown) => error);
    expect(gone).to.be.instanceOf(TypeError);
  });

  async function showsTheVault(
    json: <T>(path: string) => Promise<T>,
    text: (path: string) => Promise<string>,
    hash: string,
  ): Promise<void> {
    const { Vault } = keel.contracts;
    const account = keel.keeper.address;
    const { vaults, lanes, chains, database } =
      await json<Record<string, Record<string, unknown>[]>>("/status");
    expect(database).to.deep.equal({ reachable: true, lastError: null });
    const [vault] = vaults!;
    expect(vault).to.deep.include({
      ...{ name: "weekly", chainId: 31337, vault: Vault, account, mode: "live", strategy: "fixed-band" },
      ...{ rebalances: 1, blocked: 0, reverted: 0, failures: 0, lastError: null, pending: null, limit: 100 },
      price: 3_000,
    });
    expectNear(vault!["nav"] as number, Number((await keel.vault.getFunction("nav")()) as bigint) / 1e6, 1);
    expect(vault!["gasUsd"]).to.be.within(1, 100);
    expect(vault!["lastDecision"]).to.include({ action: "hold" });
    expect(lanes).to.have.length(1);
    expect(lanes![0]).to.include({ account, nextNonce: "1", lease: "held", reconciled: true });
    expect(chains![0]).to.include({ chainId: 31337, reorgs: 0 });
    const height = await keel.ethers.provider.getBlockNumber();
    expect(Number(chains![0]!["head"])).to.be.within(height - 10, height);

    const decisions = await json<{ id: string; mode: string; decision: { action: string; trade: number } }[]>(
      "/decisions?vault=weekly&limit=1000",
    );
    const trades = decisions.filter(({ decision }) => decision.action === "rebalance");
    expect(trades).to.have.length(1);
    expect(trades[0]!.mode).to.equal("live");
    expectNear(trades[0]!.decision.trade, 100, 1);
    const executions = await json<Record<string, unknown>[]>(`/executions?vault=${Vault}`);
    expect(executions).to.have.length(1);
    expect(executions[0])
      .to.include({ hash, status: "confirmed", decision_id: trades[0]!.id, tx_nonce: "0", kind: "rebalance" })
      .and.not.have.property("raw");
    const metrics = await text("/metrics");
    for (const line of [
      'keel_rebalances_total{chain="31337",vault="weekly",outcome="confirmed"} 1',
      'keel_price_usd{chain="31337",vault="weekly"} 3000',
      'keel_limit_eth{chain="31337",vault="weekly"} 100',
      `keel_lane_next_nonce{chain="31337",account="${account}"} 1`,
      "keel_database_up 1",
    ])
      expect(metrics).to.include(`${line}\n`);
    const receipt = await keel.ethers.provider.getTransactionReceipt(hash);
    expect([receipt!.from, receipt!.status]).to.deep.equal([account, 1]);
  }
});
