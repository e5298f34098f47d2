import { Command } from "commander";

import { refuseInOneLine } from "../keeper/cli/refuseInOneLine.ts";
import { gasCommand } from "./gas/command.ts";

const program = new Command("bench")
  .description("Measures Keel: what it costs and how well it does.")
  .addCommand(gasCommand());

await refuseInOneLine(program).parseAsync();
