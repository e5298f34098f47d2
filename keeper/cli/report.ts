import { Command } from "commander";

export interface ReportFlags {
  readonly out?: string;
  readonly open?: true;
}

const HELP = `
RESULT.json is what \`keeper backtest --json\` or \`keeper benchmark --json\` wrote; - is standard input. The report is one HTML
file with all of its pictures and data in it. It loads nothing from anywhere and can be mailed.

Exit codes: 0 done, 1 failed, 2 bad input.

Examples:
  $ npm run keeper -- report backtest.json --open
  $ npm run keeper -- report benchmark.json --out benchmark.html`;

/** `keeper report`: a result as a page of HTML. */
export function reportCommand(): Command {
  return new Command("report")
    .description("Make one HTML file with pictures of a backtest's or a benchmark's JSON.")
    .argument("<result>", "the JSON; - for standard input")
    .option("--out <file>", "where to write; by default beside RESULT.json, ending in .html")
    .option("--open", "open it when it is written")
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(result: string, flags: ReportFlags): Promise<void> {
  const { runReport } = await import("./runReport.ts");
  process.exitCode = await runReport(result, flags, process);
}
