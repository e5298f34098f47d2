import { BASE_FEE_BOUNDS, expectWithin } from "./bounds.ts";
import { gasColumn, readGasOf, type GasSample } from "../../keeper/history/gasSamples.ts";
import { formatInstant } from "../../keeper/history/instant.ts";
import { Random } from "../../keeper/math/random.ts";

const WEI_PER_GWEI = 1e9;

export interface BaseFeeSource {
  /** What the fees are, for the report. */
  readonly source: string;
  /** @param timestamp unix seconds. @returns wei per gas. */
  at(timestamp: number): bigint;
}

/**
 * Recorded gas prices, as `readGasOf` has them, taken for the base fee. Between two samples the fee moves evenly in logarithm; beyond
 * the outermost it stays. The published averages hold the tips as well, so they are somewhat high.
 * @param period unix seconds the file must cover.
 * @throws InputError when the file or a row of the period cannot be used, or the period is not covered.
 */
export function readBaseFee(
  file: string,
  period: { readonly start: number; readonly end: number },
): BaseFeeSource {
  const { table, samples } = readGasOf("--gas", file, period);
  const column = gasColumn(table);
  for (const { row, gwei } of samples) expectWithin(table, row, column, gwei, BASE_FEE_BOUNDS);
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
