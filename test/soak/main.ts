import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import Table from "cli-table3";

import { buildId } from "../../keeper/config/build.ts";
import { Secret } from "../../keeper/config/secret.ts";
import { activate } from "../../keeper/store/controls.ts";
import { openDatabase, type DatabaseLocation } from "../../keeper/store/database.ts";
import { ACTORS, developmentKey, KEEPER_ACCOUNT } from "../../scripts/demo/actors.ts";
import { KeeperProcess } from "../chaos/keeperProcess.ts";
import { startServer } from "../keeper/utils/postgresServer.ts";
import { openMarket, type Market } from "./market.ts";
import { trends, type Quantity, type Sample, type Trend } from "./trend.ts";

const USAGE = `Lets the keeper run on a market that is played as fast as it goes, and looks whether it keeps what it should let go.

  --blocks NUMBER   blocks to play (20000); in fewer than 5000 caches still fill, which looks like growth
  --every NUMBER    blocks between samples (250)
  --seed NUMBER     of the market (1)
  --postgres        a PostgreSQL server instead of the embedded database
  --json FILE       writes the samples and trends
  --help`;

/** Growth that is allowed in 1,000 blocks: 7,200 of Ethereum's make a day. The resident memory has garbage in it, the heap has not. */
const LIMITS: Readonly<Record<Quantity, number>> = {
  rss: 2 * 2 ** 20,
  heapUsed: 2 ** 18,
  external: 2 ** 19,
  handles: 0.5,
  descriptors: 0.5,
};
const GAUGE = join(import.meta.dirname, "gauge.ts");
/** Blocks the market may be ahead of the keeper's decisions. */
const LEAD = 4;
/** Milliseconds it waits for them at most: at some blocks nothing is decided. */
const WAIT = 500;
const BLOCK_TIME = 12;
const MEBI = 2 ** 20;

