import { Command } from "commander";

interface StatusFlags {
  readonly config?: string;
  readonly vault?: string;
  readonly json?: true;
}

const HELP = `
Read from the store, so it answers whether or not a keeper runs. What a running keeper knows besides (heads, endpoints, balances)
is served over HTTP where the settings have a "server".

Examples:
  $ npm run keeper -- status
  $ npm run --silent keeper -- status --json | jq '.vaults[0].lastDecision'`;

/** `keeper status`: what the keeper of each vault is allowed to do, did last, and has achieved. */
export function statusCommand(): Command {
  return new Command("status")
    .description("Show for each vault what its keeper may do, did last, and has achieved.")
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--vault <name>", "only this one")
    .option("--json", "print JSON; bigints are decimal strings")
    .addHelpText("after", HELP)
    .action(status);
}

async function status(flags: StatusFlags): Promise<void> {
  const [{ answer }, { runStatus }] = await Promise.all([import("./answer.ts"), import("./runStatus.ts")]);
  await answer(flags, (config) => runStatus(config, flags));
}
