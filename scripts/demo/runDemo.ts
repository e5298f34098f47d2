import { once } from "node:events";

import { createPublicClient, custom, numberToHex } from "viem";

import { fromUsdc, fromWad } from "../../keeper/math/units.ts";
import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { time } from "../../keeper/strategy/time.ts";
import { MarketPlayer } from "../market/marketPlayer.ts";
import { DEFAULT_LIMITS } from "../deployKeel.ts";
import type { DemoOptions } from "./options.ts";
import { chooseSettings } from "./operator.ts";
import { playRun } from "./playRun.ts";
import { Progress } from "./progress.ts";
import type { DemoReport, RunReport, SeriesSold } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { serveChain } from "./serveChain.ts";
import { setStage, type Stage } from "./stage.ts";

const RPC_PORT = 8545;

export interface DemoOutcome {
  readonly report: DemoReport;
  /** Serves the chain to wallets until Ctrl-C. */
  readonly keepAlive: () => Promise<void>;
}

/** The main job: one stage, one path, three strategies, each from the same snapshot through the same keeper. */
export async function runDemo(options: DemoOptions, scenario: Scenario): Promise<DemoOutcome> {
  const progress = new Progress((text) => process.stdout.write(text));
  const stage = await setStage(scenario, (message) => {
    progress.say(message);
  });
  const client = createPublicClient({ transport: custom(stage.connection.provider, { retryCount: 0 }) });
  const market = await MarketPlayer.create({
    local: stage.local,
    points: scenario.points,
    baseFee: scenario.baseFee,
  });
  // The set-up took as long as the machine needs; what follows is the same whatever it took.
  await stage.local.chain.rpc("evm_mine", [numberToHex(scenario.start - 1)]);
  const settings = await chooseSettings(stage, {
    volatility: scenario.volatility(scenario.start),
    baseFee: scenario.baseFee.at(scenario.start),
  });

  const runs: RunReport[] = [];
  for (const { title, strategy } of [
    { title: "Keel", strategy: optimalImpulse(settings) },
    { title: "5 % band", strategy: fixedBand({ fraction: 0.05 }) },
    { title: "24 h clock", strategy: time({ seconds: 86_400 }) },
  ]) {
    const snapshot = await stage.local.chain.rpc("evm_snapshot");
    progress.begin(title, scenario.points.length);
    const onProgress = progress.onEvent.bind(progress);
    runs.push(
      await playRun({
        ...{ stage, scenario, market, client, title, strategy, onProgress },
        drain: options.drain,
        deltaLimit: settings.limits.delta,
      }),
    );
    await stage.local.chain.rpc("evm_revert", [snapshot]);
  }

  const { start, end, sources } = scenario;
  return {
    report: {
      ...{ seed: options.seed, start, end, sources, drain: options.drain },
      slippageLimit: fromWad(DEFAULT_LIMITS.maxSlippage),
      book: bookOf(stage),
      runs,
    },
    keepAlive: async () => {
      const url = await serveChain(stage.connection.provider, RPC_PORT).catch(() =>
        // Something else is there: any free port will do.
        serveChain(stage.connection.provider, 0),
      );
      const interrupted = once(process, "SIGINT");
      process.stdout.write(
        `\nThe chain, as it was before the path, is at ${url} (chain id 31337). Ctrl-C ends it.\n`,
      );
      await interrupted;
      process.exit(0);
    },
  };
}

function bookOf({ holdings }: Stage): SeriesSold[] {
  return holdings.map(({ terms, quantity, paid }) => ({
    ...terms,
    quantity: fromWad(quantity),
    premium: fromUsdc(paid),
  }));
}
