import { writeFileSync } from "node:fs";

import { Command, InvalidArgumentError } from "commander";

import type { Book, StressResult } from "./replay.ts";

interface StressOptions {
  readonly prices: string;
  readonly step: number;
  readonly json?: string;
}

/** `bench stress`: what the stress windows of history ask of the hedge reserve and of the budgets. */
export function stressCommand(): Command {
  return new Command("stress")
    .description(
      "Replay stress windows over a book at its limit: is every hedge afforded, and what of the budgets does it take?",
    )
    .requiredOption(
      "--prices <file>",
      "CSV, gzipped or not: ts (unix seconds), open, high, low, close; hourly",
    )
    .option("--step <hours>", "hours between hedges", wholeHours, 1)
    .option("--json <file>", "write the rows there as well; - for standard output alone")
    .addHelpText(
      "after",
      "\nExample:\n  npm run bench -- stress --prices eth_usd_1h.csv.gz --json stress.json",
    )
    .action(runStress);
}

async function runStress({ prices, step, json }: StressOptions): Promise<void> {
  const [
    { default: hre },
    { default: Table },
    { readPricePath },
    { benchKeel },
    { playStress },
    { STRESS_WINDOWS },
  ] = await Promise.all([
    import("hardhat"),
    import("cli-table3"),
    import("../../scripts/market/priceSource.ts"),
    import("../gas/market.ts"),
    import("./replay.ts"),
    import("./windows.ts"),
  ]);
  await hre.tasks.getTask("build").run({ quiet: true });
  const keel = await benchKeel();
  const rows: (StressResult & { from: string; to: string; book: Book })[] = [];
  for (const [from, to] of STRESS_WINDOWS) {
    const { candles } = readPricePath({ prices, from, to });
    for (const book of ["calls", "puts"] as const) {
      const pristine = await keel.networkHelpers.takeSnapshot();
      const result = await playStress(keel, candles, book, step);
      await pristine.restore();
      rows.push({ from, to, book, ...result });
      console.error(`${from} to ${to}, ${book}: ${String(result.hedges)} hedges`);
    }
  }
  const text = `${JSON.stringify({ step, rows }, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, text);
  const percent = (share: number) => `${(100 * share).toFixed(3)} %`;
  const table = new Table({
    style: { head: [], border: [], compact: true },
    head: [
      "window",
      "book",
      "hedges",
      "unmade",
      "left, ETH",
      "loss",
      "turnover",
      "least cash",
      "from liquidation",
    ],
  });
  for (const row of rows) {
    table.push([
      `${row.from} to ${row.to}`,
      row.book,
      row.hedges,
      row.unmade,
      row.worstLeft.toFixed(3),
      percent(row.loss),
      percent(row.turnover),
      Math.floor(row.leastCash).toLocaleString("en-US"),
      row.leastDistance === null ? "" : percent(row.leastDistance),
    ]);
  }
  const most = (key: "loss" | "turnover") => percent(Math.max(...rows.map((row) => row[key])));
  console.log(table.toString());
  console.log(
    `Most of the budgets in use at once, as shares of NAV: loss ${most("loss")}, turnover ${most("turnover")}.`,
  );
}

function wholeHours(text: string): number {
  const hours = Number(text);
  if (!Number.isInteger(hours) || hours < 1)
    throw new InvalidArgumentError("must be a whole number of hours.");
  return hours;
}
