import { HOUR_SECONDS } from "./candle.ts";
import { checkCovered } from "./checkCovered.ts";
import { CsvTable, type CsvRow } from "./csv.ts";
import { parseFrom } from "./instant.ts";

const DAY_SECONDS = 86_400;
const DAILY = "avg_gas_price_gwei";
/** What sources call a gas price in gwei at a moment `ts`. */
const TIMED = ["average_gwei", "base_fee_gwei", "gwei"] as const;
/** Longer silences of a file are gaps. */
const MAX_SILENCE_SECONDS = 2 * DAY_SECONDS;

/** A gas price that was recorded. */
export interface GasSample {
  readonly row: CsvRow;
  /** Unix seconds; of a day's average its noon. */
  readonly timestamp: number;
  readonly gwei: number;
}

/**
 * Reads either `date, avg_gas_price_gwei` (each day's average) or moments, `ts` (unix seconds) and `average_gwei`, `base_fee_gwei`
 * or `gwei`; other columns are ignored.
 * @throws InputError naming the columns that are missing or the row that is no number or out of order.
 */
export function readGasSamples(table: CsvTable): GasSample[] {
  return isDailyGas(table) ? dailySamples(table) : timedSamples(table);
}

/** Whether a table holds the averages of days. */
function isDailyGas(table: CsvTable): boolean {
  return table.has("date", DAILY);
}

/** The name of the column that holds the prices. @throws InputError when there is none. */
export function gasColumn(table: CsvTable): string {
  if (isDailyGas(table)) return DAILY;
  const name = TIMED.find((column) => table.has("ts", column));
  if (name === undefined)
    throw table.error(`has neither the columns date, ${DAILY} nor ts and one of ${TIMED.join(", ")}`);
  return name;
}

/**
 * The samples that tell of a period, from the last before it to the first after it.
 * @param period Unix seconds the file must cover: a day's average counts for its day, a moment for the hour around it.
 * @throws InputError likewise, and when the period is not covered, a price of it is not above 0 or a silence is too long.
 */
export function readGasOf(
  flag: string,
  file: string,
  period: { readonly start: number; readonly end: number },
): { readonly table: CsvTable; readonly samples: readonly GasSample[] } {
  const table = new CsvTable(flag, file);
  const all = readGasSamples(table);
  const reach = isDailyGas(table) ? DAY_SECONDS / 2 : HOUR_SECONDS;
  const covered = { start: all[0]!.timestamp - reach, end: all.at(-1)!.timestamp + reach };
  checkCovered(flag, file, covered, period);
  const from = Math.max(
    0,
    all.findLastIndex(({ timestamp }) => timestamp <= period.start),
  );
  const after = all.findIndex(({ timestamp }) => timestamp >= period.end);
  const samples = all.slice(from, after < 0 ? all.length : after + 1);
  for (const [index, { row, timestamp, gwei }] of samples.entries()) {
    if (gwei <= 0) throw table.error(`gas price ${String(gwei)} is not above 0`, row);
    const silence = index === 0 ? 0 : timestamp - samples[index - 1]!.timestamp;
    if (silence > MAX_SILENCE_SECONDS)
      throw table.error(
        `a gap: ${String(silence)} s after the row above, at most ${String(MAX_SILENCE_SECONDS)} are bridged`,
        row,
      );
  }
  return { table, samples };
}

function dailySamples(table: CsvTable): GasSample[] {
  const date = table.column("date");
  const gwei = table.column(DAILY);
  return inOrder(
    table,
    table.rows.map((row) => {
      const text = row.cells[date]!;
      if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw table.error(`date "${text}" is not a day YYYY-MM-DD`, row);
      return {
        row,
        timestamp: parseFrom("--gas date", text) + DAY_SECONDS / 2,
        gwei: gweiOf(table, row, gwei),
      };
    }),
  );
}

function timedSamples(table: CsvTable): GasSample[] {
  const [gwei, ts] = [table.column(gasColumn(table)), table.column("ts")];
  return inOrder(
    table,
    table.rows.map((row) => ({ row, timestamp: table.timestamp(row, ts), gwei: gweiOf(table, row, gwei) })),
  );
}

/** A source that had nothing to say may have written 0 or less: that is for the reader to leave out. */
function gweiOf(table: CsvTable, row: CsvRow, column: number): number {
  const value = table.number(row, column);
  return value > 0 ? table.positive(row, column) : value;
}

function inOrder(table: CsvTable, samples: GasSample[]): GasSample[] {
  for (const [index, sample] of samples.entries()) {
    if (index > 0 && sample.timestamp <= samples[index - 1]!.timestamp) {
      throw table.error("is not after the row above", sample.row);
    }
  }
  return samples;
}
