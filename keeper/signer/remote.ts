import {
  isAddressEqual,
  isHex,
  keccak256,
  numberToHex,
  parseTransaction,
  recoverAddress,
  serializeTransaction,
  type Address,
  type Hex,
  type TransactionSerializableEIP1559,
} from "viem";

import type { Secret } from "../config/secret.ts";
import { askJsonRpc } from "../rpc/askJsonRpc.ts";
import { FetchError } from "../rpc/fetchJson.ts";
import type { Eip1559Request, Signer } from "./signer.ts";

/**
 * Why there is no signature.
 * - `unreachable`: nobody answers, or a server that says it cannot now.
 * - `slow`: no answer in time.
 * - `refused`: the signer answers that it will not, or does not know who asks.
 * - `wrong`: it answers with something else than the signature asked for, or signs for other accounts.
 */
export type RemoteSignerFailure = "unreachable" | "slow" | "refused" | "wrong";

/** The remote signer gave no signature. The message holds no secret. */
export class RemoteSignerError extends Error {
  readonly kind: RemoteSignerFailure;

  constructor(kind: RemoteSignerFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "RemoteSignerError";
    this.kind = kind;
  }

  /** Whether the same question may get an answer later. A signer that signs something else is broken or hostile. */
  get isRetryable(): boolean {
    return this.kind !== "wrong";
  }
}

export interface RemoteSignerOptions {
  /** Credentials in it are sent as the header they stand for; see {@link fetchJson}. */
  readonly url: Secret;
  /** The account that must have signed. */
  readonly address: Address;
  /** Milliseconds, default 10,000: a hardware module or a key service abroad takes seconds, a person too long. */
  readonly timeout?: number;
}

const TIMEOUT = 10_000;

/** Codes with which servers say that they have no such method: JSON-RPC's, besu's and Hardhat's. */
const NO_SUCH_METHOD = new Set([-32601, -32604, -32004]);

/** A signature with s above this is another spelling of the same one, which nodes refuse (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * A signer behind JSON-RPC `eth_signTransaction`, whose result is the raw transaction or an object with it at `raw`.
 * It is not trusted: an answer is used only when it is the very transaction asked for, signed by `address`.
 *
 * Before it is returned, a signer that answers `eth_accounts` must list the address. Throws {@link RemoteSignerError},
 * and so does `signTransaction`.
 */
export async function openRemoteSigner(options: RemoteSignerOptions): Promise<Signer> {
  const { address } = options;
  const ask = createAsk(options);
  const accounts = await ask("eth_accounts", []);
  if (accounts.error === undefined) checkAccounts(accounts.result, address);
  else if (!NO_SUCH_METHOD.has(accounts.error.code)) throw refusal(accounts.error.message);
  return {
    address,
    async signTransaction(transaction) {
      const asked: Asked = { ...transaction, type: "eip1559", accessList: [] };
      const answer = await ask("eth_signTransaction", [toParameters(asked, address)]);
      if (answer.error !== undefined) throw refusal(answer.error.message);
      const raw = rawOf(answer.result);
      await checkSigned(raw, asked, address);
      return raw;
    },
  };
}

type Asked = Eip1559Request & { readonly type: "eip1559"; readonly accessList: [] };

function createAsk({ url, timeout = TIMEOUT }: RemoteSignerOptions) {
  return async (method: string, params: readonly unknown[]) => {
    try {
      return await askJsonRpc({ url, method, params, timeout });
    } catch (error) {
      throw error instanceof FetchError ? fromFetch(error) : error;
    }
  };
}

function fromFetch(error: FetchError): RemoteSignerError {
  return new RemoteSignerError(kindOf(error), `The remote signer ${error.message}.`, error);
}

function kindOf({ kind, status }: FetchError): RemoteSignerFailure {
  switch (kind) {
    case "timeout":
      return "slow";
    case "network":
      return "unreachable";
    case "malformed":
      return "wrong";
    case "status":
      return status === 429 || (status ?? 0) >= 500 ? "unreachable" : "refused";
  }
}

