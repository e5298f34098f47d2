import { existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { WorkerPool } from "../../keeper/backtest/workerPool.ts";
import type { HistoryFlags } from "./command.ts";
import { folds } from "./periods.ts";
import { renderHistory } from "./report.ts";
import { playFold, type FoldResult } from "./walkForward.ts";

/** The last whole day of the recorded candles. */
const LAST_DAY = "2025-06-29";

/** @returns The exit code: 0, or 2 where the data is not there. */
export async function runHistory({ data, books, levels, only, json }: HistoryFlags): Promise<number> {
  const prices = join(data, "eth_usd_1h.csv.gz");
  const gas = join(data, "gas_daily_etherscan.csv.gz");
  for (const file of [prices, gas]) {
    if (existsSync(file)) continue;
    console.error(`bench history: ${file} does not exist`);
    return 2;
  }
  const played = folds(LAST_DAY).filter(({ name }) => only === undefined || name === only);
  if (played.length === 0) {
    console.error(
      `bench history: --only ${only!} is none of ${folds(LAST_DAY)
        .map(({ name }) => name)
        .join(", ")}`,
    );
    return 2;
  }
  const pool = new WorkerPool(availableParallelism());
  const results: FoldResult[] = [];
  try {
    for (const level of levels.split(",")) {
      for (const book of books.split(",")) {
        const [name, days] = book.split(":");
        for (const fold of played) {
          const files = { prices, gas: level === "L2" ? null : gas };
          results.push(await playFold(fold, { files, level, book: name!, days: Number(days), pool }));
          console.error(`bench history: ${level}, ${name!}, ${fold.name}`);
        }
      }
    }
  } finally {
    await pool.close();
  }
  const text = `${JSON.stringify({ version: 1, folds: results }, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return 0;
  }
  if (json !== undefined) writeFileSync(json, text);
  console.log(renderHistory(results));
  return 0;
}
