import { existsSync, readFileSync } from "node:fs";

import type { z } from "zod";

import { readKeySource, secretsOfKey, type KeySource } from "./keySource.ts";
import type { FeedFields, RiskSettings } from "./riskSettings.ts";
import {
  chainSchema,
  processSchema,
  vaultSchema,
  type ChainFields,
  type PrivateFields,
  type ProcessFields,
  type VaultFields,
} from "./schema.ts";
import { Secret, secretsOfUrl } from "./secret.ts";

/** Where transactions are sent before the public sees them. */
export interface PrivateSettings extends Readonly<Omit<PrivateFields, "url" | "statusUrl">> {
  readonly url: Secret;
  /** With `{hash}` in the place of the transaction's hash. */
  readonly statusUrl?: Secret;
}

/** A chain and how it is reached. Endpoints carry access tokens in their paths, so the whole of them is kept from view. */
export interface ChainSettings extends Readonly<Omit<ChainFields, "rpcUrl" | "webSocketUrl" | "private">> {
  readonly rpcUrls: readonly Secret[];
  /** Null where the head is polled only. */
  readonly webSocketUrl: Secret | null;
  /** Null where every transaction is public from the start. */
  readonly private: PrivateSettings | null;
}

/** Where the risk manager reads what somebody else makes of the market. */
export interface FeedSettings extends Readonly<Omit<FeedFields, "url">> {
  readonly url: Secret;
}

/** A vault and how it is hedged. */
export interface VaultSettings extends Readonly<Omit<VaultFields, "keystore" | "remoteSigner" | "risk">> {
  readonly risk: RiskSettings;
  /** Null where nobody is asked. */
  readonly riskFeed: FeedSettings | null;
  /** Null where no key was given: enough for commands that only read. */
  readonly key: KeySource | null;
}

/** Validated settings. What may hold a secret is wrapped, so that printing a Config never shows one. */
export interface Config extends Readonly<ProcessFields> {
  /** At least one. Each has its id where there are several. */
  readonly chains: readonly [ChainSettings, ...ChainSettings[]];
  /** At least one, with names that differ. */
  readonly vaults: readonly [VaultSettings, ...VaultSettings[]];
  /** The PostgreSQL server that several keepers share; null where the store is in {@link storeDir}. */
  readonly databaseUrl: Secret | null;
  /** Where alerts are sent. */
  readonly alertWebhook: Secret | null;
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
  ["KEEL_DEPLOYMENT", "deployment"],
  ["KEEL_KEYSTORE", "keystore"],
  ["KEEL_STORE_DIR", "storeDir"],
  ["KEEL_LOG_LEVEL", "logLevel"],
]);
/** Settings inside an object of the file that the environment overrides. */
const NESTED_OVERRIDES = new Map([
  ["KEEL_REMOTE_SIGNER_URL", ["remoteSigner", "url"]],
  ["KEEL_PRIVATE_RPC_URL", ["private", "url"]],
] as const);
const WEBHOOK = "KEEL_ALERT_WEBHOOK";
const SECRETS = [
  "KEEL_RPC_URL",
  WEBHOOK,
  "KEEL_PRIVATE_KEY",
  "KEEL_KEYSTORE_PASSWORD",
  "KEEL_KEYSTORE_PASSWORD_FILE",
];
/** Of the deployment and of the tests: they may be set in the shell in which the keeper is started, and are not read. */
const OF_OTHERS = ["KEEL_DEPLOYER_KEY", "KEEL_RECORDED_DATA"];

