import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import { runKeeper } from "../../keeper/cli/runKeeper.ts";
import type { keelFixture } from "../contracts/utils/keel.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { activateStore } from "./utils/activateStore.ts";
import { KEEPER_KEY } from "./utils/keys.ts";
import { LogLines } from "./utils/logLines.ts";
import { scratch } from "./utils/scratch.ts";
import { shortCalls } from "./utils/shortCalls.ts";

interface Setting {
  /** Of the vault itself. */
  readonly own: Readonly<Record<string, number>>;
  readonly fleet?: Readonly<Record<string, number>>;
  /** By default one that of its own accord holds: it fears next to nothing. */
  readonly strategy?: object;
  /** ETH: a second vault of the fleet, which is not there and has its share of the limit all the same. */
  readonly other?: number;
}

const CALM = { name: "optimal-impulse" };
const EAGER = { name: "fixed-band", params: { fraction: 0.01 } };

describe("limits of a fleet on a vault that runs", function () {
  this.timeout(120_000);
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let chain: ServedProvider;
  let storeDir: string;
  const { write } = scratch();

  // One store for all: they leave nothing pending.
  before(async () => {
    ({ keel } = await shortCalls(2_000));
    chain = await serveProvider(keel.provider);
    storeDir = mkdtempSync(join(tmpdir(), "keel-test-"));
  });
  after(async () => {
    await chain.close();
    rmSync(storeDir, { recursive: true });
  });

  /** Decides once with such limits, as `keeper run --once` does. */
  async function run({ own, fleet, strategy = CALM, other }: Setting): Promise<LogLines> {
    const deployment = (Vault: string) =>
      write(`${Vault}.json`, { chainId: 31337, block: 0, contracts: { ...keel.contracts, Vault } });
    const { maxBaseFeeGwei, ...limits } = own;
    const kept = {
      ...{ name: "kept", deployment: deployment(keel.contracts.Vault), limits },
      ...(maxBaseFeeGwei === undefined ? {} : { maxBaseFeeGwei }),
    };
    const absent = `0x${"ab".repeat(20)}`;
    const vaults =
      other === undefined
        ? [kept]
        : [kept, { name: "absent", deployment: deployment(absent), limits: { delta: other } }];
    const configFile = write("config.json", {
      ...{ rpcUrl: chain.url, storeDir, pollInterval: 0.05, vaults },
      ...{ strategy, riskAversion: 1e-12 },
      ...(fleet === undefined ? {} : { fleet: { limits: fleet } }),
    });
    const stderr = new PassThrough();
    const log = new LogLines(stderr);
    const code = await runKeeper({
      ...{ configFile, once: true, shadowOf: null, stderr },
      ...{ env: { KEEL_PRIVATE_KEY: KEEPER_KEY }, signal: new AbortController().signal },
    });
    await log.until("The keeper has stopped.");
    expect(code, log.text).to.equal(0);
    return log;
  }

  const HOLDS = { action: "hold" };
  const ACTS = { action: "rebalance", reason: "delta-limit" };
  // The vault is short 100 ETH of delta.
  for (const { what, decided, ...setting } of [
    { what: "none lets it hold within its own", own: { delta: 150 }, decided: HOLDS },
    {
      what: "more gamma than it may have lets it act sooner",
      own: { delta: 150, gamma: 1e-12 },
      decided: { action: "rebalance", reason: "gamma-limit" },
    },
    { what: "a lower one has it act", own: { delta: 150 }, fleet: { delta: 90 }, decided: ACTS },
    {
      what: "a higher one lets it hold as before",
      own: { delta: 150 },
      fleet: { delta: 900 },
      decided: HOLDS,
    },
    { what: "a higher one has it act as before", own: { delta: 90 }, fleet: { delta: 900 }, decided: ACTS },
    {
      what: "its share of one is enough to hold",
      ...{ own: { delta: 150 }, other: 150, fleet: { delta: 240 }, decided: HOLDS },
    },
    {
      what: "its share of one is little enough to act",
      ...{ own: { delta: 150 }, other: 150, fleet: { delta: 180 }, decided: ACTS },
    },
  ] satisfies (Setting & { what: string; decided: object })[]) {
    it(what, async () => {
      const log = await run(setting);
      expect(log.of("Decided."), log.text).to.have.length(1);
      expect(log.of("Decided.")[0]).to.include(decided);
    });
  }

  it("a lower one keeps it from sending, a higher one loosens nothing", async () => {
    await activateStore(storeDir, keel.contracts.Vault);
    const rebalances = async () => Number(await keel.vault.getFunction("rebalanceNonce")());
    const dear = /^Its gas may cost [\d.]+ USD, more than limits\.gasUsd, 0\.001\.$/;
    const capped = /^The base fee \d+ is above the cap 1\.$/;
    for (const [limits, fleet, why] of [
      [{}, { gasUsd: 0.001 }, dear],
      [{ gasUsd: 0.001 }, { gasUsd: 500 }, dear],
      [{}, { maxBaseFeeGwei: 1e-9 }, capped],
      [{ maxBaseFeeGwei: 1e-9 }, { maxBaseFeeGwei: 500 }, capped],
    ] as const) {
      const log = await run({ own: { delta: 150, ...limits }, fleet, strategy: EAGER });
      const blocked = log.of("A rebalance is blocked.", { reason: "rule" });
      expect(blocked, log.text).to.have.length(1);
      expect(blocked[0]!["error"]).to.match(why);
      expect(await rebalances()).to.equal(0);
    }
    // Past its limit of drift the cap on the base fee no longer holds it, and that limit may be the fleet's.
    const fleet = { delta: 90, gasUsd: 500, maxBaseFeeGwei: 1e-9 };
    const log = await run({ own: { delta: 150 }, fleet, strategy: EAGER });
    expect(log.of("A rebalance took effect."), log.text).to.have.length(1);
    expect(await rebalances()).to.equal(1);
  });
});
