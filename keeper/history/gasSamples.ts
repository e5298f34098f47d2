import type { CsvRow, CsvTable } from "./csv.ts";
import { parseFrom } from "./instant.ts";

const DAY_SECONDS = 86_400;

/** A gas price that was recorded. */
export interface GasSample {
  readonly row: CsvRow;
  /** Unix seconds; of a day's average its noon. */
  readonly timestamp: number;
  readonly gwei: number;
}

/**
 * Reads either `date, avg_gas_price_gwei` (each day's average) or `ts, average_gwei` (unix seconds, about hourly); other
 * columns are ignored.
 * @throws InputError naming the columns that are missing or the row that is no number or out of order.
 */
export function readGasSamples(table: CsvTable): GasSample[] {
  return isDailyGas(table) ? dailySamples(table) : hourlySamples(table);
}

/** Whether a table holds the averages of days. */
export function isDailyGas(table: CsvTable): boolean {
  return table.has("date", "avg_gas_price_gwei");
}

function dailySamples(table: CsvTable): GasSample[] {
  const date = table.column("date");
  const gwei = table.column("avg_gas_price_gwei");
  return inOrder(
    table,
    table.rows.map((row) => {
      const text = row.cells[date]!;
      if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw table.error(`date "${text}" is not a day YYYY-MM-DD`, row);
      return {
        row,
        timestamp: parseFrom("--gas date", text) + DAY_SECONDS / 2,
        gwei: table.number(row, gwei),
      };
    }),
  );
}

function hourlySamples(table: CsvTable): GasSample[] {
  if (!table.has("ts", "average_gwei")) {
    throw table.error("has neither the columns date, avg_gas_price_gwei nor ts, average_gwei");
  }
  const ts = table.column("ts");
  const gwei = table.column("average_gwei");
  return inOrder(
    table,
    table.rows.map((row) => ({ row, timestamp: table.number(row, ts), gwei: table.number(row, gwei) })),
  );
}

function inOrder(table: CsvTable, samples: GasSample[]): GasSample[] {
  for (const [index, sample] of samples.entries()) {
    if (index > 0 && sample.timestamp <= samples[index - 1]!.timestamp) {
      throw table.error("is not after the row above", sample.row);
    }
  }
  return samples;
}
