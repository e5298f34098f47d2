import { Command } from "commander";

interface ActivateFlags {
  readonly config?: string;
  readonly vault?: string;
  readonly json?: true;
}

const HELP = `
Until it is activated a keeper decides and records, and sends nothing: watch what it would do, then activate it. An activation
holds for one vault on one chain, one account and one build: after an upgrade, look again and activate again.

Examples:
  $ npm run keeper -- activate
  $ npm run keeper -- activate --config mainnet.json --vault eth-weekly`;

/** `keeper activate`: lets the keeper send. */
export function activateCommand(): Command {
  return new Command("activate")
    .description("Let the keeper send transactions for a vault, with this account and this build.")
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--vault <name>", "only this one; default: all of the settings")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(activate);
}

async function activate(flags: ActivateFlags): Promise<void> {
  const [{ answer }, { runActivate }] = await Promise.all([
    import("./answer.ts"),
    import("./runActivate.ts"),
  ]);
  await answer(flags, (config) => runActivate(config, flags));
}
