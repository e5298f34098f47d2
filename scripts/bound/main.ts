import { Command, InvalidArgumentError } from "commander";
import { createPublicClient, http } from "viem";

import { refuseInOneLine } from "../../keeper/cli/refuseInOneLine.ts";
import { loadDeployment } from "../../keeper/config/deployment.ts";
import { ConfigError } from "../../keeper/config/load.ts";
import { describeError } from "../../keeper/log/describeError.ts";
import { DEFAULT_SUBJECT, readSubject, type Subject } from "./parameters.ts";
import { boundReport, renderReport } from "./report.ts";

interface BoundFlags {
  readonly deployment?: string;
  readonly rpc: string;
  readonly json?: true;
}

const program = new Command("bound")
  .description("Prints what each hot key can lose if it is stolen, part by part, as a percentage of NAV.")
  .option("--deployment <file>", "read the parameters of that vault; without it, those Keel is deployed with")
  .option("--rpc <url>", "where to read them", parseUrl, "http://127.0.0.1:8545")
  .option("--json", "as JSON")
  .addHelpText(
    "after",
    `
Examples:
  npm run bound
  npm run bound -- --deployment deployments/31337.json --rpc http://127.0.0.1:8545 --json`,
  )
  .action(printBounds);

try {
  await refuseInOneLine(program).parseAsync();
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : describeError(error));
  process.exitCode = 1;
}

async function printBounds({ deployment, rpc, json }: BoundFlags): Promise<void> {
  const report = boundReport(deployment === undefined ? DEFAULT_SUBJECT : await readFrom(deployment, rpc));
  console.log(json === true ? JSON.stringify(report, null, 2) : renderReport(report));
}

async function readFrom(file: string, rpc: string): Promise<Subject> {
  const { chainId, contracts } = loadDeployment(file);
  const client = createPublicClient({ transport: http(rpc) });
  const actual = await client.getChainId();
  if (actual !== chainId) {
    throw new ConfigError([`${file} is of chain ${String(chainId)}, but ${rpc} is chain ${String(actual)}`]);
  }
  return readSubject(client, contracts.Vault);
}

function parseUrl(value: string): string {
  if (!URL.canParse(value)) throw new InvalidArgumentError("is not a URL.");
  return value;
}
