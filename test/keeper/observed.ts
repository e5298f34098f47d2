import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { loadConfig } from "../../keeper/config/load.ts";
import { assembleFleet } from "../../keeper/fleet/assemble.ts";
import { noObserver, type Observer } from "../../keeper/fleet/observer.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { activate } from "../../keeper/store/controls.ts";
import { serveProvider } from "../support/serveProvider.ts";
import { lost } from "./utils/faultyProvider.ts";
import { ACCOUNT, keeperHarness } from "./utils/keeperHarness.ts";
import { KEEPER_KEY } from "./utils/keys.ts";
import { scratch } from "./utils/scratch.ts";

/** Milliseconds an estimate is made to take. */
const SLOW = 300;

type Broadcast = Parameters<Observer["broadcast"]>[0];
type Request = Parameters<Observer["requested"]>[0];

describe("what a fleet tells its observer", () => {
  const harness = keeperHarness();
  const { write } = scratch();

  /** Decides once, as `keeper run --once` does, and tells what was observed. */
  async function decideOnce() {
    const broadcasts: Broadcast[] = [];
    const requests: Request[] = [];
    const { url, close } = await serveProvider(harness.provider);
    const { contracts } = harness.keel;
    const deployment = write("deployment.json", { chainId: 31337, block: 0, contracts });
    const strategy = { name: "fixed-band", params: { fraction: 1e-9 } };
    const settings = { rpcUrl: url, chainId: 31337, deployment, strategy, limits: { delta: 1000 } };
    const file = write("keeper.json", settings);
    const { database, journal } = harness;
    await database.db.deleteFrom("leases").execute();
    await activate(database, {
      ...{ chainId: 31337, vault: contracts.Vault, build: "test", account: ACCOUNT.address },
    });
    const [chain] = await assembleFleet(loadConfig({ file, env: { KEEL_PRIVATE_KEY: KEEPER_KEY } }), {
      ...{ database, journal, log: silentLog, build: "test", holder: "test", shadowOf: null },
      observer: {
        ...noObserver,
        broadcast: (about) => broadcasts.push(about),
        requested: (about) => requests.push(about),
      },
      signal: new AbortController().signal,
    });
    try {
      await chain!.decideOnce();
    } finally {
      await chain!.release();
      await close();
    }
    return { broadcasts, requests };
  }

  it("is the time from the block to the node's acceptance, and how much of it went by waiting on RPC", async () => {
    harness.provider.faults.set("eth_estimateGas", async (forward) => {
      await sleep(SLOW);
      return forward();
    });
    const startedAt = performance.now();
    const { broadcasts } = await decideOnce();
    const took = (performance.now() - startedAt) / 1000;
    expect(await harness.statuses()).to.deep.equal(["sent"]);
    expect(broadcasts).to.have.length(1);
    const { chainId, seconds, rpcSeconds } = broadcasts[0]!;
    expect(chainId).to.equal(31337);
    expect(rpcSeconds).to.be.greaterThan((SLOW - 5) / 1000);
    expect(seconds).to.be.within(rpcSeconds, took);
    // Deciding, saving and signing take a while too.
    expect(seconds - rpcSeconds).to.be.within(0.001, took - SLOW / 1000);
  });

  it("is no broadcast that nobody has answered", async () => {
    harness.provider.faults.set("eth_sendRawTransaction", lost);
    const { broadcasts } = await decideOnce();
    expect(await harness.statuses()).to.deep.equal(["signed"]);
    expect(broadcasts).to.deep.equal([]);
  });

  it("is every request, by endpoint and method", async () => {
    const { requests } = await decideOnce();
    expect(requests.every(({ chainId, answered }) => chainId === 31337 && answered)).to.equal(true);
    const methods = requests.map(({ method }) => method);
    expect(methods).to.deep.equal(harness.provider.asked);
    expect(methods).to.include.members(["eth_call", "eth_estimateGas", "eth_sendRawTransaction"]);
  });
});
