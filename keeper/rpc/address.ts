import { Secret, secretsOfUrl } from "../config/secret.ts";

/** A URL as it can be asked, and what of it no output may show. */
export interface ServerAddress {
  /** Without credentials: `fetch` and websockets refuse them in a URL. */
  readonly href: string;
  /** The header the credentials stand for: `user:password@` is Basic, `bearer:token@` a bearer token. Null without. */
  readonly authorization: string | null;
  readonly secrets: readonly Secret[];
}

/** Throws a TypeError for what is not a URL. */
export function serverAddress(secret: Secret): ServerAddress {
  const url = URL.parse(secret.reveal());
  if (url === null) throw new TypeError("An endpoint's URL is not one.");
  const username = decode(url.username);
  const password = decode(url.password);
  url.username = "";
  url.password = "";
  const { href } = url;
  if (username === "" && password === "") return { href, authorization: null, secrets: secretsOfUrl(secret) };
  const pair = Buffer.from(`${username}:${password}`).toString("base64");
  const isBearer = username.toLowerCase() === "bearer";
  return {
    href,
    authorization: isBearer ? `Bearer ${password}` : `Basic ${pair}`,
    // A server may repeat the header as it got it.
    secrets: [...secretsOfUrl(secret), new Secret(password), new Secret(pair)],
  };
}

/** Why `fetch` failed: it says only that it did, its cause says why. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const { code, message } = (cause ?? error) as { code?: unknown; message?: unknown };
  return typeof code === "string" ? code : String(message);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
