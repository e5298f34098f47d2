import { BaseError } from "viem";

import { describeError } from "../log/describeError.ts";
import { chainOf } from "./causes.ts";

/**
 * What a refusal of a signed transaction proves.
 * - `known`: the node has it.
 * - `nonce`: the account is past its nonce: it was mined, or another transaction was.
 * - `funds`: the account cannot pay for it now.
 * - `underpriced`: it offers less than the pool, the block or the transaction it would replace asks for.
 * - `permanent`: no node that follows the rules will ever take these bytes.
 * - `unknown`: nothing. It may be out, so its nonce is never free.
 */
export type ErrorKind = "known" | "nonce" | "funds" | "underpriced" | "permanent" | "unknown";

/** What an answer means, and the answer itself on one line. */
export interface Classified {
  readonly kind: ErrorKind;
  readonly text: string;
}

/**
 * What nodes say, in lower case, as their sources have it; `#` stands for a number. A node's message must *begin* with one
 * of these and go on only after a mark: whatever else a server writes around such words is not the node's verdict.
 * Codes are not looked at. geth and erigon give -32000 to all of it, anvil -32003; besu's -32005 is a gas limit too high,
 * Infura's too many requests; besu's -32007 a sender without permission, QuickNode's too many requests.
 *
 * What is missing here is missing on purpose: a full pool, a gap before the nonce, and the limits a node sets for itself
 * (size, fee cap, slots of an account) say nothing of the other nodes, and `gas limit reached` means in one node that the
 * transaction is too large and in another that the block is full.
 */
const MESSAGES: Readonly<Record<Exclude<ErrorKind, "unknown">, readonly string[]>> = {
  known: [
    // geth, nethermind, erigon, reth's RPC
    "already known",
    // geth before 1.10, besu, Hardhat
    "known transaction",
    // reth's pool, anvil
    "already imported",
    "transaction already imported",
    // nethermind before 2026
    "alreadyknown",
    // OpenEthereum
    "transaction with the same hash was already imported",
    // erigon
    "existing txn with same hash",
    "existing tx with same hash",
  ],
  nonce: [
    "nonce too low",
    // Hardhat, which mines at once
    "transaction nonce too low",
    // OpenEthereum
    "transaction nonce is too low",
    // nethermind before 2026
    "oldnonce",
    // erigon, of the transaction itself
    "mined",
  ],
  funds: [
    "insufficient funds",
    "insufficient funds for gas * price + value",
    "insufficient funds for transfer",
    "insufficient balance for transfer",
    // zkSync
    "insufficient funds for gas + value",
    // besu
    "upfront cost exceeds account balance",
    // reth's pool
    "transaction overdraws from account",
    // Hardhat
    "sender doesn't have enough funds to send tx",
    // nethermind before 2026
    "insufficientfunds",
  ],
  underpriced: [
    "transaction underpriced",
    "replacement transaction underpriced",
    "max fee per gas less than block base fee",
    // geth since 1.16
    "transaction gas price below minimum",
    // erigon
    "underpriced",
    "fee too low",
    "could not replace existing tx",
    // reth's pool, anvil before 1.7
    "insufficient gas price to replace existing transaction",
    "transaction feecap # below chain minimum",
    "transaction priority fee below minimum required priority fee #",
    // besu
    "gas price below configured minimum gas price",
    "gas price below current base fee",
    // Hardhat
    "transaction gasprice (#) is too low for the next block",
    "transaction maxfeepergas (#) is too low for the next block",
    // nethermind before 2026
    "feetoolow",
    "feetoolowtocompete",
    "replacementnotallowed",
  ],
  permanent: [
    // Signature and chain
    "invalid sender",
    "invalid signature",
    "invalid transaction signature",
    "failed to recover sender",
    "failed to recover the signer",
    "failedtoresolvesender",
    "invalid chain id",
    "invalid chain id for signer",
    "wrong chainid",
    "trying to send a raw transaction with an invalid chainid",
    // Gas limit: too little for the transaction to begin, or more than a block or EIP-7825 allows
    "intrinsic gas too low",
    "intrinsic gas too high",
    "intrinsicgas",
    "intrinsic gas exceeds gas limit",
    "insufficient gas for floor data gas cost",
    "transaction requires at least # gas but got #",
    "exceeds block gas limit",
    "gas limit too high",
    "gas limit is too high",
    "transaction gas limit too high",
    "transaction's gas limit # exceeds block's gas limit #",
    "transaction gas limit exceeds block gas limit",
    "transaction gas limit cap exceeded",
    "transaction gas limit is greater than the block gas limit",
    "transaction gas limit is # and exceeds block gas limit of #",
    "transaction gas limit is # and exceeds transaction gas cap of #",
    "gaslimitexceeded",
    "gas uint64 overflow",
    "gasuintoverflow",
    // Fees that contradict each other or no rule of arithmetic holds
    "max priority fee per gas higher than max fee per gas",
    "max priority fee per gas exceeds max fee per gas",
    "max priority fee per gas higher than 2^256-1",
    "max fee per gas higher than 2^256-1",
    "transaction cost overflow",
    "int256overflow",
    // Form
    "nonce has max value",
    "negative value",
    "transaction type not supported",
    "unsupported transaction type",
    "invalid transaction type",
    "notsupportedtxtype",
    "rlp",
    "typed transaction too short",
    "failed to decode transaction",
    "failed to decode signed transaction",
  ],
};

