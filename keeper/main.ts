import { Command } from "commander";

import { activateCommand } from "./cli/activate.ts";
import { backtestCommand } from "./cli/backtest.ts";
import { bandCommand } from "./cli/band.ts";
import { benchmarkCommand } from "./cli/benchmark.ts";
import { bookCommand } from "./cli/book.ts";
import { calibrateCommand } from "./cli/calibrate.ts";
import { doctorCommand } from "./cli/doctor.ts";
import { fetchCommand } from "./cli/fetch.ts";
import { forecastCommand } from "./cli/forecast.ts";
import { greeksCommand } from "./cli/greeks.ts";
import { keystoreCommand } from "./cli/keystore.ts";
import { pauseCommand, resumeCommand } from "./cli/pause.ts";
import { refuseInOneLine } from "./cli/refuseInOneLine.ts";
import { replayCommand } from "./cli/replay.ts";
import { reportCommand } from "./cli/report.ts";
import { runCommand } from "./cli/run.ts";
import { shadowCommand } from "./cli/shadow.ts";
import { simulateCommand } from "./cli/simulate.ts";
import { statusCommand } from "./cli/status.ts";

const program = new Command("keeper")
  .description("Keel's keeper: watches an options vault and re-hedges it when the gain exceeds the gas.")
  .addCommand(activateCommand())
  .addCommand(runCommand())
  .addCommand(pauseCommand())
  .addCommand(resumeCommand())
  .addCommand(statusCommand())
  .addCommand(shadowCommand())
  .addCommand(doctorCommand())
  .addCommand(replayCommand())
  .addCommand(backtestCommand())
  .addCommand(bookCommand())
  .addCommand(bandCommand())
  .addCommand(simulateCommand())
  .addCommand(greeksCommand())
  .addCommand(calibrateCommand())
  .addCommand(fetchCommand())
  .addCommand(forecastCommand())
  .addCommand(benchmarkCommand())
  .addCommand(reportCommand())
  .addCommand(keystoreCommand());

await refuseInOneLine(program).parseAsync();
