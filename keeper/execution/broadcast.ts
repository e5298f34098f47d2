import type { Hex, PublicClient } from "viem";

import { describeError } from "../log/describeError.ts";

/**
 * What a node said to a signed transaction.
 * - `accepted`: it took it, or has it already.
 * - `nonce-taken`: the account's nonce is past it: mined, or another transaction was.
 * - `refused`: it will not take it as it is, and no node that follows the rules will.
 * - `unknown`: no answer, or one that says nothing certain; the transaction may be out.
 */
export type BroadcastReply =
  | { readonly kind: "accepted"; readonly error?: undefined }
  | { readonly kind: "nonce-taken" | "refused" | "unknown"; readonly error: string };

const ALREADY_KNOWN = /already known|known transaction|already imported|transaction already in pool/i;
const NONCE_TAKEN = /nonce too low|nonce is too low|nonce .*lower|old nonce|already been used/i;
const REFUSED =
  /insufficient funds|doesn't have enough funds|sender .*not enough|intrinsic gas|exceeds (block )?gas limit|gas limit is|underpriced|fee .*(less|lower) than|invalid (sender|signature|chain id)|exceeds transaction gas cap/i;

/** Sends signed bytes. Never throws: an unrecognised failure is `unknown` and must not free the nonce. */
export async function broadcast(client: PublicClient, raw: Hex): Promise<BroadcastReply> {
  try {
    await client.request({ method: "eth_sendRawTransaction", params: [raw] }, { retryCount: 0 });
    return { kind: "accepted" };
  } catch (error) {
    return classify(error);
  }
}

/** Reads a node's refusal. */
export function classify(error: unknown): BroadcastReply {
  const text = describeError(error);
  if (ALREADY_KNOWN.test(text)) return { kind: "accepted" };
  if (NONCE_TAKEN.test(text)) return { kind: "nonce-taken", error: text };
  if (REFUSED.test(text)) return { kind: "refused", error: text };
  return { kind: "unknown", error: text };
}
