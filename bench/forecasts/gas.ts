import type { Costs } from "../../keeper/backtest/scenario.ts";
import { SeriesCursor } from "../../keeper/backtest/seriesCursor.ts";
import { presentProcess, type FeeProcess } from "../../keeper/forecast/baseFeeRace.ts";
import type { FeeHistory } from "../../keeper/forecast/feeHistory.ts";
import { effectiveGas } from "../../keeper/forecast/gasTiming.ts";
import { SECONDS_PER_YEAR } from "../../keeper/math/units.ts";
import { planBand } from "../../keeper/strategy/bandPlan.ts";
import { bookRisk } from "../../keeper/strategy/bookRisk.ts";
import type { DecisionInput, Strategy } from "../../keeper/strategy/types.ts";

const HOURS_PER_YEAR = SECONDS_PER_YEAR / 3600;
const WEEK = 7 * 86_400;

/** How gas moved, as known each week. */
export interface WeeklyProcess {
  readonly start: number;
  readonly weeks: readonly (FeeProcess | undefined)[];
}

/** The process fitted at the start of every week of a period to the readings before it. Unix seconds. */
export function weeklyProcesses(history: FeeHistory, start: number, end: number): WeeklyProcess {
  const weeks: (FeeProcess | undefined)[] = [];
  for (let at = start; at < end; at += WEEK) {
    const known = Math.floor((at - history.start) / history.step);
    weeks.push(presentProcess({ ...history, logs: history.logs.slice(0, Math.max(0, known)) }));
  }
  return { start, weeks };
}

/** Gas that a decision is made by in place of the current one, USD; the trade pays the current one all the same. */
type GasOf = (input: DecisionInput, process: FeeProcess, gwei: number) => number;

/** The default, deciding by the gas of `gasOf`; by the current one until a process is known. */
export function decidingBy(
  gasOf: GasOf,
  own: Strategy,
  gasGwei: Costs["gasGwei"],
  { start, weeks }: WeeklyProcess,
): Strategy {
  const gas = new SeriesCursor(gasGwei);
  return {
    ...own,
    decide(input) {
      const process = weeks[Math.floor((input.timestamp - start) / WEEK)];
      if (process === undefined) return own.decide(input);
      return own.decide({ ...input, gasUsd: gasOf(input, process, gas.at(input.timestamp)) });
    },
  };
}

/** The median of what is expected of the next hours. */
export const medianGas: GasOf = (input, process, gwei) => (input.gasUsd / gwei) * process.medianGwei;

/** The wait rule: dear gas is taken for dearer, cheap gas for cheaper. */
export function waitingGas(riskAversion: number): GasOf {
  return (input, process, gwei) => {
    const median = medianGas(input, process, gwei);
    const risk = bookRisk(input.legs, input.spot, input.timestamp);
    const { b, model } = planBand({ ...input, gasUsd: median }, risk, riskAversion);
    const k = (Math.LN2 / process.halfLifeHours) * HOURS_PER_YEAR;
    return effectiveGas({ gas: input.gasUsd, median, s: process.logDeviation, k, b, a2: model.a2 });
  };
}
