import { BaseError, decodeErrorResult, isHex, type Hex } from "viem";

import { vaultAbi } from "../chain/abi.ts";
import { describeError } from "../log/describeError.ts";
import { chainOf } from "./causes.ts";

/** An execution that the chain refuses, simulated or made again: the vault's own error, named with its arguments. */
export interface Revert {
  /** Name of the error; `Error` for a string reason, `Panic` for a compiler's, `unknown` where it is in no ABI. */
  readonly name: string;
  /** The error as it would be written, on one line. */
  readonly text: string;
}

/** Codes with which nodes say that the call itself reverted, not that they failed to run it. */
const REVERTED = /revert|invalid opcode|out of gas|gas required exceeds/i;

/**
 * The revert inside an error of `eth_call` or `eth_estimateGas`, or null when it is something else: a node that could
 * not answer says nothing about the call.
 */
export function revertReason(error: unknown): Revert | null {
  const data = revertData(error);
  if (data !== null && data !== "0x") return decodeRevert(data);
  const text = chainOf(error)
    .map((part) => describeError(part))
    .find((message) => REVERTED.test(message));
  return text === undefined && data === null
    ? null
    : { name: "unknown", text: text ?? "reverted without a reason" };
}

/** Names the error that revert data encodes. */
export function decodeRevert(data: Hex): Revert {
  try {
    const { errorName, args } = decodeErrorResult({ abi: vaultAbi, data });
    return { name: errorName, text: `${errorName}(${(args ?? []).map(String).join(", ")})` };
  } catch {
    return { name: "unknown", text: `unknown error ${data.slice(0, 10)}` };
  }
}

/** Nodes put the data at `data`, or in an object there, of the innermost error. */
function revertData(error: unknown): Hex | null {
  for (const part of chainOf(error).reverse()) {
    if (part instanceof BaseError && !("data" in part)) continue;
    const { data } = part as { data?: unknown };
    if (isHex(data)) return data;
    if (typeof data === "object" && data !== null && "data" in data && isHex(data.data)) return data.data;
  }
  return null;
}
