import { Command } from "commander";

import { refuseInOneLine } from "../keeper/cli/refuseInOneLine.ts";
import { backtestBenchCommand } from "./backtest/command.ts";
import { forecastsCommand } from "./forecasts/command.ts";
import { gasCommand } from "./gas/command.ts";
import { historyCommand } from "./history/command.ts";
import { keeperCommand } from "./keeper/command.ts";
import { stressCommand } from "./stress/command.ts";

const program = new Command("bench")
  .description("Measures Keel: what it costs, how fast it is and how well it does.")
  .addCommand(backtestBenchCommand())
  .addCommand(forecastsCommand())
  .addCommand(gasCommand())
  .addCommand(historyCommand())
  .addCommand(keeperCommand())
  .addCommand(stressCommand());

await refuseInOneLine(program).parseAsync();
