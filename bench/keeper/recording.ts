import type { Address, Hex } from "viem";

/** Answers of a real node to a real keeper, as they came. */
export interface Recording {
  readonly chainId: number;
  readonly vault: Address;
  readonly lens: Address;
  /** Of the Lens, at blocks at which the keeper held. */
  readonly holds: readonly Hex[];
  /** Of the Lens, at blocks at which it traded. */
  readonly trades: readonly Hex[];
  /** Of `eth_estimateGas`. */
  readonly estimate: Hex;
  readonly receipt: Readonly<Record<string, unknown>>;
  readonly block: Readonly<Record<string, unknown>>;
  /** Of any other `eth_call`, by selector. */
  readonly calls: Readonly<Record<string, Hex>>;
  readonly code: Hex;
  readonly balance: Hex;
}

/** What a request was for. */
export type Purpose = "head" | "read" | "simulate" | "send" | "nonce" | "receipt" | "other";

/** Requests by purpose. */
export type Counts = Readonly<Partial<Record<Purpose, number>>>;

const PURPOSES: Readonly<Record<string, Purpose>> = {
  eth_getBlockByNumber: "head",
  eth_estimateGas: "simulate",
  eth_sendRawTransaction: "send",
  eth_getTransactionCount: "nonce",
  eth_getTransactionReceipt: "receipt",
};

interface Request {
  readonly method: string;
  readonly params?: unknown;
}

/** What a keeper asks a node for. @param lens Where it reads snapshots. */
export function purposeOf({ method, params }: Request, lens: Address): Purpose {
  if (method !== "eth_call") return PURPOSES[method] ?? "other";
  return callOf(params).to.toLowerCase() === lens.toLowerCase() ? "read" : "other";
}

/** The call that an `eth_call` makes. */
export function callOf(params: unknown): { readonly to: string; readonly data: Hex } {
  return (params as readonly [{ readonly to: string; readonly data: Hex }])[0];
}

/** The first four bytes of a call. */
export function selectorOf(data: Hex): string {
  return data.slice(0, 10);
}

/** Listens between a keeper and a node. */
export class Recorder {
  readonly #vault: Address;
  readonly #lens: Address;
  #snapshots: { readonly answer: Hex; trades: boolean }[] = [];
  readonly #calls: Record<string, Hex> = {};
  readonly #last = new Map<string, unknown>();
  #counts: Partial<Record<Purpose, number>> = {};

  constructor(vault: Address, lens: Address) {
    this.#vault = vault;
    this.#lens = lens;
  }

  note(request: Request, answer: unknown): void {
    const purpose = purposeOf(request, this.#lens);
    this.#counts[purpose] = (this.#counts[purpose] ?? 0) + 1;
    if (purpose === "read") this.#snapshots.push({ answer: answer as Hex, trades: false });
    else if (request.method === "eth_call")
      this.#calls[selectorOf(callOf(request.params).data)] = answer as Hex;
    else if (answer !== null) this.#last.set(request.method, answer);
    const snapshot = this.#snapshots.at(-1);
    if (purpose === "send" && snapshot !== undefined) snapshot.trades = true;
  }

  /** Requests since the last time this was asked. */
  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }

  recording(): Recording {
    const last = <T>(method: string): T => {
      const answer = this.#last.get(method);
      if (answer === undefined) throw new Error(`The keeper has never asked for ${method}.`);
      return answer as T;
    };
    const answers = (trades: boolean) =>
      this.#snapshots.filter((each) => each.trades === trades).map(({ answer }) => answer);
    return {
      chainId: Number(last<Hex>("eth_chainId")),
      vault: this.#vault,
      lens: this.#lens,
      holds: answers(false),
      trades: answers(true),
      estimate: last("eth_estimateGas"),
      receipt: last("eth_getTransactionReceipt"),
      block: last("eth_getBlockByNumber"),
      calls: this.#calls,
      code: last("eth_getCode"),
      balance: last("eth_getBalance"),
    };
  }
}
