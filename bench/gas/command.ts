import { writeFileSync } from "node:fs";

import { Command } from "commander";

interface GasOptions {
  readonly json?: string;
  readonly update?: true;
}

/** `bench gas`: what everything costs, on the in-process local mainnet. */
export function gasCommand(): Command {
  return new Command("gas")
    .description("Measure the gas of pricing, valuation and every transaction, with real protocol bytecode.")
    .option("--json <file>", "write {settings, commit, rows, accuracy} there; - for standard output alone")
    .option("--update", "rewrite bench/gas.snapshot.json, which the tests compare with")
    .addHelpText(
      "after",
      `
Examples:
  npm run bench -- gas
  npm run bench -- gas --json gas.json
  npm run bench -- gas --update        after a change of gas that is meant`,
    )
    .action(runGas);
}

async function runGas({ json, update }: GasOptions): Promise<void> {
  // What measures needs Hardhat; the command line must answer without.
  const [{ default: hre }, { measureGas }, { gasReport, renderReport }, { writeSnapshot }] =
    await Promise.all([
      import("hardhat"),
      import("./measure.ts"),
      import("./report.ts"),
      import("./snapshot.ts"),
    ]);
  await hre.tasks.getTask("build").run({ quiet: true });
  const measurements = await measureGas();
  const report = gasReport(measurements);
  if (update === true) writeSnapshot(report.rows);
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, text);
  console.log(renderReport(measurements, report));
}
