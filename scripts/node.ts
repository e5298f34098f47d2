import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { network } from "hardhat";
import { getAddress, parseUnits, type Address } from "viem";

import { deploymentFile } from "../keeper/config/deployment.ts";
import { forgetDeployment, MAINNET_GROUND, writeDeployment } from "./deployKeel.ts";
import { developmentKey, KEEPER_ACCOUNT, MNEMONIC } from "./demo/actors.ts";
import { chooseSettings } from "./demo/operator.ts";
import { Settler } from "./demo/settlement.ts";
import { raiseVault, type Stage } from "./demo/stage.ts";
import { SurfacePoster } from "./demo/surfacePoster.ts";
import { bootDate, bootLocalMainnet, type LocalMainnet } from "./localMainnet/bootLocalMainnet.ts";
import { httpProvider } from "./localMainnet/chain.ts";
import { walkCandles, type PricePoint } from "../keeper/history/bridge.ts";
import { PRICE_BOUNDS } from "./market/bounds.ts";
import { CALM_MAINNET, generateBaseFee } from "./market/gasSource.ts";
import { ETHER } from "../keeper/history/heston.ts";
import { InputError } from "../keeper/history/inputError.ts";
import { formatInstant } from "../keeper/history/instant.ts";
import { MarketPlayer } from "./market/marketPlayer.ts";
import { generatePricePath } from "./market/priceSource.ts";

const HOST = "127.0.0.1";
const USDC_PER_ACCOUNT = parseUnits("1000000", 6);
/** The market is made up a day at a time. */
const PATH_HOURS = 24;
/** Between the last block before a market and its first. */
const PAUSE_SECONDS = 10;
/** What boot and funding put on the clock, so that the market starts about now. */
const PREPARATION_SECONDS = 180;
const DAY_SECONDS = 86_400;
const LOCAL_CHAIN_ID = 31337;
/** Of the surface posted here: the generated market's long-run volatility. */
const VOLATILITY = ETHER.volatility;
const USAGE = `Keeps the local mainnet alive on ${HOST}.

  --port NUMBER         port to listen on, 0 for any free one (8545)
  --block-time SECONDS  seconds between blocks, 1 to 60 (12)
  --price USD           ETH price at the start, 10 to 100,000 (3000)
  --seed NUMBER         seed of the market's path and gas (1)
  --still               the price does not move
  --deployment FILE     where to write Keel's addresses (deployments/31337.json)
  --help`;

interface NodeOptions {
  readonly port: number;
  /** Seconds. */
  readonly blockTime: number;
  /** USDC per ETH. */
  readonly price: number;
  readonly seed: number;
  readonly isStill: boolean;
  readonly deployment: string;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    console.log(USAGE);
    return;
  }
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stopping.abort();
    });
  }

  await expectFree(options.port);
  const timestamp = Math.floor(Date.now() / 1000) - PREPARATION_SECONDS;
  const server = await network.createServer(
    { network: "localMainnet", override: { initialDate: bootDate(timestamp) } },
    HOST,
    options.port,
  );
  const { port } = await server.listen();
  const url = `http://${HOST}:${String(port)}`;
  const local = await bootLocalMainnet(httpProvider(url), { price: options.price, timestamp });
  const accounts = await fundAccounts(local);
  const stage = await raiseKeel(url, local, options);
  printChain(url, stage, accounts);
  printKeeper(await writeKeeperSettings(url, stage, options));

  await playMarket(stage, options, stopping.signal);
  console.log("stopped");
  // Closing waits for the clients that are still connected; they are cut off instead.
  void server.close();
  await sleep(100);
  process.exit(0);
}

