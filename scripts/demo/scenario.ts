import { VOLATILITY_BOUNDS } from "../market/bounds.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { HOUR_SECONDS, type Candle } from "../../keeper/history/candle.ts";
import { readImpliedVolatility } from "../market/dvolSource.ts";
import { generateBaseFee, readBaseFee, type BaseFeeSource } from "../market/gasSource.ts";
import { generatePricePath, readPricePath } from "../market/priceSource.ts";
import { walkCandles, type PricePoint } from "../../keeper/history/bridge.ts";
import {
  annualisedVolatility,
  observePrice,
  type VolatilityState,
} from "../../keeper/market/realisedVolatility.ts";
import type { DemoOptions } from "./options.ts";

/** The shortest path in which two expiries fit, settle and are hedged in between. */
const MIN_HOURS = 8;
/** The longest: the vault writes no series that runs for more than 35 days. */
const MAX_HOURS = 35 * 24;
/** When a generated path starts; a Monday. */
const GENERATED_START = Date.UTC(2026, 0, 5) / 1000;
const GENERATED_SPOT = 3_000;
/** The last series expires this long before the path ends, so that its settlement and the unwind are part of it. */
const SETTLEMENT_HOURS = 2;

/** All that a run plays, fixed before it starts: the same for every strategy. */
export interface Scenario {
  readonly start: number;
  readonly end: number;
  readonly spot: number;
  readonly points: readonly PricePoint[];
  readonly baseFee: BaseFeeSource;
  /** Annualised implied volatility at a moment, from what was known by then. */
  readonly volatility: (timestamp: number) => number;
  /** Unix seconds, the earlier first. */
  readonly expiries: readonly [number, number];
  readonly sources: { readonly prices: string; readonly volatility: string; readonly baseFee: string };
}

/** Reads or generates the path and everything beside it. @throws InputError when a file or a date cannot be used. */
export function buildScenario(options: DemoOptions): Scenario {
  // Before a path is made up: its length is what takes the time.
  if (options.prices === undefined) expectPlayable("--hours", options.hours);
  const { history, candles, source } =
    options.prices === undefined ? generatePath(options) : readReplay(options);
  expectPlayable("--from and --to", candles.length);
  const start = candles[0]!.timestamp;
  const end = start + candles.length * HOUR_SECONDS;
  const points = walkCandles(candles, options.seed);
  const volatility =
    options.dvol === undefined
      ? realisedSource(history, candles)
      : readImpliedVolatility(options.dvol, { start, end });
  const baseFee =
    options.gas === undefined
      ? generateBaseFee({ seed: options.seed, start })
      : readBaseFee(options.gas, { start, end });
  return {
    start,
    end,
    spot: candles[0]!.open,
    points,
    baseFee,
    volatility: (timestamp) => volatility.at(Math.max(start, timestamp)),
    expiries: [
      start + Math.floor(candles.length * 0.45) * HOUR_SECONDS,
      end - SETTLEMENT_HOURS * HOUR_SECONDS,
    ],
    sources: { prices: source, volatility: volatility.source, baseFee: baseFee.source },
  };
}

function expectPlayable(flags: string, hours: number): void {
  if (hours >= MIN_HOURS && hours <= MAX_HOURS) return;
  throw new InputError(
    `${flags}: ${String(hours)} hours cannot be played, two expiries fit in ${String(MIN_HOURS)} to ${String(MAX_HOURS)}`,
  );
}

function readReplay({ prices, from, to }: DemoOptions) {
  return readPricePath({ prices: prices!, from, to });
}

function generatePath({ seed, hours, from, to }: DemoOptions) {
  if (from !== undefined) throw new InputError("--from needs --prices");
  if (to !== undefined) throw new InputError("--to needs --prices");
  const path = generatePricePath({ seed, start: GENERATED_START, hours, spot: GENERATED_SPOT });
  return { ...path, source: `${path.source}, ${String(hours)} hours` };
}

/** Weighs a return half after two days: the horizon of the options sold. */
const HALF_LIFE_SECONDS = 48 * HOUR_SECONDS;
/** Used only in the first hours of a file that has nothing before them: ETH's long-run volatility. */
const FALLBACK_VOLATILITY = 0.7;

/** At any moment the volatility realised by the closes known by then, as near as the oracle takes it. */
function realisedSource(history: readonly Candle[], candles: readonly Candle[]) {
  const all = [...history, ...candles];
  const first = all[0]!.timestamp;
  const byHour = [FALLBACK_VOLATILITY];
  let state: VolatilityState | undefined;
  for (const { timestamp, close } of all) {
    state = observePrice(state, { timestamp: timestamp + HOUR_SECONDS, price: close }, HALF_LIFE_SECONDS);
    byHour.push(annualisedVolatility(state) ?? FALLBACK_VOLATILITY);
  }
  const { least, most } = VOLATILITY_BOUNDS;
  const posted = byHour.map((volatility) => Math.min(most / 100, Math.max(least / 100, volatility)));
  const isBounded = posted.some((volatility, hour) => volatility !== byHour[hour]);
  return {
    source: `realised volatility of the hours before${isBounded ? `, kept to ${String(least)} to ${String(most)} %` : ""}`,
    at: (timestamp: number): number => posted[Math.floor((timestamp - first) / HOUR_SECONDS)]!,
  };
}
