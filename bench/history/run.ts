import { existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { BOOK_NAMES, isBookName } from "../../keeper/backtest/inputs/namedBooks.ts";
import { WorkerPool } from "../../keeper/backtest/workerPool.ts";
import { checkWritable } from "../../keeper/cli/checkWritable.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import type { HistoryFlags } from "./command.ts";
import { folds, LAST_DAY } from "./periods.ts";
import { renderHistory } from "./report.ts";
import { playFold, type FoldResult } from "./walkForward.ts";

/** @returns The exit code: 0, or 2 with a line where something cannot be used. */
export async function runHistory(flags: HistoryFlags): Promise<number> {
  try {
    await play(flags);
    return 0;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(`bench history: ${error.message}`);
    return 2;
  }
}

async function play({ data, books, levels, only, json }: HistoryFlags): Promise<void> {
  const prices = join(data, "eth_usd_1h.csv.gz");
  const gas = join(data, "gas_daily_etherscan.csv.gz");
  for (const file of [prices, gas]) if (!existsSync(file)) throw new InputError(`${file} does not exist`);
  const named = books.split(",").map(bookOf);
  const asked = levels.split(",").map(levelOf);
  const all = folds(LAST_DAY);
  const played = all.filter(({ name }) => only === undefined || name === only);
  if (played.length === 0)
    throw new InputError(`--only ${only!} is none of ${all.map(({ name }) => name).join(", ")}`);
  checkWritable("--json", json);
  const pool = new WorkerPool(availableParallelism());
  const results: FoldResult[] = [];
  try {
    for (const level of asked) {
      for (const { name, days } of named) {
        for (const fold of played) {
          const files = { prices, gas: level === "L2" ? null : gas };
          results.push(await playFold(fold, { files, level, book: name, days, pool }));
          console.error(`bench history: ${level}, ${name}, ${fold.name}`);
        }
      }
    }
  } finally {
    await pool.close();
  }
  const text = `${JSON.stringify({ version: 1, folds: results }, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, text);
  console.log(renderHistory(results));
}

function bookOf(text: string): { readonly name: string; readonly days: number } {
  const [name = "", given] = text.split(":");
  const days = Number(given);
  if (!isBookName(name)) throw new InputError(`--books ${text}: it is none of ${BOOK_NAMES.join(", ")}`);
  if (!(days > 0 && days <= 365)) throw new InputError(`--books ${text}: not of the form NAME:days`);
  return { name, days };
}

function levelOf(text: string): "mainnet" | "L2" {
  if (text !== "mainnet" && text !== "L2")
    throw new InputError(`--levels ${text}: it is neither mainnet nor L2`);
  return text;
}
