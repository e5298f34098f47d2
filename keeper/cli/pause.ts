import { Command } from "commander";

interface PauseFlags {
  readonly config?: string;
  readonly vault?: string;
  readonly reason?: string;
  readonly json?: true;
}

const PAUSE_HELP = `
A paused keeper goes on to decide and to record, sends nothing, and takes back what is pending. It holds for every process on
the same store, from the next block on, and over restarts. It does not pause the vault itself: exits and the ripcord are
anybody's. The vault's own pause is the guardian's.

Examples:
  $ npm run keeper -- pause --reason "venue upgrade"
  $ npm run keeper -- pause --vault eth-weekly --config mainnet.json`;

const RESUME_HELP = `
Examples:
  $ npm run keeper -- resume
  $ npm run keeper -- resume --vault eth-weekly`;

/** `keeper pause`: stops sending, beside a running keeper. */
export function pauseCommand(): Command {
  return settingsOptions(new Command("pause"))
    .description("Stop sending for a vault, also while the keeper runs.")
    .option("--reason <text>", "kept with the pause", "paused by the operator")
    .addHelpText("after", PAUSE_HELP)
    .action((flags: PauseFlags) => change("pause", flags));
}

/** `keeper resume`: sends again. */
export function resumeCommand(): Command {
  return settingsOptions(new Command("resume"))
    .description("Send for a vault again.")
    .addHelpText("after", RESUME_HELP)
    .action((flags: PauseFlags) => change("resume", flags));
}

function settingsOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--vault <name>", "only this one; default: all of the settings")
    .option("--json", "print JSON");
}

async function change(what: "pause" | "resume", flags: PauseFlags): Promise<void> {
  const [{ answer }, { locateVaults, withOperator }] = await Promise.all([
    import("./answer.ts"),
    import("./operatorSession.ts"),
  ]);
  await answer(flags, async (config) => {
    const vaults = await locateVaults(config, flags.vault);
    const changed = await withOperator(config, "write", (operator) =>
      Promise.all(
        vaults.map(async ({ settings: { name }, deployment: { chainId, contracts } }) => {
          const subject = { chainId, vault: contracts.Vault };
          const isNews =
            what === "pause"
              ? await operator.pause({ ...subject, reason: flags.reason ?? "" })
              : await operator.resume(subject);
          return { name, ...subject, isNews };
        }),
      ),
    );
    if (flags.json === true) return JSON.stringify({ [what]: changed }, null, 2);
    const done = what === "pause" ? "paused" : "resumed";
    const before = what === "pause" ? "was paused already" : "was not paused";
    return changed.map(({ name, isNews }) => (isNews ? `${done} ${name}` : `${name} ${before}`)).join("\n");
  });
}