/** What nodes put before the message: erigon the kind of its result, reth and anvil the transaction's hash. */
const DECORATION =
  /^(?:(?:already_exists|fee_too_low|stale|invalid|internal_error): )?(?:(?:tx: )?\[0x[0-9a-f]+\]:? )?/;

/** What may come after it: nothing, or a mark. */
const END = String.raw`(?=$|[:,.]| \(| --)`;

const KINDS = (Object.keys(MESSAGES) as (keyof typeof MESSAGES)[]).map((kind) => ({
  kind,
  pattern: new RegExp(`^(?:${MESSAGES[kind].map(toPattern).join("|")})`),
}));

/** Kinds of the answers of several endpoints, strongest first. */
const STRENGTH: readonly ErrorKind[] = ["known", "unknown", "nonce", "underpriced", "funds", "permanent"];

/**
 * Reads why a transaction was refused. Never throws.
 *
 * An error with `replies`, an array of what several endpoints answered (each an error, or an object with one at `error`),
 * is known if any has it; else unknown if any answer is; else the account's nonce counts most, for a node that saw it
 * used cannot be outvoted by others that lag.
 */
export function classify(error: unknown): Classified {
  const replies = repliesOf(error);
  if (replies === null) {
    const { kind } = KINDS.find(({ pattern }) => pattern.test(verdictOf(error))) ?? { kind: "unknown" };
    return { kind, text: textOf(error) };
  }
  const answers = replies.map(classifyOne);
  const kind = STRENGTH.find((candidate) => answers.some((answer) => answer.kind === candidate)) ?? "unknown";
  const texts = new Set(answers.map(({ text }) => text));
  return { kind, text: texts.size === 0 ? textOf(error) : [...texts].join("; ") };
}

/** One endpoint's answer; a reply that is itself a bundle of replies says nothing. */
function classifyOne(reply: unknown): Classified {
  const error =
    isObject(reply) && !(reply instanceof Error) && isObject(reply["error"]) ? reply["error"] : reply;
  return repliesOf(error) === null ? classify(error) : { kind: "unknown", text: textOf(error) };
}

function toPattern(message: string): string {
  const escaped = message.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return escaped.replaceAll("#", String.raw`\d+`) + END;
}

/** The node's own message, without what libraries and nodes wrap around it. */
function verdictOf(error: unknown): string {
  const innermost = chainOf(error).at(-1);
  const text = innermost instanceof BaseError ? innermost.details : messageOf(innermost);
  return (text ?? "").replace(/\s+/g, " ").trim().toLowerCase().replace(DECORATION, "");
}

function textOf(error: unknown): string {
  const message = messageOf(error);
  if (message === undefined) return "no message";
  return describeError(error instanceof Error ? error : message);
}

function messageOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return isObject(value) && typeof value["message"] === "string" ? value["message"] : undefined;
}

function repliesOf(error: unknown): readonly unknown[] | null {
  for (const part of chainOf(error)) {
    if (isObject(part) && Array.isArray(part["replies"])) return part["replies"] as unknown[];
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
