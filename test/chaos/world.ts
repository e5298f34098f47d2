import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { sql } from "kysely";
import type { Hash } from "viem";

import { buildId } from "../../keeper/config/build.ts";
import { Secret } from "../../keeper/config/secret.ts";
import { activate } from "../../keeper/store/controls.ts";
import { openDatabase, type Database } from "../../keeper/store/database.ts";
import { Journal } from "../../keeper/store/journal.ts";
import { Random } from "../../keeper/math/random.ts";
import { emptyDatabase } from "../keeper/utils/emptyDatabase.ts";
import type { Server } from "../keeper/utils/postgresServer.ts";
import { Ground, KEEPER_KEY } from "./ground.ts";
import { checkInvariants } from "./invariants.ts";
import { KeeperProcess } from "./keeperProcess.ts";
import { PostgresProxy } from "./postgresProxy.ts";
import { RpcProxy } from "./rpcProxy.ts";
import { SignerServer } from "./signerServer.ts";
import type { Tap } from "./tap.ts";

const CHAIN_ID = 31337;
/** Seconds: as short as settings allow. */
export const LEASE_SECONDS = 3;
/** Milliseconds for a keeper that is well to bring everything to an end. */
const PATIENCE = 40_000;

export interface Start {
  /** Endpoints it is given, each a proxy of its own; default one. */
  readonly endpoints?: number;
  /** Overrides of its settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Signs by the remote signer instead of a key. */
  readonly remote?: boolean;
  readonly flags?: readonly string[];
  readonly wrapper?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** All that a scenario plays with: a chain, a database and a signer, real ones, and between them and the keeper what may go wrong. */
export class World {
  readonly ground: Ground;
  readonly rpcs: readonly [RpcProxy, RpcProxy, RpcProxy];
  readonly postgres: PostgresProxy;
  readonly signer: SignerServer;
  readonly #url: Secret;
  /** The shared database, not through the proxy. */
  readonly shared: Database;
  random = new Random(1);
  keepers: KeeperProcess[] = [];
  readonly foreign = new Set<Hash>();
  /** Where the keeper of this scenario has a database of its own; null where it is the shared one. */
  #embedded: string | null = null;
  #directory = "";
  #configs = 0;
  #cleanups: (() => unknown)[] = [];

  private constructor(
    parts: Pick<World, "ground" | "rpcs" | "postgres" | "signer"> & { url: Secret; shared: Database },
  ) {
    this.ground = parts.ground;
    this.rpcs = parts.rpcs;
    this.postgres = parts.postgres;
    this.signer = parts.signer;
    this.#url = parts.url;
    this.shared = parts.shared;
  }

  static async create(server: Server): Promise<World> {
    const url = await server.createDatabase();
    const [ground, postgres, signer, shared] = await Promise.all([
      Ground.create(),
      PostgresProxy.start(Number(new URL(url.reveal()).port)),
      SignerServer.start(KEEPER_KEY),
      openDatabase({ url }),
    ]);
    const rpcs = [
      await RpcProxy.start(ground.url),
      await RpcProxy.start(ground.url),
      await RpcProxy.start(ground.url),
    ] as const;
    return new World({ ground, rpcs, postgres, signer, url, shared });
  }

  get rpc(): RpcProxy {
    return this.rpcs[0];
  }

  /** Listens on all channels. */
  set tap(tap: Tap) {
    for (const each of [...this.rpcs, this.postgres, this.signer]) each.tap = tap;
  }

  /** Everything as it was before the first scenario. */
  async reset(seed: number, name: string): Promise<void> {
    await this.clear();
    this.random = new Random(seed, name);
    for (const each of [...this.rpcs, this.postgres, this.signer]) each.reset();
    await this.postgres.up();
    await Promise.all([this.ground.reset(), emptyDatabase(this.shared)]);
    this.#embedded = null;
    await this.activate(this.shared);
    this.#directory = mkdtempSync(join(tmpdir(), "keel-chaos-"));
  }

  /** A directory of the scenario's own, gone after it. */
  get directory(): string {
    return this.#directory;
  }

