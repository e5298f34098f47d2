import { Command } from "commander";

import { bandCommand } from "./cli/band.ts";
import { calibrateCommand } from "./cli/calibrate.ts";
import { greeksCommand } from "./cli/greeks.ts";
import { keystoreCommand } from "./cli/keystore.ts";
import { runCommand } from "./cli/run.ts";

const program = new Command("keeper")
  .description("Keel's keeper: watches an options vault and re-hedges it when the gain exceeds the gas.")
  .showHelpAfterError()
  .addCommand(runCommand())
  .addCommand(bandCommand())
  .addCommand(greeksCommand())
  .addCommand(calibrateCommand())
  .addCommand(keystoreCommand());

exitWith2(program);
await program.parseAsync();

/** Unknown and missing flags are bad input, for which every command exits with 2; the library would exit with 1. */
function exitWith2(command: Command): void {
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  command.commands.forEach(exitWith2);
}
