import { readFileSync } from "node:fs";

import type { Address } from "viem";

import type { VaultFields } from "./schema.ts";
import { Secret, secretsOfUrl } from "./secret.ts";

/** A key on this machine. It never comes from a flag or the configuration file. */
export type LocalKey =
  { readonly privateKey: Secret } | { readonly keystore: string; readonly password: Secret };

/** A key that another process holds and signs with. */
export interface RemoteKey {
  readonly remoteSigner: { readonly url: Secret; readonly address: Address };
}

/** Where the keeper's signatures come from: one of them. */
export type KeySource = LocalKey | RemoteKey;

type Env = Readonly<Record<string, string | undefined>>;

/** The one key of a vault, from the environment or its settings; null where none is given. What is wrong with it is noted. */
export function readKeySource(
  env: Env,
  { keystore, remoteSigner }: Pick<VaultFields, "keystore" | "remoteSigner">,
  problems: string[],
): KeySource | null {
  const privateKey = env["KEEL_PRIVATE_KEY"];
  const given = [
    ...(privateKey === undefined ? [] : ["KEEL_PRIVATE_KEY"]),
    ...(remoteSigner === undefined ? [] : ["remoteSigner"]),
    ...(keystore === undefined ? [] : ["a keystore"]),
  ];
  if (given.length > 1) {
    problems.push(`${given[0]!}: given beside ${given.slice(1).join(" and ")}; give one of them`);
  }
  if (privateKey !== undefined) {
    if (!/^(0x)?[0-9a-fA-F]{64}$/.test(privateKey)) problems.push("KEEL_PRIVATE_KEY: is not 32 bytes in hex");
    return { privateKey: new Secret(privateKey.startsWith("0x") ? privateKey : `0x${privateKey}`) };
  }
  if (remoteSigner !== undefined) {
    const { url, address } = remoteSigner;
    return { remoteSigner: { url: new Secret(url), address } };
  }
  if (keystore === undefined) return null;
  const password = readKeystorePassword(env, problems);
  return password === null ? null : { keystore, password };
}

/** The password from its variable or the file its variable names; null, with the problem noted, where there is none. */
export function readKeystorePassword(env: Env, problems: string[]): Secret | null {
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

/** What of a key no log may show. */
export function secretsOfKey(key: KeySource): Secret[] {
  if ("privateKey" in key) return [key.privateKey];
  return "password" in key ? [key.password] : secretsOfUrl(key.remoteSigner.url);
}
