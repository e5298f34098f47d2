import { writeFileSync } from "node:fs";

import { Command } from "commander";

import { wholeIn } from "../../keeper/cli/numberFlag.ts";

const count = wholeIn(1, 999_999_999);

interface KeeperOptions {
  readonly json?: string;
  readonly vaults: number;
  readonly blocks?: number;
  readonly rebalances: number;
  readonly most: number;
}

/** `bench keeper`: how fast the keeper is, and how many vaults one process can keep. */
export function keeperCommand(): Command {
  return new Command("keeper")
    .description(
      "Measure the keeper: block to broadcast, RPC calls, vaults a core can serve, memory, the RPC pool.",
    )
    .option(
      "--json <file>",
      "write {commit, machine, settings, rows, measurements} there; - for standard output alone",
    )
    .option("--vaults <count>", "vaults to measure memory at, and to start the search from", count, 1_000)
    .option(
      "--blocks <count>",
      "blocks of each trial (default: those of twenty seconds, at least two)",
      count,
    )
    .option("--rebalances <count>", "rebalances to time, on each database", count, 100)
    .option("--most <count>", "the most vaults to try", count, 8_000)
    .addHelpText(
      "after",
      `
Takes some ten minutes. What else the machine does slows it down: the load is in the report.

Examples:
  npm run bench -- keeper
  npm run bench -- keeper --json keeper.json
  npm run bench -- keeper --vaults 100 --blocks 2 --most 400   a quick look`,
    )
    .action(runKeeper);
}

async function runKeeper({ json, vaults, blocks, rebalances, most }: KeeperOptions): Promise<void> {
  const [{ measureKeeper }, { keeperReport, renderKeeperReport }] = await Promise.all([
    import("./measure.ts"),
    import("./report.ts"),
  ]);
  const settings = {
    ...{ vaults, blocks, rebalances, most, series: 16, poolRequests: 3_000 },
    ...{ intervals: [12, 0.25], engines: ["pglite", "postgres"] as const },
  };
  const report = keeperReport(settings, await measureKeeper(settings, (progress) => console.error(progress)));
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, text);
  console.log(renderKeeperReport(report));
}
