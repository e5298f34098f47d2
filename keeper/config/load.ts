import { existsSync, readFileSync } from "node:fs";

import type { z } from "zod";

import { configSchema, type ConfigFields } from "./schema.ts";
import { Secret, secretsOfUrl } from "./secret.ts";

/** Where the keeper's key comes from: one of them, never a flag and never the configuration file. */
export type KeySource =
  { readonly privateKey: Secret } | { readonly keystore: string; readonly password: Secret };

/** Validated settings. What may hold a secret is wrapped, so that printing a Config never shows one. */
export interface Config extends Readonly<Omit<ConfigFields, "rpcUrl" | "keystore">> {
  /** Endpoints carry access tokens in their paths, so the whole of it is kept from view. */
  readonly rpcUrl: Secret;
  /** Null where no key was given: enough for commands that only read. */
  readonly key: KeySource | null;
}

/** Every way the settings are wrong, one line each, led by the path of the field. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** The file read when none is named and it is there. */
export const DEFAULT_CONFIG_FILE = "keeper.config.json";

/** Settings of the file that the environment overrides. */
const OVERRIDES = new Map([
  ["KEEL_RPC_URL", "rpcUrl"],
  ["KEEL_DEPLOYMENT", "deployment"],
  ["KEEL_KEYSTORE", "keystore"],
  ["KEEL_STORE_DIR", "storeDir"],
  ["KEEL_LOG_LEVEL", "logLevel"],
]);
const SECRETS = ["KEEL_PRIVATE_KEY", "KEEL_KEYSTORE_PASSWORD", "KEEL_KEYSTORE_PASSWORD_FILE"];
/** Of the deployment and of the tests: they may be set in the shell in which the keeper is started, and are not read. */
const OF_OTHERS = ["KEEL_DEPLOYER_KEY", "KEEL_RECORDED_DATA"];

export interface LoadOptions {
  /** Path given with --config; without it {@link DEFAULT_CONFIG_FILE} is read if it is there. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads, overlays and validates the settings.
 * Throws {@link ConfigError} with every problem found; no message repeats a value, since a value may be a secret.
 */
export function loadConfig({ file, env }: LoadOptions): Config {
  const path = file ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
  const fields: Record<string, unknown> = path === undefined ? {} : readJsonObject(path);
  const problems = unknownVariables(env);
  for (const [variable, field] of OVERRIDES) {
    if (env[variable] !== undefined) fields[field] = env[variable];
  }

  const result = configSchema.safeParse(fields);
  problems.push(...(result.error?.issues.flatMap(describeIssue) ?? []));
  if (result.data === undefined) throw new ConfigError(problems);

  const { rpcUrl, keystore, ...rest } = result.data;
  const key = readKeySource(env, keystore, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...rest, rpcUrl: new Secret(rpcUrl), key };
}

/** Everything in `config` that no log may show. */
export function secretsOf(config: Config): Secret[] {
  const key =
    config.key === null ? [] : ["privateKey" in config.key ? config.key.privateKey : config.key.password];
  return [...secretsOfUrl(config.rpcUrl), ...key];
}

/** Reads a JSON file that must hold an object. Throws {@link ConfigError}, without quoting the text. */
export function readJsonObject(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError([
      `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`,
    ]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text around the mistake.
    throw new ConfigError([`${path}: is not valid JSON`]);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError([`${path}: must hold a JSON object`]);
  }
  return value as Record<string, unknown>;
}

/** One line for each problem of a validation, led by the path of the field. */
export function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${path === "" ? key : `${path}.${key}`}: unknown key`);
  }
  return [`${path === "" ? "(root)" : path}: ${issue.message.replace(/^Invalid input: /, "")}`];
}

function unknownVariables(env: LoadOptions["env"]): string[] {
  const known = new Set([...OVERRIDES.keys(), ...SECRETS, ...OF_OTHERS]);
  return Object.keys(env)
    .filter((name) => name.startsWith("KEEL_") && !known.has(name))
    .map((name) => `${name}: unknown environment variable`);
}

function readKeySource(
  env: LoadOptions["env"],
  keystore: string | undefined,
  problems: string[],
): KeySource | null {
  const privateKey = env["KEEL_PRIVATE_KEY"];
  if (privateKey !== undefined) {
    if (keystore !== undefined) problems.push("KEEL_PRIVATE_KEY: given beside a keystore; give one of them");
    if (!/^(0x)?[0-9a-fA-F]{64}$/.test(privateKey)) problems.push("KEEL_PRIVATE_KEY: is not 32 bytes in hex");
    return { privateKey: new Secret(privateKey.startsWith("0x") ? privateKey : `0x${privateKey}`) };
  }
  if (keystore === undefined) return null;
  const password = readKeystorePassword(env, problems);
  return password === null ? null : { keystore, password };
}

/** The password from its variable or the file its variable names; null, with the problem noted, where there is none. */
export function readKeystorePassword(env: LoadOptions["env"], problems: string[]): Secret | null {
  const password = env["KEEL_KEYSTORE_PASSWORD"];
  const file = env["KEEL_KEYSTORE_PASSWORD_FILE"];
  if (password !== undefined && file !== undefined) {
    problems.push("KEEL_KEYSTORE_PASSWORD_FILE: given beside KEEL_KEYSTORE_PASSWORD; give one of them");
    return null;
  }
  if (password !== undefined) return notEmpty("KEEL_KEYSTORE_PASSWORD", password, problems);
  if (file === undefined) {
    problems.push("KEEL_KEYSTORE_PASSWORD: a keystore needs it, or KEEL_KEYSTORE_PASSWORD_FILE");
    return null;
  }
  try {
    // Editors end a file with a newline that is not part of the password.
    const text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    return notEmpty("KEEL_KEYSTORE_PASSWORD_FILE", text, problems);
  } catch (error) {
    problems.push(
      `KEEL_KEYSTORE_PASSWORD_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`,
    );
    return null;
  }
}

function notEmpty(variable: string, password: string, problems: string[]): Secret | null {
  if (password !== "") return new Secret(password);
  problems.push(`${variable}: is empty`);
  return null;
}
