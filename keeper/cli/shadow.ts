import { Command, InvalidArgumentError } from "commander";
import type { Address } from "viem";

interface ShadowFlags {
  readonly config?: string;
  readonly as: Address;
  readonly once?: true;
}

const HELP = `
A shadow decides at every block as the keeper would and never sends: no key is opened and no lane is taken. Its decisions are in
the journal in mode shadow, and whenever the other keeper trades, what either did is logged side by side. Give it a store of its
own (storeDir) where the other keeper runs on the same machine. With --once the exit code is 1 where it could decide for no vault.

Examples:
  $ npm run keeper -- shadow --as 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
  $ KEEL_STORE_DIR=.keel/shadow npm run keeper -- shadow --as 0x7099… --config mainnet.json`;

/** `keeper shadow`: decides beside another keeper. */
export function shadowCommand(): Command {
  return new Command("shadow")
    .description("Decide beside another keeper, never send, and log where the two differ.")
    .requiredOption(
      "--as <address>",
      "the other keeper's account, in whose name trades are simulated",
      toAddress,
    )
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--once", "decide at the newest block and stop")
    .addHelpText("after", HELP)
    .action(shadow);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function shadow(flags: ShadowFlags): Promise<void> {
  const { runUntilSignal } = await import("./runUntilSignal.ts");
  await runUntilSignal({ configFile: flags.config, once: flags.once === true, shadowOf: flags.as });
}

function toAddress(value: string): Address {
  if (!/^0x[0-9a-fA-F]{40}$/.test(value)) throw new InvalidArgumentError("Not an address.");
  return value as Address;
}
