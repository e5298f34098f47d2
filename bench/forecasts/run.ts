import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { simulate } from "../../keeper/backtest/engine.ts";
import { readGasPrices } from "../../keeper/backtest/inputs/gasPrices.ts";
import { readImpliedVolatility } from "../../keeper/backtest/inputs/volatility.ts";
import { pricePath } from "../../keeper/backtest/pricePath.ts";
import type { Scenario, Series } from "../../keeper/backtest/scenario.ts";
import { checkWritable } from "../../keeper/cli/checkWritable.ts";
import { feeHistory } from "../../keeper/forecast/feeHistory.ts";
import { CsvTable } from "../../keeper/history/csv.ts";
import { readGasSamples } from "../../keeper/history/gasSamples.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { folds, LAST_DAY, type Fold } from "../history/periods.ts";
import { calibratedOn, worldOf, type Period } from "../history/world.ts";
import type { ForecastFlags } from "./command.ts";
import { decidingBy, medianGas, waitingGas, weeklyProcesses } from "./gas.ts";
import { renderForecasts, type ForecastWorth, type Worth } from "./report.ts";
import { expectedVolatilities, type ExpectedVolatility } from "./volatility.ts";

/** The first day of the index of implied volatility. */
const FIRST_IMPLIED = "2022-06-18";
const BOOK = "rolling-weekly";
const DAYS = 7;
/** Seconds between prices, which is also how often the default looks. */
const STEP = 300;
/** Stretches of the hourly gas without a gap of more than two days, after a month to learn from. */
const GAS_PERIODS = [
  { from: "2021-08-01", to: "2021-10-31" },
  { from: "2021-11-01", to: "2022-01-31" },
  { from: "2022-03-01", to: "2022-04-30" },
] as const satisfies readonly Period[];

/** @returns The exit code: 0, or 2 with a line where something cannot be used. */
export function runForecastBench(flags: ForecastFlags): number {
  try {
    play(flags);
    return 0;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(`bench forecasts: ${error.message}`);
    return 2;
  }
}

function play({ data, json }: ForecastFlags): void {
  const prices = join(data, "eth_usd_1h.csv.gz");
  const gas = join(data, "gas_daily_etherscan.csv.gz");
  const hourlyGas = join(data, "gas_hourly_ethgasstation_2021-06_2022-05.csv.gz");
  const dvol = join(data, "eth_dvol_1h.csv.gz");
  for (const file of [prices, gas, hourlyGas, dvol])
    if (!existsSync(file)) throw new InputError(`${file} does not exist`);
  checkWritable("--json", json);
  const forecasts = expectedVolatilities(prices);
  // Forecasts begin after a year of candles.
  const years = folds(LAST_DAY).filter(({ kind, name }) => kind === "year" && name !== "2018");
  const worth: Worth = {
    trailing: years.map((year) =>
      worthOfVolatility(calibratedWorld(prices, gas, year), year.name, forecasts),
    ),
    implied: years
      .filter(({ test }) => test.from > FIRST_IMPLIED)
      .map((year) => {
        const world = calibratedWorld(prices, gas, year);
        const priced = { ...world, implied: readImpliedVolatility(dvol, periodOf(world)) };
        return worthOfVolatility(priced, year.name, forecasts);
      }),
    gas: worthOfGas(prices, gas, hourlyGas),
  };
  const text = `${JSON.stringify({ version: 1, ...worth }, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, text);
  console.log(renderForecasts(worth));
}

function worthOfVolatility(
  world: Scenario,
  period: string,
  forecasts: readonly ExpectedVolatility[],
): ForecastWorth {
  const play = playerOf(world);
  console.error(`bench forecasts: volatility, ${period}`);
  const frictions = forecasts.map(({ name, expected }) => {
    return { name, frictionUsd: play({ ...world, expected }) };
  });
  return { period, frictionUsd: play(world), frictions };
}

function worthOfGas(prices: string, daily: string, hourly: string): ForecastWorth[] {
  const history = feeHistory(readGasSamples(new CsvTable("--data", hourly)));
  return GAS_PERIODS.map((test) => {
    const before = new Date(Date.parse(test.from) - 365 * 86_400_000).toISOString().slice(0, 10);
    const until = new Date(Date.parse(test.from) - 86_400_000).toISOString().slice(0, 10);
    const calibrated = calibratedWorld(prices, daily, { train: { from: before, to: until }, test });
    const { start, end } = periodOf(calibrated);
    // A reading is known when it is made, and holds until the next.
    const gasGwei: Series = { ...readGasPrices(hourly, { start, end }), between: "step" };
    const world: Scenario = { ...calibrated, costs: { ...calibrated.costs, gasGwei } };
    const own = optimalImpulse({ riskAversion: world.riskAversion });
    const processes = weeklyProcesses(history, start, end);
    const play = playerOf(world);
    console.error(`bench forecasts: gas, ${test.from}`);
    const rules = [
      { name: "the median expected", gasOf: medianGas },
      { name: "the wait rule", gasOf: waitingGas(world.riskAversion) },
    ];
    const frictions = rules.map(({ name, gasOf }) => {
      return { name, frictionUsd: play(world, decidingBy(gasOf, own, gasGwei, processes)) };
    });
    return { period: `${test.from} on`, frictionUsd: play(world), frictions };
  });
}

function calibratedWorld(
  prices: string,
  gas: string,
  { train, test }: Pick<Fold, "train" | "test">,
): Scenario {
  const options = { files: { prices, gas }, book: BOOK, step: STEP };
  const riskAversion = calibratedOn(worldOf(train, options), DAYS);
  return { ...worldOf(test, options), riskAversion };
}

/** Plays a world along one path of prices; by the default, or a variant of it. USD of friction. */
function playerOf({ prices, step, seed, riskAversion }: Scenario) {
  const path = pricePath(prices, step, seed, 0);
  const own = optimalImpulse({ riskAversion });
  return (world: Scenario, strategy: Strategy = own): number =>
    simulate(world, path, strategy, { points: 0 }).totals.frictionUsd;
}

function periodOf({ prices }: Scenario): { start: number; end: number } {
  if (prices.kind !== "candles") throw new Error("recorded history is of candles");
  return { start: prices.start, end: prices.start + prices.open.length * prices.seconds };
}
