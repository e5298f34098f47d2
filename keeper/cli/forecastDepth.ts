import { depthRaces } from "../forecast/depthRace.ts";
import { impactCheck, poolHistory, type PoolHistory } from "../forecast/poolHistory.ts";
import { usedForecast, type Race } from "../forecast/race.ts";
import { priceOfTick, slippage } from "../forecast/slippage.ts";
import { CsvTable } from "../history/csv.ts";
import { InputError } from "../history/inputError.ts";
import { formatInstant } from "../history/instant.ts";
import { readPoolSamples } from "../history/poolSamples.ts";
import { renderRaces, type ForecastSection } from "./forecastTable.ts";
import { plainTable } from "./plainTable.ts";

/** Sizes that slippage is shown for, ETH. */
const SIZES = [1, 10, 100] as const;
/** Hundredths of a basis point. */
const FEE = 500;
/** Standard errors under the forecast that one outcome in twenty falls short of. */
const SHALLOW = 1.645;

/**
 * The depth of a pool ahead, and the slippage that follows from it.
 * @throws InputError when the file cannot be used.
 */
export function depthSections(file: string, learned: boolean): ForecastSection[] {
  const samples = readPoolSamples(new CsvTable("--pool", file));
  const history = poolHistory(samples);
  const races = depthRaces(history, learned);
  if (races.length === 0) throw new InputError(`--pool ${file} is too short: 2 weeks of minutes are needed`);
  const period = `${formatInstant(history.times[0]!)} to ${formatInstant(history.times.at(-1)!)}`;
  const text = renderRaces({
    title: `Pool depth (mean in-range liquidity until then), ${period}`,
    ...{ races, nextHead: "next" },
    showNext: (log) => Math.exp(log).toExponential(2),
  });
  const plain = races.map(({ next, ...race }) => ({
    ...race,
    nextLiquidity: Object.fromEntries(Object.entries(next).map(([name, log]) => [name, Math.exp(log)])),
  }));
  const price = priceOfTick(samples.at(-1)!.tick);
  return [{ text, json: { depth: plain } }, slippageSection(history, races, price)];
}

function slippageSection(
  history: PoolHistory,
  races: readonly Race<number>[],
  price: number,
): ForecastSection {
  const check = impactCheck(history);
  const rows = races.flatMap((one) => {
    const { horizon, skills } = one;
    const used = usedForecast(one);
    if (used === undefined) return [];
    const { model: name, value: forecast } = used;
    const rmse = skills.find(({ model }) => model === name)?.rmse ?? skills[0]!.naiveRmse;
    return SIZES.map((eth) => {
      const at = (log: number): number =>
        slippage({ price, liquidity: Math.exp(log), fee: FEE }, -eth).impact;
      return {
        horizon,
        model: name,
        eth,
        impact: at(forecast),
        shallow: at(forecast - SHALLOW * rmse),
      };
    });
  });
  const table = plainTable(["within", "sale", "impact", "1 in 20 above"], { aligns: [] });
  for (const { horizon, eth, impact, shallow } of rows) {
    table.push([horizon, `${String(eth)} ETH`, basisPoints(impact), basisPoints(shallow)]);
  }
  const moved =
    check === undefined
      ? "No trades moved the price, so that\nnet flow over depth is not put to the test"
      : `Over ${check.minutes.toLocaleString("en-US")} minutes the price moved\n` +
        `${check.slope.toFixed(2)} times as far as net flow over depth says (R² ${check.r2.toFixed(2)})`;
  const title =
    `Slippage at ${price.toFixed(0)} USD beside the fee of ${String(FEE / 100)} bp: impact is in proportion to 1/depth, and its\n` +
    `forecast as good as that above. ${moved}`;
  return {
    text: `${title}\n${table.toString()}`,
    json: { slippage: { price, feeRate: FEE / 1e6, rows, impactCheck: check } },
  };
}

function basisPoints(share: number): string {
  return `${(1e4 * share).toFixed(2)} bp`;
}