export interface LoadOptions {
  /** Path given with --config; without it {@link DEFAULT_CONFIG_FILE} is read if it is there. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads, overlays and validates the settings. `${NAME}` in a text of the file stands for the variable NAME of the environment. What
 * stands beside the lists `chains` and `vaults` holds for each of their entries that says nothing else.
 * Throws {@link ConfigError} with every problem found; no message repeats a value, since a value may be a secret.
 */
export function loadConfig({ file, env }: LoadOptions): Config {
  const path = file ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
  const problems = unknownVariables(env);
  const written = path === undefined ? {} : readJsonObject(path);
  const fields = overlay(expand(written, env, [], problems) as Record<string, unknown>, env);
  const { chains: chainList, vaults: vaultList, ...shared } = fields;

  const [ofChains, others] = divide(shared, chainSchema.shape);
  const [ofVaults, ofProcess] = divide(others, vaultSchema.shape);
  const process = parse(processSchema, ofProcess, [], problems);
  const chains = parseList("chains", chainSchema, chainList, ofChains, problems);
  const vaults = parseList("vaults", vaultSchema, vaultList, ofVaults, problems);
  refuseTwins("chains", "chainId", chains, problems);
  refuseTwins("vaults", "name", vaults, problems);
  const keyed = vaults.map(({ keystore, remoteSigner, risk: { feed, ...risk }, ...vault }) => {
    // Of several vaults one may have a key of its own beside the key of all others.
    const isOwn = vaultList !== undefined && (keystore ?? remoteSigner) !== undefined;
    const known = isOwn ? { ...env, KEEL_PRIVATE_KEY: undefined } : env;
    const riskFeed = feed === undefined ? null : { ...feed, url: new Secret(feed.url) };
    return { ...vault, risk, riskFeed, key: readKeySource(known, { keystore, remoteSigner }, problems) };
  });
  const databaseUrl = readDatabaseUrl(env, problems);
  const alertWebhook = readWebhook(env, problems);
  if (problems.length > 0 || process === null) throw new ConfigError([...new Set(problems)]);
  return {
    ...process,
    chains: chains.map(hideChain) as [ChainSettings, ...ChainSettings[]],
    vaults: keyed as [VaultSettings, ...VaultSettings[]],
    databaseUrl,
    alertWebhook,
  };
}

/** The driver's own error for what is no such URL would quote it. */
function readDatabaseUrl(env: LoadOptions["env"], problems: string[]): Secret | null {
  const url = env["DATABASE_URL"] ?? "";
  if (url === "") return null;
  if (!/^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? ""))
    problems.push("DATABASE_URL: not of the form postgres://user:password@host:port/name");
  return new Secret(url);
}

/** Every `${NAME}` in a text of the file replaced by the variable it names. */
function expand(
  value: unknown,
  env: LoadOptions["env"],
  path: readonly string[],
  problems: string[],
): unknown {
  if (typeof value === "string") {
    return value.replace(/\$\{(\w+)\}/g, (_, name: string) => {
      if (env[name] === undefined) problems.push(`${path.join(".")}: the environment has no ${name}`);
      return env[name] ?? "";
    });
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    expand(item, env, [...path, key], problems),
  ]);
  return Array.isArray(value) ? entries.map(([, item]) => item as unknown) : Object.fromEntries(entries);
}

/** The settings with what the environment overrides. */
function overlay(
  fields: Readonly<Record<string, unknown>>,
  env: LoadOptions["env"],
): Record<string, unknown> {
  const laid = { ...fields };
  for (const [variable, field] of OVERRIDES) if (env[variable] !== undefined) laid[field] = env[variable];
  const urls = env["KEEL_RPC_URL"]?.split(/[\s,]+/).filter((url) => url !== "");
  if (urls !== undefined) laid["rpcUrl"] = urls.length > 1 ? urls : (urls[0] ?? "");
  for (const [variable, [field, part]] of NESTED_OVERRIDES) {
    if (env[variable] !== undefined) laid[field] = withField(laid[field], part, env[variable]);
  }
  return laid;
}

/** The fields that a schema knows, and the rest. */
function divide(fields: Readonly<Record<string, unknown>>, shape: object) {
  const entries = Object.entries(fields);
  return [
    Object.fromEntries(entries.filter(([key]) => key in shape)),
    Object.fromEntries(entries.filter(([key]) => !(key in shape))),
  ] as const;
}

