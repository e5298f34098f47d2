import { readFileSync } from "node:fs";

import { riskSchema, type RiskSettings } from "../../config/riskSettings.ts";
import { InputError } from "../../history/inputError.ts";

/**
 * The settings of a risk state: a JSON file like a vault's `risk`, or null for the defaults. Nothing is asked of its feed.
 * @throws InputError naming the file, and the field at fault.
 */
export function readRiskSettings(file: string | null): RiskSettings {
  const parsed = riskSchema.safeParse(file === null ? {} : readJson(file));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const path = issue.code === "unrecognized_keys" ? issue.keys[0]! : issue.path.map(String).join(".");
    throw new InputError(`--risk ${file!}: ${path === "" ? "" : `${path}: `}${issue.message}`);
  }
  // Where a feed is, is a secret, and worlds of backtests are kept.
  const settings = { ...parsed.data };
  delete settings.feed;
  return settings;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8").replace(/^\ufeff/, ""));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(
      `--risk ${file} ${code === "ENOENT" ? "does not exist" : `cannot be read: ${message.split("\n")[0]!}`}`,
    );
  }
}
