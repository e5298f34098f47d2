import { baseFeeRaces, presentProcess, type FeeProcess } from "../forecast/baseFeeRace.ts";
import { feeHistory, type FeeHistory } from "../forecast/feeHistory.ts";
import { waitSaving, type Estimate, type WaitSaving } from "../forecast/waitRule.ts";
import { CsvTable } from "../history/csv.ts";
import { readGasSamples } from "../history/gasSamples.ts";
import { InputError } from "../history/inputError.ts";
import { formatInstant } from "../history/instant.ts";
import { marketModel } from "../math/impulseBand.ts";
import { renderRaces, type ForecastSection } from "./forecastTable.ts";
import { plainTable } from "./plainTable.ts";

/** A rolling book to measure the wait rule on: net gamma of 100 at-the-money calls of 30 days. */
const BOOK = { S: 3000, sigma: 0.6, gamma: 0.077, riskAversion: 1e-4, feeRate: 0.0005, kappa: 0.008 };
/** Gas units of a rebalance on the lending short. */
const GAS_UNITS = 800_000;
const SEED = 1;
const POLICY = { gwei: [5, 30], deviations: [0.3, 0.6, 0.9], halfLifeHours: 4 };

/**
 * The gas price ahead, and what waiting for cheaper gas saves.
 * @throws InputError when the file cannot be used.
 */
export function baseFeeSections(file: string, learned: boolean): ForecastSection[] {
  const history = historyOf(file);
  const races = baseFeeRaces(history, learned);
  if (races.length === 0)
    throw new InputError(`--gas ${file} is too short: 3 months of hours or 2 years of days`);
  const end = history.start + (history.logs.length - 1) * history.step;
  const faults = history.faults === 0 ? "" : `; ${String(history.faults)} faulty readings left out`;
  const title = `Gas price, ${formatInstant(history.start)} to ${formatInstant(end)}${faults}`;
  const text = renderRaces({
    ...{ title, races, nextHead: "next" },
    showNext: (log) => `${Math.exp(log).toFixed(1)} gwei`,
  });
  const plain = races.map(({ next, ...race }) => ({
    ...race,
    nextGwei: Object.fromEntries(Object.entries(next).map(([name, log]) => [name, Math.exp(log)])),
  }));
  return [{ text, json: { baseFee: plain } }, waitSection(presentProcess(history))];
}

function waitSection(process: FeeProcess | undefined): ForecastSection {
  const cases = POLICY.gwei.flatMap((gwei) =>
    POLICY.deviations.map((s) => ({ name: "", gwei, s, halfLifeHours: POLICY.halfLifeHours })),
  );
  if (process !== undefined) {
    const { medianGwei: gwei, logDeviation: s, halfLifeHours } = process;
    cases.push({ name: "as this file's newest months", gwei, s, halfLifeHours });
  }
  const savings = cases.map((one) => ({ ...one, ...savingOf(one) }));
  const table = plainTable(["median gas", "log deviation", "half-life", "rho", "median", "current", ""], {
    aligns: [...Array<"right">(6).fill("right"), "left"],
  });
  for (const { name, gwei, s, halfLifeHours, rho, againstMedian, againstCurrent } of savings) {
    table.push([
      ...[`${gwei.toFixed(0)} gwei`, s.toFixed(2), `${halfLifeHours.toFixed(1)} h`, rho.toFixed(1)],
      ...[percent(againstMedian), percent(againstCurrent), name],
    ]);
  }
  const title =
    "What waiting for cheaper gas saves of the trading cost at equal risk, against bands of the median and of the current gas\n" +
    "(simulated, mean-reverting log gas; a rolling book of 100 short at-the-money calls of 30 days, spot 3,000 USD)";
  return { text: `${title}\n${table.toString()}`, json: { waitRule: { book: BOOK, process, savings } } };
}

function savingOf({
  gwei,
  s,
  halfLifeHours,
}: {
  gwei: number;
  s: number;
  halfLifeHours: number;
}): WaitSaving {
  const model = marketModel({ ...BOOK, gasUsd: gwei * 1e-9 * GAS_UNITS * BOOK.S });
  return waitSaving({ model, s, halfLifeHours, seed: SEED });
}

function historyOf(file: string): FeeHistory {
  try {
    return feeHistory(readGasSamples(new CsvTable("--gas", file)));
  } catch (error) {
    throw error instanceof RangeError ? new InputError(`--gas ${file}: ${error.message}`) : error;
  }
}

function percent({ mean, error }: Estimate): string {
  return `${(100 * mean).toFixed(1)} ± ${(100 * error).toFixed(1)} %`;
}
