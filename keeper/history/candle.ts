import type { CsvRow, CsvTable } from "./csv.ts";

export const HOUR_SECONDS = 3600;

/** One hour of trading; prices in the unit of its source. */
export interface Candle {
  /** Unix seconds of its start. */
  readonly timestamp: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface CandleRow {
  readonly row: CsvRow;
  readonly candle: Candle;
}

/**
 * Reads `ts, open, high, low, close` (ts in unix seconds); other columns are ignored.
 * @throws InputError naming the row that is out of order, not positive or whose range does not hold its open and close.
 */
export function readCandleRows(table: CsvTable): CandleRow[] {
  const ts = table.column("ts");
  const [open, high, low, close] = [
    table.column("open"),
    table.column("high"),
    table.column("low"),
    table.column("close"),
  ];
  let previous = -Infinity;
  return table.rows.map((row) => {
    const candle: Candle = {
      timestamp: table.timestamp(row, ts),
      open: table.positive(row, open),
      high: table.positive(row, high),
      low: table.positive(row, low),
      close: table.positive(row, close),
    };
    if (!Number.isInteger(candle.timestamp)) {
      throw table.error(`ts ${String(candle.timestamp)} is not a whole number of seconds`, row);
    }
    if (candle.timestamp <= previous)
      throw table.error(`ts ${String(candle.timestamp)} is not after the row above`, row);
    previous = candle.timestamp;
    checkRange(table, row, candle);
    return { row, candle };
  });
}

function checkRange(table: CsvTable, row: CsvRow, candle: Candle): void {
  if (candle.high < Math.max(candle.open, candle.low, candle.close)) {
    throw table.error(`high ${String(candle.high)} is below its open, low or close`, row);
  }
  if (candle.low > Math.min(candle.open, candle.close)) {
    throw table.error(`low ${String(candle.low)} is above its open or close`, row);
  }
}

/** @throws InputError naming the row after which hours are missing. */
export function checkHourly(table: CsvTable, rows: readonly CandleRow[]): void {
  for (let index = 1; index < rows.length; index++) {
    const { row, candle } = rows[index]!;
    const step = candle.timestamp - rows[index - 1]!.candle.timestamp;
    if (step !== HOUR_SECONDS) {
      throw table.error(
        `a gap: ts is ${String(step)} s after the row above, expected ${String(HOUR_SECONDS)}`,
        row,
      );
    }
  }
}
