import { impliedVariance } from "../forecast/implied.ts";
import type { VarianceForecast } from "../forecast/varianceForecast.ts";
import { varianceHistory, type VarianceHistory } from "../forecast/varianceHistory.ts";
import { volatilityRaces, type VolatilityRace } from "../forecast/volatilityRace.ts";
import { checkHourly, readCandleRows, type Candle } from "../history/candle.ts";
import { CsvTable } from "../history/csv.ts";
import { InputError } from "../history/inputError.ts";
import { formatInstant } from "../history/instant.ts";
import { renderRaces, type ForecastSection } from "./forecastTable.ts";

const DAYS_PER_YEAR = 365;

/**
 * Volatility from hourly candles, and again on the days of an implied volatility when there is one.
 * @throws InputError when a file cannot be used.
 */
export function volatilitySections(
  prices: string,
  dvol: string | undefined,
  learned: boolean,
): ForecastSection[] {
  const history = historyOf("--prices", prices);
  const races = volatilityRaces(history, { learned });
  if (races.length === 0) throw new InputError(`--prices ${prices} is too short: 14 months are needed`);
  const period = `${formatInstant(history.ends[0]!)} to ${formatInstant(history.ends.at(-1)!)}`;
  const sections = [volatilitySection("volatility", `Volatility, ${period}`, races)];
  if (dvol !== undefined) {
    const implied = impliedVariance(history, candlesOf("--dvol", dvol));
    const both = volatilityRaces(history, { implied, learned });
    if (both.length === 0) throw new InputError(`--dvol ${dvol} covers too little of --prices`);
    sections.push(
      volatilitySection("volatilityWithImplied", "Volatility, the days with implied volatility", both),
    );
  }
  return sections;
}

function volatilitySection(key: string, title: string, races: readonly VolatilityRace[]): ForecastSection {
  const annual = ({ variance }: VarianceForecast): number => Math.sqrt(variance * DAYS_PER_YEAR);
  const text = renderRaces({
    ...{ title, races, nextHead: "next" },
    showNext: (forecast) => `${(100 * annual(forecast)).toFixed(1)} %`,
  });
  const plain = races.map(({ next, ...race }) => ({
    ...race,
    nextVolatility: Object.fromEntries(Object.entries(next).map(([name, value]) => [name, annual(value)])),
  }));
  return { text, json: { [key]: plain } };
}

function historyOf(flag: string, file: string): VarianceHistory {
  try {
    return varianceHistory(candlesOf(flag, file));
  } catch (error) {
    throw error instanceof RangeError ? new InputError(`${flag} ${file}: ${error.message}`) : error;
  }
}

function candlesOf(flag: string, file: string): Candle[] {
  const table = new CsvTable(flag, file);
  const rows = readCandleRows(table);
  checkHourly(table, rows);
  return rows.map(({ candle }) => candle);
}
