import { CsvTable, type CsvRow } from "../../history/csv.ts";
import { InputError } from "../../history/inputError.ts";
import { formatInstant, parseFrom } from "../../history/instant.ts";
import type { Series } from "../scenario.ts";

const DAY_SECONDS = 86_400;
/** Longer silences of a file are gaps. */
const MAX_SILENCE_SECONDS = 2 * DAY_SECONDS;
const DAILY = "avg_gas_price_gwei";
/** What sources call a gas price in gwei at a moment `ts`. */
const TIMED = ["average_gwei", "base_fee_gwei", "gwei"] as const;

/**
 * Gas prices in gwei: daily (`date, avg_gas_price_gwei`, put at noon) or at moments (`ts` in unix seconds and `average_gwei`,
 * `base_fee_gwei` or `gwei`). Between two of them the price moves evenly in logarithm.
 * @param period Unix seconds the file must cover.
 * @throws InputError when the file or a row of the period cannot be used, or the period is not covered.
 */
export function readGasPrices(
  file: string,
  period: { readonly start: number; readonly end: number },
): Series {
  const table = new CsvTable("--gas", file);
  const samples = table.has("date", DAILY) ? dailySamples(table) : timedSamples(table);
  const reach = table.has("date", DAILY) ? DAY_SECONDS / 2 : 3600;
  const covered = { start: samples[0]!.timestamp - reach, end: samples.at(-1)!.timestamp + reach };
  if (period.start < covered.start || period.end > covered.end) {
    throw new InputError(
      `--gas ${file} has ${formatInstant(covered.start)} to ${formatInstant(covered.end)}, ` +
        `needed are ${formatInstant(period.start)} to ${formatInstant(period.end)}`,
    );
  }
  const from = Math.max(
    0,
    samples.findLastIndex(({ timestamp }) => timestamp <= period.start),
  );
  const after = samples.findIndex(({ timestamp }) => timestamp >= period.end);
  const needed = samples.slice(from, after < 0 ? samples.length : after + 1);
  for (const [index, { row, timestamp, gwei }] of needed.entries()) {
    if (gwei <= 0) throw table.error(`gas price ${String(gwei)} is not above 0`, row);
    const silence = index === 0 ? 0 : timestamp - needed[index - 1]!.timestamp;
    if (index > 0 && silence <= 0) throw table.error("is not after the row above", row);
    if (silence > MAX_SILENCE_SECONDS)
      throw table.error(
        `a gap: ${String(silence)} s after the row above, at most ${String(MAX_SILENCE_SECONDS)} are bridged`,
        row,
      );
  }
  return {
    times: needed.map(({ timestamp }) => timestamp),
    values: needed.map(({ gwei }) => gwei),
    between: "log",
  };
}

interface Sample {
  readonly row: CsvRow;
  readonly timestamp: number;
  readonly gwei: number;
}

function dailySamples(table: CsvTable): Sample[] {
  const date = table.column("date");
  const gwei = table.column(DAILY);
  return table.rows.map((row) => {
    const text = row.cells[date]!;
    if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw table.error(`date "${text}" is not a day YYYY-MM-DD`, row);
    return {
      row,
      timestamp: parseFrom("--gas date", text) + DAY_SECONDS / 2,
      gwei: table.number(row, gwei),
    };
  });
}

function timedSamples(table: CsvTable): Sample[] {
  const name = TIMED.find((column) => table.has("ts", column));
  if (name === undefined)
    throw table.error(`has neither the columns date, ${DAILY} nor ts and one of ${TIMED.join(", ")}`);
  const [ts, gwei] = [table.column("ts"), table.column(name)];
  return table.rows.map((row) => ({ row, timestamp: table.number(row, ts), gwei: table.number(row, gwei) }));
}
