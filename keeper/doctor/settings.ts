import {
  ConfigError,
  DEFAULT_CONFIG_FILE,
  loadConfig,
  type Config,
  type LoadOptions,
} from "../config/load.ts";
import { failed, passed, type Check } from "./check.ts";

/** The settings as `run` reads them; each thing wrong with them is a check of its own. Config is null where any is. */
export function readSettings(
  options: LoadOptions,
  vault?: string,
): { readonly config: Config | null; readonly checks: readonly Check[] } {
  try {
    const config = loadConfig(options);
    const names = config.vaults.map(({ name }) => name);
    if (vault !== undefined && !names.includes(vault))
      throw new ConfigError([`--vault: there is none of that name, but ${names.join(", ")}`]);
    const { chains, vaults } = config;
    const counted = `${count(chains.length, "chain")}, ${count(vaults.length, "vault")}`;
    return { config, checks: [passed("settings", counted)] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const where = options.file ?? DEFAULT_CONFIG_FILE;
    const mend = `correct it in ${where} or the environment; docs/runbook.md lists every setting`;
    return { config: null, checks: error.problems.map((problem) => failed("settings", problem, mend)) };
  }
}

function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}
