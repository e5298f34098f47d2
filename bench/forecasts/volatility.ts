import type { Series } from "../../keeper/backtest/scenario.ts";
import { readCandleRows } from "../../keeper/history/candle.ts";
import { CsvTable } from "../../keeper/history/csv.ts";
import { outcome, varianceHistory } from "../../keeper/forecast/varianceHistory.ts";
import { volatilityEntrants } from "../../keeper/forecast/volatilityRace.ts";

/** Days ahead: as long as the options live. */
const HORIZON = 7;
const DAYS_PER_YEAR = 365;

/** A volatility to expect, a fraction per root year, day by day. */
export interface ExpectedVolatility {
  readonly name: string;
  readonly expected: Series;
}

/** Every forecast of the week ahead, each made from the days before it; and, last, what the week then showed. */
export function expectedVolatilities(prices: string): ExpectedVolatility[] {
  const rows = readCandleRows(new CsvTable("--data", prices));
  const history = varianceHistory(rows.map(({ candle }) => candle));
  const forecasts = volatilityEntrants(history, HORIZON).map(({ name, values }) => ({
    name,
    expected: seriesOf(
      history.ends,
      values.map((value) => value?.variance),
    ),
  }));
  const shown = history.ends.map((_, day) => outcome(history, day, HORIZON));
  return [...forecasts, { name: "the week as it came", expected: seriesOf(history.ends, shown) }];
}

function seriesOf(ends: readonly number[], variances: readonly (number | undefined)[]): Series {
  const known = ends.flatMap((time, day) => {
    const variance = variances[day];
    return variance === undefined ? [] : [{ time, volatility: Math.sqrt(variance * DAYS_PER_YEAR) }];
  });
  return {
    times: known.map(({ time }) => time),
    values: known.map(({ volatility }) => volatility),
    between: "step",
  };
}