interface Options {
  readonly blocks: number;
  readonly every: number;
  readonly seed: number;
  readonly usesPostgres: boolean;
  readonly json: string | undefined;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  const directory = mkdtempSync(join(tmpdir(), "keel-soak-"));
  const market = await openMarket({ seed: options.seed, lasts: (options.blocks + 1000) * BLOCK_TIME });
  const { location, destroy } = await openStore(options, directory);
  const keeper = await startKeeper(market, location, directory);
  try {
    const startedAt = performance.now();
    const samples = await soak(keeper, market, join(directory, "gauge"), options);
    const seconds = (performance.now() - startedAt) / 1000;
    const found = trends(samples, LIMITS);
    report(samples, found, keeper, seconds);
    if (options.json !== undefined) {
      const { blocks, seed, usesPostgres } = options;
      const record = {
        blocks,
        seed,
        database: usesPostgres ? "postgres" : "pglite",
        seconds,
        trends: found,
        samples,
      };
      writeFileSync(options.json, `${JSON.stringify(record, null, 2)}\n`);
    }
    return found.every(({ isFlat }) => isFlat) ? 0 : 1;
  } finally {
    await keeper.stop();
    await destroy();
    await market.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A store in which the keeper may send. */
async function openStore(
  { usesPostgres }: Options,
  directory: string,
): Promise<{ location: DatabaseLocation; destroy: () => Promise<void> }> {
  if (!usesPostgres)
    return { location: { directory: join(directory, "store") }, destroy: () => Promise.resolve() };
  const server = await startServer();
  if (server === null) throw new Error("There is no PostgreSQL for this platform.");
  return { location: { url: await server.createDatabase() }, destroy: () => server.destroy() };
}

async function startKeeper(
  { url, deployment, settings }: Market,
  location: DatabaseLocation,
  directory: string,
): Promise<KeeperProcess> {
  const { chainId, contracts } = deployment;
  const database = await openDatabase(location);
  const account = ACTORS.keeper.address;
  await activate(database, { chainId, vault: contracts.Vault, account, build: buildId() });
  await database.close();
  const write = (name: string, content: unknown) => {
    writeFileSync(join(directory, name), JSON.stringify(content));
    return join(directory, name);
  };
  const config = write("keeper.json", {
    ...settings,
    rpcUrl: url,
    webSocketUrl: url.replace("http", "ws"),
    deployment: write("deployment.json", deployment),
    pollInterval: 0.1,
    server: { port: 0 },
    ...(location.directory === undefined ? {} : { storeDir: location.directory }),
  });
  const keeper = new KeeperProcess({
    config,
    flags: ["--expose-gc", "--import", GAUGE],
    env: {
      KEEL_PRIVATE_KEY: developmentKey(KEEPER_ACCOUNT),
      SOAK_GAUGE: join(directory, "gauge"),
      ...(location.url instanceof Secret ? { DATABASE_URL: location.url.reveal() } : {}),
    },
  });
  await keeper.says("The status is served.");
  return keeper;
}

/** Plays the market, asks the keeper for its metrics as Prometheus does, and reads its gauge. */
async function soak(
  keeper: KeeperProcess,
  market: Market,
  gauge: string,
  { blocks, every }: Options,
): Promise<Sample[]> {
  const served = String(keeper.lines.find(({ msg }) => msg === "The status is served.")!["url"]);
  const samples: Sample[] = [];
  const began = performance.now();
  for (let played = 1; played <= blocks; played += 1) {
    const block = await market.step();
    await follow(keeper, block - LEAD);
    if (keeper.end !== null) throw new Error(`The keeper ended: ${keeper.tail()}`);
    if (played % every !== 0) continue;
    for (const path of ["metrics", "status", "health"]) await (await fetch(new URL(path, served))).text();
    samples.push({ block: played, ...(await readGauge(keeper, gauge, samples.length + 1)) });
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const { rss, heapUsed, handles, descriptors } = samples.at(-1)!;
    console.log(
      `${String(played)} blocks in ${seconds} s: ${mebi(rss)} resident, ${mebi(heapUsed)} heap, ` +
        `${String(handles)} handles, ${String(descriptors)} descriptors, ${String(keeper.count("Decided."))} decisions, ` +
        `${String(keeper.count("A rebalance took effect."))} rebalances`,
    );
  }
  return samples;
}

/** Waits until the keeper has decided at a block, where it decides at all. */
async function follow(keeper: KeeperProcess, block: number): Promise<void> {
  const late = performance.now() + WAIT;
  const reached = () =>
    Number(keeper.lines.findLast(({ msg }) => msg === "Decided.")?.["block"] ?? 0) >= block;
  while (!reached() && performance.now() < late) await sleep(5);
}

async function readGauge(
  keeper: KeeperProcess,
  gauge: string,
  reading: number,
): Promise<Omit<Sample, "block">> {
  keeper.signal("SIGUSR2");
  for (;;) {
    const { readings, ...values } = parse(gauge);
    if (readings === reading) {
      const descriptors = readdirSync(`/proc/${String(keeper.pid)}/fd`).length;
      return { ...values, descriptors };
    }
    if (keeper.end !== null) throw new Error(`The keeper ended: ${keeper.tail()}`);
    await sleep(10);
  }
}

function parse(gauge: string): Omit<Sample, "block" | "descriptors"> & { readonly readings: number } {
  try {
    return JSON.parse(readFileSync(gauge, "utf8")) as ReturnType<typeof parse>;
  } catch {
    return { readings: 0, rss: 0, heapUsed: 0, external: 0, handles: 0 };
  }
}

function report(
  samples: readonly Sample[],
  found: readonly Trend[],
  keeper: KeeperProcess,
  seconds: number,
): void {
  const table = new Table({
    head: ["", "first", "last", "per 1,000 blocks", "±", "limit", ""],
    style: { head: [], border: [] },
  });
  const [first, last] = [samples[0]!, samples.at(-1)!];
  for (const { quantity, slope, error, limit, isFlat } of found) {
    const isMemory = !["handles", "descriptors"].includes(quantity);
    const show = (value: number) => (isMemory ? mebi(value) : value.toFixed(2));
    const values = [first[quantity], last[quantity], slope, error, limit].map(show);
    table.push([quantity, ...values, isFlat ? "flat" : "GROWS"]);
  }
  console.log(table.toString());
  const errors = keeper.lines.filter(({ level }) => level === "error" || level === 50);
  console.log(
    `${String(last.block)} blocks in ${(seconds / 60).toFixed(1)} min, ${String(keeper.count("Decided."))} decisions, ` +
      `${String(keeper.count("A rebalance took effect."))} rebalances, ${String(errors.length)} errors in the log`,
  );
  for (const line of errors.slice(0, 20)) console.log(JSON.stringify(line));
}

function mebi(bytes: number): string {
  return `${(bytes / MEBI).toFixed(2)} MiB`;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      blocks: { type: "string", default: "20000" },
      every: { type: "string", default: "250" },
      seed: { type: "string", default: "1" },
      postgres: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const { json, postgres: usesPostgres } = values;
  return {
    blocks: Number(values.blocks),
    every: Number(values.every),
    seed: Number(values.seed),
    ...{ json, usesPostgres },
  };
}

// Run as a command: Mocha loads every file here.
if (process.argv[1] === import.meta.filename) process.exit(await main());
