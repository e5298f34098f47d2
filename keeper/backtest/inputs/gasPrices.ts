import { readGasOf } from "../../history/gasSamples.ts";
import type { Series } from "../scenario.ts";

/**
 * Gas prices in gwei, as `readGasOf` has them. Between two of them the price moves evenly in logarithm.
 * @param period Unix seconds the file must cover.
 * @throws InputError when the file or a row of the period cannot be used, or the period is not covered.
 */
export function readGasPrices(
  file: string,
  period: { readonly start: number; readonly end: number },
): Series {
  const { samples } = readGasOf("--gas", file, period);
  return {
    times: samples.map(({ timestamp }) => timestamp),
    values: samples.map(({ gwei }) => gwei),
    between: "log",
  };
}
