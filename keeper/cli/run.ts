import { Command } from "commander";

interface RunCommandOptions {
  readonly config?: string;
  readonly once?: true;
}

const HELP = `
Settings come from the configuration file (keeper.config.json unless --config names another) and the environment:
KEEL_RPC_URL, KEEL_DEPLOYMENT, KEEL_STORE_DIR and KEEL_LOG_LEVEL override the file. The key comes from the environment
only: KEEL_PRIVATE_KEY, or KEEL_KEYSTORE with KEEL_KEYSTORE_PASSWORD or KEEL_KEYSTORE_PASSWORD_FILE.

Logs go to standard error: JSON lines, or text on a terminal. Exit codes: 0 stopped, 1 could not start, 2 bad settings.

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
  const { runKeeper } = await import("./runKeeper.ts");
  const stop = new AbortController();
  const onSignal = () => {
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  try {
    process.exitCode = await runKeeper({
      configFile: options.config,
      once: options.once === true,
      shadowOf: null,
      env: process.env,
      signal: stop.signal,
      stderr: process.stderr,
    });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}
