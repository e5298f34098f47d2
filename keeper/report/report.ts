import { backtestPage } from "./backtestPage.ts";
import { benchmarkPage } from "./benchmarkPage.ts";
import { parseResult } from "./resultFile.ts";

/**
 * The report of a result: one HTML file that needs nothing else.
 * @param name of the result's file, for messages.
 * @param text JSON of `keeper backtest` or `keeper benchmark`.
 * @throws InputError in one line when it is neither.
 */
export function report(name: string, text: string): string {
  const file = parseResult(name, text);
  return file.kind === "backtest" ? backtestPage(file.result) : benchmarkPage(file.result);
}