/** Keel as the demo has it, with a book of two expiries to hedge, and its addresses in the deployment file. */
async function raiseKeel(
  url: string,
  local: LocalMainnet,
  { price, deployment }: NodeOptions,
): Promise<Stage> {
  const connection = await network.create({ network: "localhost", override: { url } });
  forgetDeployment(LOCAL_CHAIN_ID);
  const now = await local.chain.timestamp();
  const expiries = [now + DAY_SECONDS, now + 7 * DAY_SECONDS] as const;
  const market = { spot: price, expiries, volatility: VOLATILITY };
  const stage = await raiseVault(connection, local, market, (message) => {
    console.log(message);
  });
  const block = Number(await local.chain.rpc("eth_blockNumber"));
  const file = writeDeployment(LOCAL_CHAIN_ID, block, stage.contracts, MAINNET_GROUND, deployment);
  console.log(`addresses written to ${file}`);
  return stage;
}

/**
 * Settings with which the keeper can be started as it is, beside the deployment file. Every chain gets a journal of its
 * own: a transaction of an earlier one must not be taken up on this.
 * @returns the file.
 */
async function writeKeeperSettings(
  url: string,
  stage: Stage,
  { deployment, blockTime }: NodeOptions,
): Promise<string> {
  const baseFee = BigInt(CALM_MAINNET.medianGwei * 1e9);
  const settings = {
    rpcUrl: url,
    deployment,
    ...(await chooseSettings(stage, { volatility: VOLATILITY, baseFee })),
    pollInterval: Math.min(blockTime, 4),
    storeDir: `.keel/local-${String(stage.local.timestamp)}`,
  };
  const file = deployment.replace(/(\.json)?$/, ".keeper.json");
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`);
  return file;
}

function readOptions(): NodeOptions | undefined {
  const { values } = parseFlags();
  if (values.help) return undefined;
  return {
    port: readNumber(
      "--port",
      values.port,
      (value) => Number.isInteger(value) && value >= 0 && value < 65_536,
    ),
    blockTime: readNumber("--block-time", values["block-time"], (value) => value >= 1 && value <= 60),
    price: readNumber(
      "--price",
      values.price,
      (value) => value >= PRICE_BOUNDS.least && value <= PRICE_BOUNDS.most,
      ` (${String(PRICE_BOUNDS.least)} to ${PRICE_BOUNDS.most.toLocaleString("en-US")} USD)`,
    ),
    seed: readNumber("--seed", values.seed, (value) => Number.isSafeInteger(value) && value >= 0),
    isStill: values.still,
    deployment: values.deployment,
  };
}

function parseFlags() {
  try {
    return parseArgs({
      options: {
        port: { type: "string", default: "8545" },
        "block-time": { type: "string", default: "12" },
        price: { type: "string", default: "3000" },
        seed: { type: "string", default: "1" },
        still: { type: "boolean", default: false },
        deployment: { type: "string", default: deploymentFile(LOCAL_CHAIN_ID) },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new InputError((error as Error).message.split("\n")[0]);
  }
}

/** @param range for the refusal, where the help does not tell it. */
function readNumber(flag: string, text: string, isValid: (value: number) => boolean, range = ""): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!isValid(value)) throw new InputError(`${flag} ${text} is out of range${range}`);
  return value;
}

/** Hardhat's server does not report a port in use as an error one could catch. */
async function expectFree(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => {
      reject(new InputError(`--port ${String(port)} cannot be used: ${error.code ?? error.message}`));
    });
    probe.listen(port, HOST, () =>
      probe.close(() => {
        resolve();
      }),
    );
  });
}

async function fundAccounts(local: LocalMainnet): Promise<Address[]> {
  const accounts = await local.chain.rpc<Address[]>("eth_accounts");
  for (const account of accounts) await local.mintUsdc(account, USDC_PER_ACCOUNT);
  return accounts;
}

function printChain(url: string, { local, contracts }: Stage, accounts: readonly Address[]): void {
  console.log(`\nlocal mainnet at ${url}, chain id ${String(LOCAL_CHAIN_ID)}`);
  console.log("\nKeel");
  for (const [name, address] of Object.entries(contracts)) console.log(`  ${address}  ${name}`);
  console.log("\nprotocols");
  for (const [name, address] of Object.entries(local.addresses)) console.log(`  ${address}  ${name}`);
  console.log(`\naccounts with 10,000 ETH and ${String(USDC_PER_ACCOUNT / 1_000_000n)} USDC each`);
  for (const [index, account] of accounts.entries()) {
    console.log(`  ${String(index).padStart(2)}  ${getAddress(account)}  ${developmentKey(index)}`);
  }
  console.log(`\nprivate keys are beside them, of the mnemonic "${MNEMONIC}", path m/44'/60'/0'/0/i`);
  console.log("they are public: never send them anything of value");
}

