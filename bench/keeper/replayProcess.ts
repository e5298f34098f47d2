import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { keccak256, numberToHex, parseTransaction, type Hex } from "viem";

import { serveParent } from "./childProcess.ts";
import { callOf, purposeOf, selectorOf, type Counts, type Purpose, type Recording } from "./recording.ts";

/** Blocks between two trades of a vault: an hour of mainnet. */
const TRADE_EVERY = 300;

interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

interface Sent {
  readonly hash: Hex;
  readonly vault: string;
  /** The block it is mined in. */
  readonly block: number;
}

/**
 * A chain that is made up of recorded answers: of every vault the same snapshots, in turn, and every transaction is mined in the
 * next block. It costs a hundredth of what a node does, so that what is measured is the keeper.
 */
class ReplayedChain {
  readonly #recording: Recording;
  /** Milliseconds between blocks. */
  readonly #interval: number;
  readonly #first: { readonly number: number; readonly timestamp: number };
  #head = 0;
  #sent: Sent[] = [];
  #counts: Partial<Record<Purpose, number>> = {};
  /** Which vaults have read their snapshot, by block. */
  readonly #readers = new Map<number, Set<number>>();

  constructor(recording: Recording, interval: number) {
    this.#recording = recording;
    this.#interval = interval;
    const { number, timestamp } = recording.block as { number: Hex; timestamp: Hex };
    this.#first = { number: Number(number), timestamp: Number(timestamp) };
  }

  get head(): number {
    return this.#first.number + this.#head;
  }

  advance(): number {
    this.#head += 1;
    return this.head;
  }

  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }

  /** Vaults that read the state at a block. */
  readersAt(block: number): number {
    return this.#readers.get(block)?.size ?? 0;
  }

  answer(request: Request): unknown {
    const { chainId, estimate, balance, code, calls, lens } = this.#recording;
    const { method, params } = request;
    const purpose = purposeOf(request, lens);
    this.#counts[purpose] = (this.#counts[purpose] ?? 0) + 1;
    if (purpose === "read") return this.#snapshot(params);
    switch (method) {
      case "eth_call":
        return calls[selectorOf(callOf(params).data)];
      case "eth_chainId":
        return numberToHex(chainId);
      case "eth_getCode":
        return code;
      case "eth_getBalance":
        return balance;
      case "eth_estimateGas":
        return estimate;
      case "eth_getBlockByNumber":
        return this.#block(params[0] === "latest" ? this.head : Number(params[0]));
      case "eth_getTransactionCount":
        return numberToHex(this.#sent.filter(({ block }) => block <= this.head).length);
      case "eth_sendRawTransaction":
        return this.#send(params[0] as Hex);
      case "eth_getTransactionReceipt":
        return this.#receipt(params[0] as Hex);
      default:
        return undefined;
    }
  }

  #snapshot(params: readonly unknown[]): Hex {
    const { holds, trades } = this.#recording;
    const vault = Number(`0x${callOf(params).data.slice(-6)}`);
    const block = numberOf((params[1] as { blockHash: Hex }).blockHash);
    const readers = this.#readers.get(block) ?? new Set();
    this.#readers.set(block, readers.add(vault));
    const trading = (vault * 7 + block) % TRADE_EVERY === 0 && trades.length > 0;
    const answers = trading ? trades : holds;
    return answers[(vault + block) % answers.length]!;
  }

  #block(number: number): object {
    const { timestamp } = this.#first;
    const age = ((number - this.#first.number) * this.#interval) / 1000;
    return {
      ...this.#recording.block,
      number: numberToHex(number),
      hash: hashOf(number),
      parentHash: hashOf(number - 1),
      timestamp: numberToHex(timestamp + Math.floor(age)),
    };
  }

  #send(raw: Hex): Hex {
    const hash = keccak256(raw);
    const { to } = parseTransaction(raw);
    if (!this.#sent.some((sent) => sent.hash === hash))
      this.#sent.push({ hash, vault: to!, block: this.head + 1 });
    return hash;
  }

  #receipt(hash: Hex): object | null {
    const sent = this.#sent.find((each) => each.hash === hash);
    if (sent === undefined || sent.block > this.head) return null;
    const { receipt, vault } = this.#recording;
    const place = {
      transactionHash: hash,
      blockNumber: numberToHex(sent.block),
      blockHash: hashOf(sent.block),
    };
    const logs = (receipt["logs"] as { address: string }[]).map((log) => ({
      ...{ ...log, ...place },
      address: log.address.toLowerCase() === vault.toLowerCase() ? sent.vault : log.address,
    }));
    return { ...receipt, ...place, logs };
  }
}

/** Blocks are told apart by their numbers alone. */
function hashOf(block: number): Hex {
  return `0xb10c${block.toString(16).padStart(60, "0")}`;
}

function numberOf(hash: Hex): number {
  return Number(`0x${hash.slice(-8)}`);
}

let chain: ReplayedChain;

const handlers = {
  /** @param interval Milliseconds between blocks. @returns Its URL. */
  async start(recording: Recording, interval: number): Promise<string> {
    chain = new ReplayedChain(recording, interval);
    const server = createServer((incoming, response) => {
      void text(incoming).then((body) => {
        const request = JSON.parse(body) as Request;
        const result = JSON.stringify(chain.answer(request));
        const error = `{"code":-32601,"message":"${request.method} was not recorded like this"}`;
        const outcome = result === undefined ? `"error":${error}` : `"result":${result}`;
        response.end(`{"jsonrpc":"2.0","id":${String(request.id)},${outcome}}`);
      });
    });
    // Idle between blocks is not idle for good.
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  },
  advance: (): number => chain.advance(),
  counts: (): Counts => chain.takeCounts(),
  readersAt: (block: number): number => chain.readersAt(block),
};

export type ReplayHandlers = typeof handlers;

serveParent(handlers);
