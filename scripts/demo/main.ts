import { writeFileSync } from "node:fs";

import { checkWritable } from "../../keeper/cli/checkWritable.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { parseOptions, type DemoOptions } from "./options.ts";
import { buildScenario } from "./scenario.ts";
import { renderTable } from "./table.ts";

const options = parseOptions(process.argv.slice(2));
try {
  await run(options);
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}

async function run(options: DemoOptions): Promise<void> {
  // Before anything slow, so that a wrong file or date is told at once.
  const scenario = buildScenario(options);
  checkWritable("--json", options.json);
  const { runDemo } = await import("./runDemo.ts");
  const { report, keepAlive } = await runDemo(options, scenario);
  process.stdout.write(`\n${renderTable(report)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.exit || !process.stdout.isTTY) process.exit(0);
  await keepAlive();
}