function parse<T>(
  schema: z.ZodType<T>,
  value: unknown,
  path: readonly string[],
  problems: string[],
): T | null {
  const result = schema.safeParse(value);
  for (const issue of result.error?.issues ?? [])
    problems.push(...describeIssue({ ...issue, path: [...path, ...issue.path] }));
  return result.data ?? null;
}

/** Each entry of a list with what is shared laid under it; without a list, what is shared is the one entry. */
function parseList<T>(
  name: string,
  schema: z.ZodType<T>,
  list: unknown,
  shared: object,
  problems: string[],
): T[] {
  if (list === undefined) return [parse(schema, shared, [], problems)].filter((entry) => entry !== null);
  if (!Array.isArray(list) || list.length === 0) {
    problems.push(`${name}: must be a list with at least one entry`);
    return [];
  }
  return list
    .map((entry: unknown, index) => {
      const laid = typeof entry === "object" && entry !== null ? { ...shared, ...entry } : entry;
      return parse(schema, laid, [name, String(index)], problems);
    })
    .filter((entry) => entry !== null);
}

function refuseTwins<T>(
  list: string,
  field: keyof T & string,
  entries: readonly T[],
  problems: string[],
): void {
  if (entries.length < 2) return;
  for (const [index, entry] of entries.entries()) {
    const value = entry[field];
    if (value === undefined)
      problems.push(`${list}.${String(index)}.${field}: required where there are several`);
    else if (entries.findIndex((other) => other[field] === value) < index)
      problems.push(`${list}.${String(index)}.${field}: is that of an earlier one`);
  }
}

function hideChain({ rpcUrl, webSocketUrl, private: route, ...chain }: ChainFields): ChainSettings {
  return {
    ...chain,
    rpcUrls: rpcUrl.map((url) => new Secret(url)),
    webSocketUrl: webSocketUrl === undefined ? null : new Secret(webSocketUrl),
    private: hide(route),
  };
}

/** A setting with one field replaced; what is no object is left for the schema to refuse. */
function withField(value: unknown, field: string, content: string): unknown {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return value === undefined || isObject ? { ...value, [field]: content } : value;
}

function hide(fields: PrivateFields | undefined): PrivateSettings | null {
  if (fields === undefined) return null;
  const { url, statusUrl, ...rest } = fields;
  const status = statusUrl === undefined ? {} : { statusUrl: new Secret(statusUrl) };
  return { ...rest, url: new Secret(url), ...status };
}

/** Everything in `config` that no log may show. */
export function secretsOf({ chains, vaults, databaseUrl, alertWebhook }: Config): Secret[] {
  const urls = [
    ...chains.flatMap((chain) => [
      ...chain.rpcUrls,
      chain.webSocketUrl,
      chain.private?.url ?? null,
      chain.private?.statusUrl ?? null,
    ]),
    ...vaults.map(({ riskFeed }) => riskFeed?.url ?? null),
    databaseUrl,
    alertWebhook,
  ].filter((url) => url !== null);
  const keys = vaults.map(({ key }) => key).filter((key) => key !== null);
  return [...urls.flatMap(secretsOfUrl), ...keys.flatMap(secretsOfKey)];
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
  const known = new Set([...OVERRIDES.keys(), ...NESTED_OVERRIDES.keys(), ...SECRETS, ...OF_OTHERS]);
  return Object.keys(env)
    .filter((name) => name.startsWith("KEEL_") && !known.has(name))
    .map((name) => `${name}: unknown environment variable`);
}

function readWebhook(env: LoadOptions["env"], problems: string[]): Secret | null {
  const url = env[WEBHOOK];
  if (url === undefined) return null;
  const parsed = URL.parse(url);
  if (!/^https?:$/.test(parsed?.protocol ?? "")) problems.push(`${WEBHOOK}: is not an http(s) URL`);
  else if (parsed?.username !== "" || parsed.password !== "") {
    problems.push(`${WEBHOOK}: holds a user name or password, which cannot be sent`);
  }
  return new Secret(url);
}
