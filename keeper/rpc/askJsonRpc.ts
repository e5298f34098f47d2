import type { Secret } from "../config/secret.ts";
import { fetchJson, FetchError } from "./fetchJson.ts";

export interface JsonRpcQuestion {
  readonly url: Secret;
  readonly method: string;
  readonly params: readonly unknown[];
  /** Milliseconds. */
  readonly timeout: number;
}

/** A result, or the error in its place; the error's message without the secrets of the URL. */
export type JsonRpcAnswer =
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly result?: undefined; readonly error: { readonly code: number; readonly message: string } };

let lastId = 0;

/**
 * Asks one server once; never again by itself.
 * @throws FetchError when there is no answer to this question.
 */
export async function askJsonRpc({ url, method, params, timeout }: JsonRpcQuestion): Promise<JsonRpcAnswer> {
  lastId += 1;
  const id = lastId;
  const { status, value, blot } = await fetchJson({
    url,
    timeout,
    body: { jsonrpc: "2.0", id, method, params },
  });
  const answer = isObject(value) ? value : {};
  const { error } = answer;
  // Servers that could not read the question do not know its id.
  if (isObject(error) && typeof error["message"] === "string") {
    const code = typeof error["code"] === "number" ? error["code"] : 0;
    return { error: { code, message: blot(error["message"]) } };
  }
  if (status < 200 || status > 299) throw new FetchError("status", `answered HTTP ${String(status)}`, status);
  if (answer["id"] !== id) throw new FetchError("malformed", "answered another question", status);
  return { result: answer["result"] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
