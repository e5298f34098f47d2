import { BASE_FEE_BOUNDS, expectWithin } from "./bounds.ts";
import { CsvTable } from "../../keeper/history/csv.ts";
import { isDailyGas, readGasSamples, type GasSample } from "../../keeper/history/gasSamples.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { formatInstant } from "../../keeper/history/instant.ts";
import { Random } from "../../keeper/math/random.ts";

const DAY_SECONDS = 86_400;
const WEI_PER_GWEI = 1e9;
/** Longer silences of a file are gaps. */
const MAX_SILENCE_SECONDS = 2 * DAY_SECONDS;

export interface BaseFeeSource {
  /** What the fees are, for the report. */
  readonly source: string;
  /** @param timestamp unix seconds. @returns wei per gas. */
  at(timestamp: number): bigint;
}

/**
 * Recorded gas prices, taken for the base fee: either daily, `date, avg_gas_price_gwei` (each day's average, put at its
 * noon), or about hourly, `ts, average_gwei`. Between two samples the fee moves evenly in logarithm; beyond the outermost
 * it stays. Other columns are ignored. The published averages hold the tips as well, so they are somewhat high.
 * @param period unix seconds the file must cover.
 * @throws InputError when the file or a row of the period cannot be used, or the period is not covered.
 */
export function readBaseFee(
  file: string,
  period: { readonly start: number; readonly end: number },
): BaseFeeSource {
  const table = new CsvTable("--gas", file);
  const all = readGasSamples(table);
  const column = isDailyGas(table) ? "avg_gas_price_gwei" : "average_gwei";
  const reach = table.has("date") ? DAY_SECONDS / 2 : 0;
  const first = all[0]!;
  const last = all.at(-1)!;
  if (period.start < first.timestamp - reach || period.end > last.timestamp + reach) {
    throw new InputError(
      `--gas ${file} has ${formatInstant(first.timestamp - reach)} to ${formatInstant(last.timestamp + reach)}, ` +
        `needed are ${formatInstant(period.start)} to ${formatInstant(period.end)}`,
    );
  }

  const from = Math.max(
    0,
    all.findLastIndex(({ timestamp }) => timestamp <= period.start),
  );
  const after = all.findIndex(({ timestamp }) => timestamp >= period.end);
  const samples = all.slice(from, after < 0 ? all.length : after + 1);
  for (const [index, sample] of samples.entries()) {
    if (sample.gwei <= 0) throw table.error(`gas price ${String(sample.gwei)} is not above 0`, sample.row);
    expectWithin(table, sample.row, column, sample.gwei, BASE_FEE_BOUNDS);
    const silence = index === 0 ? 0 : sample.timestamp - samples[index - 1]!.timestamp;
    if (silence > MAX_SILENCE_SECONDS) {
      throw table.error(
        `a gap: ${String(silence)} s after the row above, at most ${String(MAX_SILENCE_SECONDS)} are bridged`,
        sample.row,
      );
    }
  }
  return { source: file, at: (timestamp) => toWei(interpolate(samples, timestamp)) };
}

/** A base fee that wanders around its median: gwei, hours and the standard deviation of its logarithm. */
export interface BaseFeeProcess {
  readonly medianGwei: number;
  readonly halfLifeHours: number;
  readonly logDeviation: number;
}

export const CALM_MAINNET: BaseFeeProcess = { medianGwei: 8, halfLifeHours: 4, logDeviation: 0.5 };

/**
 * A seeded base fee whose logarithm is an Ornstein–Uhlenbeck process in its stationary law, exact at each minute from
 * `start` and constant within it.
 * @param start unix seconds of the first fee.
 */
export function generateBaseFee(options: {
  readonly seed: number;
  readonly start: number;
  readonly process?: BaseFeeProcess;
}): BaseFeeSource {
  const { seed, start, process = CALM_MAINNET } = options;
  const { medianGwei, halfLifeHours, logDeviation } = process;
  const random = new Random(seed, "base fee");
  const decay = 2 ** (-1 / (60 * halfLifeHours));
  const shock = logDeviation * Math.sqrt(1 - decay ** 2);
  const deviations = [logDeviation * random.normal()];
  return {
    source: `mean-reverting around ${String(medianGwei)} gwei, seed ${String(seed)}`,
    at(timestamp) {
      const minute = Math.floor((timestamp - start) / 60);
      if (minute < 0) throw new RangeError(`no base fee before ${formatInstant(start)}`);
      while (deviations.length <= minute)
        deviations.push(decay * deviations.at(-1)! + shock * random.normal());
      return toWei(medianGwei * Math.exp(deviations[minute]!));
    },
  };
}

function interpolate(samples: readonly GasSample[], timestamp: number): number {
  const right = samples.findIndex((sample) => sample.timestamp >= timestamp);
  if (right === 0) return samples[0]!.gwei;
  if (right < 0) return samples.at(-1)!.gwei;
  const [before, after] = [samples[right - 1]!, samples[right]!];
  const share = (timestamp - before.timestamp) / (after.timestamp - before.timestamp);
  return before.gwei * (after.gwei / before.gwei) ** share;
}

function toWei(gwei: number): bigint {
  return BigInt(Math.max(1, Math.round(gwei * WEI_PER_GWEI)));
}