function refusal(message: string): RemoteSignerError {
  return new RemoteSignerError("refused", `The remote signer refused: ${message}`);
}

function checkAccounts(accounts: unknown, address: Address): void {
  if (!Array.isArray(accounts) || accounts.some((account) => typeof account !== "string")) {
    throw new RemoteSignerError("wrong", "The remote signer's eth_accounts is not a list of addresses.");
  }
  const isListed = accounts.some((account) => (account as string).toLowerCase() === address.toLowerCase());
  if (!isListed) throw new RemoteSignerError("wrong", `The remote signer does not sign for ${address}.`);
}

/** Every field is given, in hex: what a signer fills in by itself is not what was decided. */
function toParameters(asked: Asked, from: Address) {
  return {
    from,
    to: asked.to,
    gas: numberToHex(asked.gas),
    maxFeePerGas: numberToHex(asked.maxFeePerGas),
    maxPriorityFeePerGas: numberToHex(asked.maxPriorityFeePerGas),
    value: numberToHex(asked.value),
    nonce: numberToHex(asked.nonce),
    data: asked.data,
    chainId: numberToHex(asked.chainId),
    type: "0x2",
    accessList: [],
  };
}

function rawOf(result: unknown): Hex {
  const raw = isObject(result) ? result["raw"] : result;
  if (!isHex(raw))
    throw new RemoteSignerError("wrong", "The remote signer's answer holds no signed transaction.");
  return raw.toLowerCase() as Hex;
}

/** Throws unless `raw` is the transaction asked for in its only valid spelling, signed by `address`. */
async function checkSigned(raw: Hex, asked: Asked, address: Address): Promise<void> {
  let signed: ReturnType<typeof parseTransaction>;
  try {
    signed = parseTransaction(raw);
  } catch (error) {
    throw new RemoteSignerError("wrong", "The remote signer's answer is not a transaction.", error);
  }
  const field = differingField(signed as TransactionSerializableEIP1559, asked);
  if (field !== null) throw new RemoteSignerError("wrong", `The remote signer signed another ${field}.`);
  const { r, s, yParity } = signed as { r?: Hex; s?: Hex; yParity?: number };
  if (r === undefined || s === undefined || yParity === undefined || BigInt(s) > HALF_ORDER) {
    throw new RemoteSignerError("wrong", "The remote signer's answer has no valid signature.");
  }
  const signature = { r, s, yParity };
  // Fields that decode alike may be written in other ways, which nodes refuse and which hash differently.
  if (serializeTransaction(asked, signature) !== raw) {
    throw new RemoteSignerError("wrong", "The remote signer's answer is not written as the rules ask.");
  }
  const signer = await recoverAddress({ hash: keccak256(serializeTransaction(asked)), signature }).catch(
    () => null,
  );
  if (signer === null || !isAddressEqual(signer, address)) {
    throw new RemoteSignerError("wrong", `The remote signer signed with another account than ${address}.`);
  }
}

/** The name of the first field in which they differ, or null. The decoder leaves out what is zero or empty. */
function differingField(signed: TransactionSerializableEIP1559, asked: Asked): string | null {
  const fields: readonly (readonly [name: string, got: unknown, wanted: unknown])[] = [
    ["type", signed.type, asked.type],
    ["chain", signed.chainId, asked.chainId],
    ["nonce", signed.nonce ?? 0, asked.nonce],
    ["recipient", signed.to?.toLowerCase(), asked.to.toLowerCase()],
    ["value", signed.value ?? 0n, asked.value],
    ["data", (signed.data ?? "0x").toLowerCase(), asked.data.toLowerCase()],
    ["gas limit", signed.gas ?? 0n, asked.gas],
    ["maximum fee", signed.maxFeePerGas ?? 0n, asked.maxFeePerGas],
    ["priority fee", signed.maxPriorityFeePerGas ?? 0n, asked.maxPriorityFeePerGas],
    ["access list", signed.accessList?.length ?? 0, 0],
  ];
  return fields.find(([, got, wanted]) => got !== wanted)?.[0] ?? null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