  /** Called when the scenario is over, however it ends. */
  onEnd(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** Ends what a scenario has left running. */
  async clear(): Promise<void> {
    this.ground.stopMining();
    for (const keeper of this.keepers) {
      keeper.thaw();
      await keeper.kill();
    }
    this.keepers = [];
    this.foreign.clear();
    for (const cleanup of this.#cleanups.toReversed()) await cleanup();
    this.#cleanups = [];
    if (this.#directory !== "") rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = "";
  }

  async close(): Promise<void> {
    await this.clear();
    for (const rpc of this.rpcs) rpc.close();
    this.postgres.down();
    await Promise.all([this.signer.close(), this.shared.close(), this.ground.close()]);
  }

  /** Starts a keeper that may send, and hedges to nothing whenever the vault lets it. */
  start({ endpoints = 1, settings = {}, remote = false, env = {}, ...rest }: Start = {}): KeeperProcess {
    const embedded = this.#embedded;
    const urls = this.rpcs.slice(0, endpoints).map(({ url }) => url);
    const database = new URL(this.#url.reveal());
    database.port = String(this.postgres.port);
    const config = {
      rpcUrl: urls,
      deployment: this.#write("deployment", {
        chainId: CHAIN_ID,
        block: 0,
        contracts: this.ground.keel.contracts,
      }),
      strategy: { name: "fixed-band", params: { fraction: 1e-9 } },
      limits: { delta: 1000 },
      pollInterval: 0.1,
      leaseSeconds: LEASE_SECONDS,
      ...(remote ? { remoteSigner: { url: this.signer.url, address: this.signer.address } } : {}),
      ...(embedded === null ? {} : { storeDir: embedded }),
      ...settings,
    };
    const keeper = new KeeperProcess({
      config: this.#write(`keeper-${String((this.#configs += 1))}`, config),
      env: {
        ...(remote ? {} : { KEEL_PRIVATE_KEY: KEEPER_KEY }),
        ...(embedded === null ? { DATABASE_URL: database.href } : {}),
        ...env,
      },
      ...rest,
    });
    this.keepers.push(keeper);
    return keeper;
  }

  async activate(database: Database): Promise<void> {
    const { vault, keeper: account } = this.ground;
    await activate(database, { chainId: CHAIN_ID, vault, account, build: buildId() });
  }

  /** A database in a directory of this machine, for one keeper. */
  async embed(directory: string): Promise<void> {
    const database = await openDatabase({ directory });
    await this.activate(database);
    await database.close();
    this.#embedded = directory;
  }

  /** Lets the time of a dead keeper's leases pass at once. */
  async expireLeases(): Promise<void> {
    await sql`update leases set expires_at = '-infinity'`.execute(this.shared.db);
  }

  /** A number of [0, below). */
  draw(below: number): number {
    return Math.floor(this.random.uniform() * below);
  }

  /** Mines until nothing is under way and nothing is wanted. */
  async settle(
    keeper: KeeperProcess,
    isSettled: () => Promise<boolean> = () => this.isSettled(keeper),
  ): Promise<void> {
    const late = performance.now() + PATIENCE;
    this.ground.startMining();
    while (!(await isSettled())) {
      if (keeper.end !== null) throw new Error(`The keeper ended: ${keeper.tail()}`);
      if (performance.now() > late) {
        const executions = await new Journal(this.shared).executions({ limit: 20 });
        const left = executions.map(
          ({ id, kind, status, tx_nonce: n }) => `${String(id)} ${kind} ${status} ${String(n)}`,
        );
        throw new Error(
          `Nothing settles: drift ${String(await this.ground.drift())}, ${left.join(", ")} ${keeper.tail()}`,
        );
      }
      await sleep(50);
    }
    this.ground.stopMining();
  }

  /** Settles, disturbs the vault, and settles again: the keeper is as well as before. */
  async settleTwice(keeper: KeeperProcess): Promise<void> {
    await this.settle(keeper);
    await this.ground.disturb();
    await this.settle(keeper);
  }

  /** Whether the vault is hedged, by rebalances that the journal knows of, and nothing is pending. */
  async isSettled(keeper: KeeperProcess): Promise<boolean> {
    const [drift, rebalances] = await Promise.all([this.ground.drift(), this.ground.rebalances()]);
    if (Math.abs(drift) >= 0.5 || rebalances === 0) return false;
    // Only its keeper can look into an embedded database.
    if (this.#embedded !== null) return keeper.count("A rebalance took effect.") > 0;
    const executions = await new Journal(this.shared).executions({ limit: 1000 });
    const count = (...statuses: string[]) =>
      executions.filter(({ status }) => statuses.includes(status)).length;
    return count("intent", "signed", "sent") === 0 && count("confirmed") > 0;
  }

  /** Ends the keepers and looks whether everything is as it must be. */
  async check(): Promise<void> {
    this.ground.stopMining();
    await Promise.all(this.keepers.map((keeper) => (keeper.end === null ? keeper.stop() : undefined)));
    const { ground, keepers, foreign, shared } = this;
    const database = this.#embedded === null ? shared : await openDatabase({ directory: this.#embedded });
    try {
      await checkInvariants({ ground, database, keepers, foreign });
    } finally {
      if (database !== shared) await database.close();
    }
  }

  #write(name: string, content: unknown): string {
    const file = join(this.#directory, `${name}.json`);
    writeFileSync(file, JSON.stringify(content));
    return file;
  }
}