function printKeeper(settings: string): void {
  console.log(
    `\nto hedge this vault, in another terminal, with the key of account ${String(KEEPER_ACCOUNT)}:`,
  );
  const key = `KEEL_PRIVATE_KEY=${developmentKey(KEEPER_ACCOUNT)}`;
  for (const command of ["activate", "run"])
    console.log(`  ${key} npm run keeper -- ${command} --config ${settings}`);
  console.log("\nCtrl-C stops\n");
}

/** Plays made-up days one after another, at the pace of the wall clock, until the signal. */
async function playMarket(stage: Stage, options: NodeOptions, stop: AbortSignal): Promise<void> {
  const { local } = stage;
  const poster = new SurfacePoster(local.chain, stage.contracts.VolatilityOracle, () => VOLATILITY);
  const settler = new Settler(stage);
  await poster.reset();
  await settler.reset();
  let spot = options.price;
  for (let day = 0; !stop.aborted; day++) {
    const earliest = (await local.chain.timestamp()) + PAUSE_SECONDS;
    // From the wall clock's now, where setting up has not overtaken it.
    const start = Math.max(earliest, Math.ceil(Date.now() / 1000));
    const points = pathOfDay(options, options.seed + day, start, spot);
    const baseFee = generateBaseFee({ seed: options.seed + day, start });
    const player = await MarketPlayer.create({ local, points, baseFee });
    await player.reset();
    try {
      spot = await playDay(player, poster, settler, points, stop);
    } catch (error) {
      // Someone moved the chain's clock or reverted it: the market goes on from where it is now.
      console.log(`the market starts anew: ${(error as Error).message}`);
      await sleep(1000);
    } finally {
      await player.stop();
    }
  }
}

/** @returns the last price played. */
async function playDay(
  player: MarketPlayer,
  poster: SurfacePoster,
  settler: Settler,
  points: readonly PricePoint[],
  stop: AbortSignal,
): Promise<number> {
  const startedAt = Date.now() - points[0]!.timestamp * 1000;
  let spot = points[0]!.price;
  for (const { timestamp } of points) {
    await sleep(startedAt + timestamp * 1000 - Date.now(), undefined, { signal: stop }).catch(
      () => undefined,
    );
    if (stop.aborted) break;
    const step = await player.step();
    spot = step.price;
    await poster.onStep(timestamp);
    const settled = await settler.onStep(step);
    if (settled !== undefined) console.log(`${formatInstant(timestamp)} ${settled}`);
    if (step.isRoundWritten) {
      const { blockNumber, price } = step;
      console.log(
        `${formatInstant(timestamp)} block ${String(blockNumber)}: ETH/USD round at ${price.toFixed(2)}`,
      );
    }
  }
  return spot;
}

function pathOfDay(options: NodeOptions, seed: number, start: number, spot: number): PricePoint[] {
  const { candles } = generatePricePath({ seed, start, hours: PATH_HOURS, spot });
  const played = options.isStill
    ? candles.map(({ timestamp }) => ({ timestamp, open: spot, high: spot, low: spot, close: spot }))
    : candles;
  return walkCandles(played, seed, options.blockTime);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  process.exit(2);
}
