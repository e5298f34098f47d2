import { network } from "hardhat";

import type { Deployment } from "../../keeper/config/deployment.ts";
import { chooseSettings, type OperatorSettings } from "../../scripts/demo/operator.ts";
import { Settler } from "../../scripts/demo/settlement.ts";
import { raiseVault, type Stage } from "../../scripts/demo/stage.ts";
import { SurfacePoster } from "../../scripts/demo/surfacePoster.ts";
import { forgetDeployment } from "../../scripts/deployKeel.ts";
import { bootDate, bootLocalMainnet } from "../../scripts/localMainnet/bootLocalMainnet.ts";
import { httpProvider } from "../../scripts/localMainnet/chain.ts";
import { walkCandles } from "../../keeper/history/bridge.ts";
import { CALM_MAINNET, generateBaseFee } from "../../scripts/market/gasSource.ts";
import { ETHER } from "../../keeper/history/heston.ts";
import { MarketPlayer } from "../../scripts/market/marketPlayer.ts";
import { generatePricePath } from "../../scripts/market/priceSource.ts";

const CHAIN_ID = 31337;
const SPOT = 3000;
const DAY = 86_400;
const PATH_HOURS = 24;
/** Seconds between blocks, by the chain's clock. */
const BLOCK_TIME = 12;
/** Seconds between the last block before a market and its first: the market's accounts are funded in them. */
const PAUSE = 60;

/** A node with a vault on it, and a market that is played block by block, as fast as it is asked for. */
export interface Market {
  readonly url: string;
  readonly deployment: Omit<Deployment, "commit">;
  readonly settings: OperatorSettings;
  /** One block. @returns its number. */
  step(): Promise<number>;
  close(): Promise<void>;
}

/** @param lasts Seconds of the chain after which every option has run out. */
export async function openMarket({ seed, lasts }: { seed: number; lasts: number }): Promise<Market> {
  const timestamp = Math.floor(Date.now() / 1000);
  const override = { initialDate: bootDate(timestamp) };
  const server = await network.createServer({ network: "localMainnet", override }, "127.0.0.1", 0);
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${String(port)}`;
  const local = await bootLocalMainnet(httpProvider(url), { price: SPOT, timestamp });
  const connection = await network.create({ network: "localhost", override: { url } });
  forgetDeployment(CHAIN_ID);
  const now = await local.chain.timestamp();
  const expiries = [now + DAY, now + Math.max(7 * DAY, lasts)] as const;
  const market = { spot: SPOT, expiries, volatility: ETHER.volatility };
  const stage: Stage = await raiseVault(connection, local, market, () => undefined);
  forgetDeployment(CHAIN_ID);
  const baseFee = BigInt(CALM_MAINNET.medianGwei * 1e9);
  const settings = await chooseSettings(stage, { volatility: ETHER.volatility, baseFee });
  const { contracts } = stage;
  const steps = play(stage, seed);
  return {
    url,
    deployment: { chainId: CHAIN_ID, block: 0, contracts },
    settings,
    step: async () => (await steps.next()).value as number,
    close: async () => {
      // Closing waits for the clients that are still connected.
      await Promise.race([server.close(), new Promise((resolve) => setTimeout(resolve, 200))]);
    },
  };
}

/** Made-up days, one after another. */
async function* play(stage: Stage, seed: number): AsyncGenerator<number, never> {
  const { local } = stage;
  const poster = new SurfacePoster(local.chain, stage.contracts.VolatilityOracle, () => ETHER.volatility);
  const settler = new Settler(stage);
  await poster.reset();
  await settler.reset();
  let spot = SPOT;
  for (let day = 0; ; day += 1) {
    const start = (await local.chain.timestamp()) + PAUSE;
    const { candles } = generatePricePath({ seed: seed + day, start, hours: PATH_HOURS, spot });
    const points = walkCandles(candles, seed + day, BLOCK_TIME);
    const baseFee = generateBaseFee({ seed: seed + day, start });
    const player = await MarketPlayer.create({ local, points, baseFee });
    await player.reset();
    for (const { timestamp } of points) {
      const step = await player.step();
      spot = step.price;
      await poster.onStep(timestamp);
      await settler.onStep(step);
      yield Number(step.blockNumber);
    }
    await player.stop();
  }
}
