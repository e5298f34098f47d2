import { Command } from "commander";

export interface DoctorFlags {
  readonly config?: string;
  readonly vault?: string;
  readonly alert?: true;
  readonly json?: true;
}

const HELP = `
Looks at the machine, the settings, the store, every RPC endpoint by itself, websocket, private route and clocks, and for each vault
at deployment, contracts, role, oracle, one decision in the present market, limits, signer, balance, activation and
lane. It goes on past what fails, sends no transaction, changes nothing in the store, and works beside a running
keeper. The signer is asked for one signature, of a transfer that can never be mined and is sent nowhere.

With --json the output is {ok, checks: [{name, ok, detail, mend}]}, ok being true, false or "warn".
Exit codes: 0 nothing failed (there may be warnings), 1 something did, 2 bad settings.

Examples:
  $ npm run keeper -- doctor
  $ npm run keeper -- doctor --config mainnet.json --vault eth-weekly
  $ npm run keeper -- doctor --alert             # also sends the webhook a test message
  $ npm run --silent keeper -- doctor --json | jq '.checks[] | select(.ok != true)'`;

/** `keeper doctor`: checks everything the keeper needs, and says how to mend what is missing. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Check everything the keeper needs, and say how to mend what is missing.")
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--vault <name>", "only this vault; default: all of the settings")
    .option("--alert", "send the alert webhook a test message")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(doctor);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function doctor(flags: DoctorFlags): Promise<void> {
  const { runDoctor } = await import("./runDoctor.ts");
  process.exitCode = await runDoctor(flags, { env: process.env, stdout: process.stdout });
}
