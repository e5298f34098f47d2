import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";

import type { Address } from "viem";

import { loadConfig } from "../../keeper/config/load.ts";
import { assembleFleet } from "../../keeper/fleet/assemble.ts";
import type { ChainSeat } from "../../keeper/fleet/chainSeat.ts";
import { Fleet } from "../../keeper/fleet/fleet.ts";
import { noObserver, type Observer } from "../../keeper/fleet/observer.ts";
import { createLogger } from "../../keeper/log/logger.ts";
import type { RpcWait } from "../../keeper/rpc/waiting.ts";
import { activate } from "../../keeper/store/controls.ts";
import { openDatabase } from "../../keeper/store/database.ts";
import { Secret } from "../../keeper/config/secret.ts";
import { Journal } from "../../keeper/store/journal.ts";
import { developmentKey, KEEPER_ACCOUNT } from "../../scripts/demo/actors.ts";
import { serveParent } from "./childProcess.ts";
import { timeDatabase } from "./databaseTime.ts";
import { BlockLog } from "./blockLog.ts";

export interface FleetSetting {
  readonly url: string;
  readonly chainId: number;
  readonly lens: Address;
  readonly vaults: readonly Address[];
  /** 1/USD. */
  readonly riskAversion: number;
  /** Seconds. */
  readonly pollInterval: number;
  /** Of a PostgreSQL database; null for an embedded one on disk. */
  readonly databaseUrl: string | null;
}

/** One broadcast, seconds. */
export interface BroadcastTime {
  readonly total: number;
  readonly rpc: number;
  readonly database: number;
}

const BUILD = "bench";
/** ETH: out of the way of what is measured. */
const DELTA_LIMIT = 1_000;

let fleet: Fleet;
let seats: readonly ChainSeat[];
let running: Promise<void>;
let close: () => Promise<void>;
let databaseTime: RpcWait;
let log: BlockLog;
let startOfBlock = 0;
const broadcasts: BroadcastTime[] = [];

/** A keeper as `keeper run` puts it together, with an observer that keeps time. */
const handlers = {
  async start(setting: FleetSetting): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "keel-bench-"));
    const stopping = new AbortController();
    const { databaseUrl: url } = setting;
    const store = join(directory, "store");
    mkdirSync(store);
    const database = await openDatabase(url === null ? { directory: store } : { url: new Secret(url) });
    databaseTime = timeDatabase(database);
    const journal = new Journal(database, { batchSize: 1 });
    const config = loadConfig({ file: writeSettings(directory, setting), env: keyOfKeeper() });
    const errors = createLogger({ level: "error", destination: firstOnly() });
    const observer: Observer = {
      ...noObserver,
      broadcast({ seconds: total, rpcSeconds: rpc }) {
        broadcasts.push({ total, rpc, database: databaseTime.seconds - startOfBlock });
      },
      decided: ({ vault }) => {
        log.noteDecision(vault);
      },
    };
    seats = await assembleFleet(config, {
      ...{ database, journal, log: errors, build: BUILD, holder: "bench", shadowOf: null },
      ...{ observer, signal: stopping.signal },
    });
    const [seat] = seats as [ChainSeat];
    log = new BlockLog(seat);
    const account = seat.lanes[0]!.account;
    for (const { subject } of seat.vaults) await activate(database, { ...subject, build: BUILD, account });
    const { pollInterval } = setting;
    fleet = new Fleet({
      ...{ chains: seats, database, build: BUILD, log: errors, pollInterval },
      alerts: () => [],
    });
    await fleet.check();
    running = fleet.run(stopping.signal);
    close = async () => {
      stopping.abort();
      await running;
      await journal.flush();
      await database.close();
      rmSync(directory, { recursive: true });
    };
  },

  /** What is timed from now on belongs to the block to come. */
  startBlock(): void {
    startOfBlock = databaseTime.seconds;
  },

  /** Waits until every vault has decided at a block. */
  decided: (block: bigint): Promise<void> => log.decided(block),

  broadcasts: (): readonly BroadcastTime[] => broadcasts,

  /** Seconds from a block's arrival until the last vault had decided, by block. */
  waits: (): ReadonlyMap<bigint, number> => log.waits(),

  /** CPU seconds of this process until now, of all its threads. */
  cpu(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },

  /** Bytes in use once garbage is collected. */
  memory(): { rss: number; heap: number } {
    for (let i = 0; i < 3; i += 1) global.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  },

  /** What its first vault did last, and what kept any of them from it. */
  doing(): string {
    const { vaults } = fleet.status();
    const { mode, lastDecision } = vaults[0]!;
    const { reason = "nothing", drift = NaN, band = null } = lastDecision ?? {};
    const errors = new Set(vaults.flatMap(({ lastError }) => lastError ?? []));
    return `${mode}, ${reason}, drift ${String(drift)}, band ${String(band?.b)}. ${[...errors].join(" ")}`;
  },

  async stop(): Promise<void> {
    await close();
  },
};

export type FleetHandlers = typeof handlers;

function writeSettings(directory: string, setting: FleetSetting): string {
  const { url, chainId, lens, vaults, riskAversion, pollInterval } = setting;
  const entries = vaults.map((vault, index) => {
    const deployment = join(directory, `vault-${String(index)}.json`);
    writeFileSync(deployment, JSON.stringify({ chainId, block: 0, contracts: { Vault: vault, Lens: lens } }));
    return { name: `vault-${String(index)}`, deployment };
  });
  const file = join(directory, "keeper.json");
  const shared = { rpcUrl: url, chainId, pollInterval, riskAversion, limits: { delta: DELTA_LIMIT } };
  writeFileSync(file, JSON.stringify({ ...shared, vaults: entries }));
  return file;
}

function keyOfKeeper(): Record<string, string> {
  return { KEEL_PRIVATE_KEY: developmentKey(KEEPER_ACCOUNT) };
}

serveParent(handlers);

/** Standard error for one line: of a fleet beyond what one core can serve every vault says the same at every block. */
function firstOnly(): Writable {
  let isTold = false;
  return new Writable({
    write(line: Buffer, _, done) {
      if (!isTold) process.stderr.write(line);
      isTold = true;
      done();
    },
  });
}
