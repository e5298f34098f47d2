import { Command } from "commander";

interface RunCommandOptions {
  readonly config?: string;
  readonly once?: true;
}

const HELP = `
It decides and records, and sends nothing, until "keeper activate" lets it; "keeper doctor" says what it lacks.

Settings come from the configuration file (keeper.config.json unless --config names another) and the environment:
KEEL_RPC_URL, KEEL_DEPLOYMENT, KEEL_STORE_DIR, KEEL_LOG_LEVEL and others override the file, DATABASE_URL names a PostgreSQL
that several keepers share, and \${NAME} in the file stands for a variable. The key comes from KEEL_PRIVATE_KEY, from a keystore
(KEEL_KEYSTORE with KEEL_KEYSTORE_PASSWORD or KEEL_KEYSTORE_PASSWORD_FILE), or stays with a remoteSigner.

Logs go to standard error: JSON lines, or text on a terminal. Exit codes: 0 stopped, 1 could not start, 2 bad settings.
With --once also 1 where another keeper on the same PostgreSQL has the account's lease: it says which and until when, and does not wait;
and where it could decide for no vault, with the reasons. It is 0 while it could for at least one: why not for others is in the log.

Examples:
  $ KEEL_RPC_URL=http://127.0.0.1:8545 KEEL_PRIVATE_KEY=0x… npm run keeper -- run
  $ npm run keeper -- run --config mainnet.json
  $ npm run keeper -- run --once    # one decision, then stop`;

/** `keeper run`: watches a vault and re-hedges it until stopped. */
export function runCommand(): Command {
  return new Command("run")
    .description("Watch the vault and re-hedge it when the gain exceeds the gas, until Ctrl-C.")
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--once", "decide at the newest block, wait for what was sent, and stop")
    .addHelpText("after", HELP)
    .action(run);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function run(options: RunCommandOptions): Promise<void> {
  const { runUntilSignal } = await import("./runUntilSignal.ts");
  await runUntilSignal({ configFile: options.config, once: options.once === true, shadowOf: null });
}
