import { once } from "node:events";

import { createPublicClient, custom } from "viem";

import { poolCost } from "../../keeper/market/poolCost.ts";
import { calibrateRiskAversion } from "../../keeper/math/calibration.ts";
import { clock } from "../../keeper/strategy/clock.ts";
import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { createSnapshotReader, type Snapshot } from "../../keeper/chain/snapshot.ts";
import { MarketPlayer } from "../market/marketPlayer.ts";
import type { DemoOptions } from "./options.ts";
import { playRun, type ProgressEvent, type RunResult } from "./playRun.ts";
import type { Scenario } from "./scenario.ts";
import { serveChain } from "./serveChain.ts";
import { setStage, type Stage } from "./stage.ts";
import { renderTable } from "./table.ts";

/** P&L standard deviation the demo's operator is willing to carry, as a share of net assets per root year. */
const RISK_TARGET = 0.015;
/** Gas of a rebalance at the reference conditions; the keeper itself estimates every one. */
const REFERENCE_GAS = 350_000;
const RPC_PORT = 8545;

export interface DemoOutcome {
  readonly text: string;
  readonly json: unknown;
  /** Serves the chain to wallets until Ctrl-C. */
  readonly keepAlive: () => Promise<void>;
}

/** The main job: one stage, one path, three strategies, each from the same snapshot through the same keeper. */
export async function runDemo(options: DemoOptions, scenario: Scenario): Promise<DemoOutcome> {
  const startedAt = performance.now();
  const log = (message: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${seconds} s  ${message}\n`);
  };
  const stage = await setStage(scenario, log);
  const client = createPublicClient({ transport: custom(stage.connection.provider, { retryCount: 0 }) });
  const riskAversion = await calibrate(stage, scenario);
  const market = await MarketPlayer.create({
    local: stage.local,
    points: scenario.points,
    baseFee: scenario.baseFee,
  });

  const runs: RunResult[] = [];
  for (const { title, strategy } of [
    { title: "Keel", strategy: optimalImpulse({ riskAversion }) },
    { title: "5 % band", strategy: fixedBand({ fraction: 0.05 }) },
    { title: "24 h clock", strategy: clock({ seconds: 86_400 }) },
  ]) {
    const snapshot = await stage.local.chain.rpc("evm_snapshot");
    log(
      `${title}: ${String(scenario.points.length)} blocks from ${day(scenario.start)} to ${day(scenario.end)}`,
    );
    const onProgress = reporter(log);
    runs.push(
      await playRun({ stage, scenario, market, client, title, strategy, drain: options.drain, onProgress }),
    );
    await stage.local.chain.rpc("evm_revert", [snapshot]);
  }

  return {
    text: renderTable(scenario, runs),
    json: {
      sources: scenario.sources,
      seed: options.seed,
      start: scenario.start,
      end: scenario.end,
      runs: jsonRuns(runs),
    },
    keepAlive: async () => {
      const url = await serveChain(stage.connection.provider, RPC_PORT);
      process.stdout.write(
        `The chain, as it was before the path, is at ${url} (chain id 31337). Ctrl-C ends it.\n`,
      );
      await once(process, "SIGINT");
      process.exit(0);
    },
  };
}

/** Risk aversion from the operator's target, once, at the conditions before the market starts. */
async function calibrate(stage: Stage, scenario: Scenario): Promise<number> {
  const client = createPublicClient({ transport: custom(stage.connection.provider) });
  const { hash } = await client.getBlock();
  const snapshot = await createSnapshotReader(client, stage.contracts.Lens, stage.contracts.Vault)(hash);
  const spot = Number(snapshot.price) / 1e18;
  const { feeRate, kappa } = poolCost({
    price: Number(snapshot.poolPrice) / 1e18,
    liquidity: Number(snapshot.poolLiquidity),
    fee: snapshot.poolFee,
  });
  return calibrateRiskAversion({
    targetStd: (RISK_TARGET * Number(snapshot.nav)) / 1e6,
    spot,
    sigma: scenario.volatility(scenario.start),
    gammaCap: Math.abs(Number(snapshot.book.gamma) / 1e18),
    gasUsd: (REFERENCE_GAS * Number(scenario.baseFee.at(scenario.start)) * spot) / 1e18,
    feeRate,
    kappa,
  });
}

function reporter(log: (message: string) => void): (event: ProgressEvent) => void {
  let hours = 0;
  return (event) => {
    if (event.kind === "note") log(`${moment(event.timestamp)}  ${event.text}`);
    // The first rebalance as it happens, then a line for every sixth hour.
    if (event.kind === "rebalance" && event.count === 1) log(`${state(event.snapshot)}  first rebalance`);
    if (event.kind === "hour" && hours++ % 6 === 0) {
      log(`${state(event.snapshot)}  ${(100 * event.done).toFixed(0).padStart(3)} %`);
    }
  };
}

function state(snapshot: Snapshot): string {
  const eth = (wad: bigint) => (Number(wad) / 1e18).toFixed(1);
  const hedge = snapshot.venues.reduce((sum, { delta }) => sum + delta, 0n);
  const usd = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return [
    moment(Number(snapshot.timestamp)),
    `ETH ${usd(Number(snapshot.price) / 1e18)}`,
    `NAV ${usd(Number(snapshot.nav) / 1e6)}`,
    `book ${eth(snapshot.book.delta)} hedge ${eth(hedge)} drift ${eth(snapshot.book.delta + hedge)} ETH`,
    `${String(snapshot.rebalanceNonce)} rebalances`,
  ].join("  ");
}

function moment(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString().slice(5, 16).replace("T", " ");
}

function day(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString().slice(0, 16).replace("T", " ");
}

/** Bigints as decimal text, so that a script reads what the chain said. */
function jsonRuns(runs: readonly RunResult[]): unknown {
  return JSON.parse(
    JSON.stringify(runs, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
  );
}
