import { writeFileSync } from "node:fs";

import { Command } from "commander";

import { checkWritable } from "../../keeper/cli/checkWritable.ts";
import { wholeIn } from "../../keeper/cli/numberFlag.ts";
import { InputError } from "../../keeper/history/inputError.ts";

const count = wholeIn(1, 999_999_999);

interface BacktestBenchOptions {
  readonly json?: string;
  readonly repeats: number;
  readonly duration: number;
}

/** `bench backtest`: how many options a core values a second, bare and inside the engine. */
export function backtestBenchCommand(): Command {
  return new Command("backtest")
    .description("Measure the backtest engine: option-steps a second, on one core and on two.")
    .option("--json <file>", "write {commit, machine, settings, rows} there; - for standard output alone")
    .option("--repeats <count>", "measurements of each, of which the best counts", count, 24)
    .option("--duration <ms>", "milliseconds of each", count, 150)
    .addHelpText(
      "after",
      "\nAn option-step is the price and the delta of one vanilla option at one step of a path.\n\n" +
        "Examples:\n  npm run bench -- backtest\n  npm run bench -- backtest --json backtest.json",
    )
    .action(runBacktestBench);
}

async function runBacktestBench({ json, repeats, duration }: BacktestBenchOptions): Promise<void> {
  const [{ measureBacktest }, { renderBacktestReport }] = await Promise.all([
    import("./measure.ts"),
    import("./report.ts"),
  ]);
  try {
    checkWritable("--json", json);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(`bench backtest: ${error.message}`);
    process.exitCode = 2;
    return;
  }
  const report = await measureBacktest({ repeats, duration }, (progress) => {
    console.error(progress);
  });
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, text);
  console.log(renderBacktestReport(report));
}
