import { Command, Option } from "commander";

interface GreeksOptions {
  readonly json: string;
  readonly onchain?: true;
  readonly rpc?: string;
  readonly deployment?: string;
}

const HELP = `
An entry is {type, S, strike, cap?, sigma, tau, forward?}: type "call" or "put"; S, strike, cap and forward in USD; cap
the price beyond which the payout stops growing (of a put, its floor), absent for a vanilla; sigma a fraction a year;
tau in years of 365 days; forward defaults to S. The answer is {price, delta, gamma, vega, theta}: vega per 1.00 of
volatility, theta per year and negative when long. A bad entry becomes {error: {path, message}}, and the exit code 2.

--onchain rounds tau to whole seconds, as the chain counts them.

Examples:
  $ echo '{"type":"call","S":3000,"strike":3200,"sigma":0.65,"tau":0.08}' | npm run --silent keeper -- greeks --json -
  $ npm run --silent keeper -- greeks --json options.json --onchain
  $ npm run --silent keeper -- greeks --json options.json --onchain --rpc http://127.0.0.1:8545`;

/** `keeper greeks`: price and sensitivities of given options, from this process or from the deployed contract. */
export function greeksCommand(): Command {
  return new Command("greeks")
    .description("Price, delta, gamma, vega and theta of the options in a JSON file, as JSON.")
    .requiredOption("--json <file>", "an option or an array of them; - for standard input")
    .option("--onchain", "answer with the Solidity RiskEngine: deployed, or in process when no RPC is given")
    .addOption(
      new Option("--rpc <url>", "with --onchain, a chain that deployments/<chainId>.json describes").env(
        "KEEL_RPC_URL",
      ),
    )
    .addOption(
      new Option("--deployment <file>", "with --rpc, another deployment file").env("KEEL_DEPLOYMENT"),
    )
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(options: GreeksOptions): Promise<void> {
  const [{ optionEntrySchema }, { runJsonBatch }] = await Promise.all([
    import("./optionEntry.ts"),
    import("./jsonBatch.ts"),
  ]);
  if (options.onchain !== true) {
    const { cappedGreeks } = await import("../math/blackScholes.ts");
    await runJsonBatch(options.json, optionEntrySchema, ({ S, ...terms }) =>
      cappedGreeks({ spot: S, ...terms }),
    );
    return;
  }

  const { openRiskEngine } = await import("./onchainGreeks.ts");
  try {
    const engine = await openRiskEngine(options);
    try {
      await runJsonBatch(options.json, optionEntrySchema, engine.greeks);
    } finally {
      await engine.close();
    }
  } catch (error) {
    const [{ describeError }, { Secret, secretsOfUrl }] = await Promise.all([
      import("../log/describeError.ts"),
      import("../config/secret.ts"),
    ]);
    const secrets = options.rpc === undefined ? [] : secretsOfUrl(new Secret(options.rpc));
    const problem = secrets.reduce((text, secret) => secret.blot(text), describeError(error));
    process.stderr.write(`greeks --onchain: ${problem}\n`);
    process.exitCode = 1;
  }
}
