import { loadConfig, secretsOf, type Config } from "../config/load.ts";
import { EXIT, reportFailure } from "./failure.ts";

/** What every command that reads the settings takes. */
export interface SettingsFlags {
  readonly config?: string;
}

/** Answers with what `work` makes of the settings; every failure is one line on standard error. Sets the exit code. */
export async function answer(flags: SettingsFlags, work: (config: Config) => Promise<string>): Promise<void> {
  let config: Config | null = null;
  try {
    config = loadConfig({ file: flags.config, env: process.env });
    process.stdout.write(`${await work(config)}\n`);
    process.exitCode = EXIT.done;
  } catch (error) {
    process.exitCode = reportFailure(process.stderr, error, config === null ? [] : secretsOf(config));
  }
}
