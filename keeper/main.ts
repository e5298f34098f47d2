import { Command } from "commander";

const program = new Command("keeper")
  .description("Keel's keeper: watches an options vault and re-hedges it when the gain exceeds the gas.")
  .showHelpAfterError();

await program.parseAsync();
