import { secretsOf } from "../config/load.ts";
import type { Check } from "../doctor/check.ts";
import { examine } from "../doctor/examine.ts";
import { checkNode } from "../doctor/machine.ts";
import { isWell, reportJson, reportText } from "../doctor/report.ts";
import { readSettings } from "../doctor/settings.ts";
import type { DoctorFlags } from "./doctor.ts";
import { EXIT } from "./failure.ts";

export interface RunDoctorOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
}

/** Checks what the flags ask for and prints what was found. @returns The exit code. */
export async function runDoctor(
  { config: file, vault, alert, json }: DoctorFlags,
  { env, stdout }: RunDoctorOptions,
): Promise<number> {
  const settings = readSettings({ file, env }, vault);
  const checks = [checkNode(), ...settings.checks];
  const { config } = settings;
  if (config !== null)
    checks.push(...(await examine(config, { vault, configFile: file, sendsAlert: alert === true })));
  const secrets = config === null ? [] : secretsOf(config);
  const blot = (text: string) => secrets.reduce((current, secret) => secret.blot(current), text);
  const shown: Check[] = checks.map((check) => ({ ...check, detail: blot(check.detail) }));
  stdout.write(`${json === true ? reportJson(shown) : reportText(shown)}\n`);
  if (config === null) return EXIT.badSettings;
  return isWell(shown) ? EXIT.done : EXIT.failed;
}
