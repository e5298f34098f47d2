import { BlockNotFoundError, keccak256, type Address, type Hash, type Hex, type PublicClient } from "viem";

import type { Head } from "../chain/head.ts";
import type { Reorg } from "../chain/headTracker.ts";
import type { Signer } from "../signer/signer.ts";
import type { IntentRecord } from "../store/journal.ts";
import { LeaseLostError } from "../store/leases.ts";
import type { ExecutionKind } from "../store/schema.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import { feesFor, feesToReplace, isMinable, type FeePolicy, type Fees } from "./fees.ts";
import { LaneBook } from "./laneBook.ts";
import { findMined, type Settlement } from "./settlement.ts";
import { isSigned, purposeOf, type Attempt, type Purpose, type Slot } from "./slot.ts";
import { Upkeep } from "./upkeep.ts";

/**
 * The gas limit over the estimate, which is what the call needs and not what it uses: the pool may cross more ticks by the time it is
 * mined. No more than a tenth, since a trade waits until all that it is signed for is worth it.
 */
const GAS_NUMERATOR = 11n;
const GAS_DENOMINATOR = 10n;
/** EIP-7825 refuses a transaction with a higher gas limit. */
const MAX_TRANSACTION_GAS = 16_777_216n;
/** Gas of a transfer of nothing, which is what cancels. */
const TRANSFER_GAS = 21_000n;
/** A transfer that clears a nonce is worth whatever it takes: what it stands for blocks every later transaction. */
const NO_CEILING = 2n ** 128n;
/** Unix seconds: a transfer of nothing is never too late. */
const NEVER = 2n ** 62n;

export interface LaneOptions extends DeliveryOptions {
  readonly chainId: number;
  readonly signer: Signer;
  /** Wei, offered with transfers that only take a nonce. */
  readonly priorityFeePerGas: bigint;
}

/** A transaction for a vault. */
export interface SendRequest {
  readonly vault: Address;
  readonly to: Address;
  readonly kind: ExecutionKind;
  readonly data: Hex;
  /** As simulated. */
  readonly gas: bigint;
  /** Unix seconds; after it the transaction has no effect. */
  readonly deadline: bigint;
  readonly decisionId: bigint | null;
  readonly rebalanceNonce: bigint | null;
  /** The block the decision was made at. */
  readonly head: Head;
  readonly fees: FeePolicy;
  /** Wei: the most that its gas may cost, also where it takes all that it is signed for. */
  readonly worth: bigint;
  /** Called if a node takes the transaction at once, before that is written down. */
  readonly onAccepted?: (() => void) | undefined;
}

/** The hash under which it is out, or why it is not. */
export type SendResult = { readonly hash: Hash } | { readonly refused: string };

/**
 * The nonces of one account on one chain. It signs, saves, sends and watches the transactions of every vault that the account
 * keeps.
 *
 * Intent and nonce are in the journal before a transaction is signed, and its raw bytes before any node sees them, so a crash at any
 * point leaves either no trace on the chain or a record of it. A nonce is freed only by proof: a receipt, a refusal when it was sent
 * for the first time, or the account's nonce standing past it. After a write whose end is not known the lane believes nothing but the
 * journal and the chain: it reconciles them before its next step.
 */
export class NonceLane {
  readonly #options: LaneOptions;
  readonly #delivery: Delivery;
  #book: LaneBook;
  #upkeep: Upkeep;
  #isReconciled = false;
  /** What ended and nobody was told of: the journal does not tell again. */
  readonly #ended: Settlement[] = [];
  /** Numbers of blocks that have left the chain, by hash, down to where blocks stay. */
  readonly #dropped = new Map<Hash, bigint>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#delivery = new Delivery(options);
    ({ book: this.#book, upkeep: this.#upkeep } = this.#blank());
  }

  get account(): Address {
    return this.#options.signer.address;
  }

  /** Null until journal and chain have been brought together. */
  get nextNonce(): bigint | null {
    return this.#isReconciled ? this.#book.nextNonce : null;
  }

  get pending(): readonly Slot[] {
    return this.#book.pending;
  }

  /** The nonce that a vault's transaction holds, or null. */
  slotOf(vault: Address, purpose: Purpose = "hedge"): Slot | null {
    return this.#book.slotOf(vault, purpose);
  }

  /** Whether a block is older than the one that mined the vault's last transaction, and does not show its effect. */
  isBehind(vault: Address, head: Head): boolean {
    return this.#book.isBehind(vault, head);
  }

  /**
   * Brings journal and chain together. Done by itself where it is needed; call it first to know that the lane can work.
   * Throws what journal and RPC throw; {@link LeaseLostError} where another process has the lane.
   */
  reconcile(): Promise<void> {
    return this.#inTurn(() => this.#ensureReconciled());
  }

  /**
   * Looks after what is pending: finds receipts, also of what a reorg took back, sends again what nodes may have forgotten, makes
   * public what stayed private too long, fills nonces that nobody will use, and clears the way for what could be mined now.
   * @returns What ended, at an earlier head too where that one failed afterwards.
   */
  async onHead(head: Head, reorg: Reorg | null): Promise<Settlement[]> {
    if (reorg !== null) this.#takeBack(reorg);
    this.#dropped.delete(head.hash);
    try {
      await this.reconcile();
      if (reorg !== null) {
        await this.#takeBackSigned(reorg.ancestor);
        await this.#upkeep.reexamine(reorg.ancestor, this.#ended);
      }
      if (this.pending.length > 0) await this.#upkeep.onHead(head, await this.#accountNonce(), this.#ended);
    } catch (error) {
      // What it could not write down may be written all the same: a vault would take back what has been mined. And nobody tells of a
      // reorg twice: a lane that is reconciled looks for all that it mined.
      this.#isReconciled = false;
      throw error;
    }
    return this.#ended.splice(0);
  }

  /** Notes that blocks up to this one stay for ever. */
  async finalize(upTo: bigint): Promise<void> {
    for (const [hash, number] of this.#dropped) if (number <= upTo) this.#dropped.delete(hash);
    if (!this.#book.mined.some(({ block }) => block.number <= upTo)) return;
    await this.#options.journal.markFinal({ chainId: this.#options.chainId, upTo });
    this.#book.finalize(upTo);
  }

  /**
   * Signs and sends a transaction. In place of what the vault has pending, where it has: at its nonce, with fees that replace it.
   * Throws what stands in the way of signing or saving; then nothing was sent.
   */
  async send(request: SendRequest): Promise<SendResult> {
    const { journal, log } = this.#options;
    const signed = await this.#inTurn(async () => {
      await this.#ensureReconciled();
      return this.#signRequest(request);
    });
    if (typeof signed === "string") {
      log.warn({ vault: request.vault, kind: request.kind, error: signed }, "A transaction is not sent.");
      return { refused: signed };
    }
    const { slot, attempt } = signed;
    const { id, hash, txNonce: nonce, decisionId: decision, vault } = attempt;
    const isFirst = slot.attempts.length === 1;
    log.info({ hash, nonce, decision, vault }, isFirst ? "Sends a transaction." : "Replaces a transaction.");
    const refusal = await this.#tryFirst(signed, request.head, request.onAccepted);
    // A lane that was reconciled meanwhile may have tried again.
    if (refusal === null || this.#book.at(nonce) !== slot) return { hash };
    log.error({ hash, error: refusal }, "The node refuses the transaction.");
    await journal.recordOutcome(id, { status: "rejected", error: refusal });
    this.#book.drop(slot, id);
    return { refused: refusal };
  }

  /**
   * Takes what a vault has pending back, by a transfer of nothing at its nonce. It offers just enough to take its place, so it is mined
   * when that could have been: nothing is worth more that is not wanted. What has ended meanwhile is left as it is.
   */
  async cancel(slot: Slot, head: Head): Promise<void> {
    const { newest, fees } = slot;
    if (newest === null || fees === null || newest.kind === "cancel") return;
    const takingOver = feesToReplace(fees, fees, NO_CEILING)!;
    await this.#transfer({ vault: newest.vault, txNonce: slot.txNonce, replaces: true }, head, takingOver);
  }

  get #key(): { readonly chainId: number; readonly account: Address } {
    return { chainId: this.#options.chainId, account: this.account };
  }

  /** One at a time: what chooses nonces must see what the one before it chose. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #blank(): { book: LaneBook; upkeep: Upkeep } {
    const book = new LaneBook(this.#options.privateRoute === null);
    const transfer = (vault: Address, txNonce: bigint, head: Head) => this.#clear(vault, txNonce, head);
    const upkeep = new Upkeep(book, { ...this.#options, ...this.#key, delivery: this.#delivery, transfer });
    return { book, upkeep };
  }

  async #ensureReconciled(): Promise<void> {
    const { journal, client, lease, log } = this.#options;
    if (!lease.isHeld()) throw new LeaseLostError(lease.key);
    if (this.#isReconciled) return;
    const { book, upkeep } = this.#blank();
    for (const record of await journal.unsettled(this.#key)) {
      if (isSigned(record)) {
        book.add(record);
        log.info({ hash: record.hash, nonce: record.txNonce }, "Takes up a transaction of an earlier run.");
      } else {
        // Nobody signed it, and with this lease nobody else can any more.
        await journal.recordOutcome(record.id, { status: "abandoned" });
      }
    }
    for (const mined of await journal.recent(this.#key)) {
      book.noteMined(mined);
      if (this.#book.at(mined.txNonce) === null) continue;
      // It was written down, and nobody was told, since whoever wrote it did not know.
      const found = await findMined(client, [{ ...mined, status: "sent" }]);
      if (found !== null) this.#ended.push(found);
    }
    for (const slot of book.pending) slot.isOrphaned = !(await isOnChain(client, slot.newest!.head));
    await upkeep.reexamine(-1n, this.#ended);
    // Or a failure at every block would put off for ever what waits for its time.
    book.remember(this.#book);
    const count = await this.#accountNonce();
    if (book.nextNonce < count) book.nextNonce = count;
    [this.#book, this.#upkeep] = [book, upkeep];
    this.#isReconciled = true;
  }

  /**
   * What is paid is at most the gas limit times the highest fee, so both together stay below what it is worth. A nonce is not taken for
   * less than the newest block asks for: nobody would mine it, and to take it back would cost gas for nothing.
   * @returns Why nothing is worth its gas that could be mined now, and in place of what is pending.
   */
  async #signRequest(request: SendRequest): Promise<Signed | string> {
    const { vault, head, worth, gas, data, kind, deadline, decisionId, rebalanceNonce } = request;
    // The lane may have followed the chain past that block while the vault was deciding at it.
    if (this.#dropped.has(head.hash)) return "The block it was decided at has left the chain.";
    if (this.isBehind(vault, head))
      return "A transaction of the vault was mined after the block it was decided at.";
    const slot = this.slotOf(vault, purposeOf(kind));
    const gasLimit = gasLimitOf(gas);
    const ceiling = worth / gasLimit;
    const wanted = feesFor(head.baseFeePerGas, request.fees, ceiling);
    const fees = slot?.fees ? feesToReplace(slot.fees, wanted, ceiling) : wanted;
    if (fees === null) return "To replace what is pending costs more gas than the trade is worth.";
    if (!isMinable(fees, head.baseFeePerGas))
      return "All the gas that it may take costs more than it is worth, or than its limit.";
    const txNonce = slot?.txNonce ?? this.#book.nextNonce;
    const intent = { vault, txNonce, kind, deadline, decisionId, rebalanceNonce, gasLimit, ...fees };
    const signed = await this.#sign(intent, head, { to: request.to, data });
    return signed ?? "What it was to replace has ended meanwhile.";
  }

  /**
   * Call it in turn. What the journal holds after a failure is not known, so the lane reconciles before it goes on.
   * @returns Null where it was to replace what has ended while it was being signed: it can have no effect, and no node is given it.
   */
  async #sign(
    terms: Omit<IntentRecord, "chainId" | "account" | "route" | "head">,
    { number, hash: blockHash }: Head,
    call: { readonly to: Address; readonly data: Hex },
  ): Promise<Signed | null> {
    const { journal, signer, lease, chainId, privateRoute } = this.#options;
    const route = privateRoute === null ? "public" : "private";
    const intent: IntentRecord = { ...this.#key, ...terms, route, head: { number, hash: blockHash } };
    const { txNonce, gasLimit: gas, maxFeePerGas, maxPriorityFeePerGas } = intent;
    const replaces = this.#book.at(txNonce) !== null;
    try {
      const id = await journal.recordIntent(intent, lease);
      const raw = await signer.signTransaction({
        ...{ chainId, nonce: Number(txNonce), ...call, value: 0n },
        ...{ gas, maxFeePerGas, maxPriorityFeePerGas },
      });
      const hash = keccak256(raw);
      await journal.recordSigned(id, { raw, hash }, lease);
      const attempt: Attempt = { ...intent, id, status: "signed", raw, hash, sentAt: null };
      if (replaces && this.#book.at(txNonce) === null) {
        await journal.recordOutcome(id, { status: "replaced" });
        return null;
      }
      const slot = this.#book.add(attempt);
      slot.firstTry = id;
      return { slot, attempt };
    } catch (error) {
      this.#isReconciled = false;
      throw error;
    }
  }

  /** Takes a nonce by a transfer that the next block takes, whatever it costs. */
  async #clear(vault: Address, txNonce: bigint, head: Head): Promise<void> {
    const { priorityFeePerGas } = this.#options;
    const wanted = feesFor(head.baseFeePerGas, { priorityFeePerGas, maxBaseFeePerGas: null }, NO_CEILING);
    const previous = this.#book.at(txNonce)?.fees ?? null;
    const fees = previous === null ? wanted : feesToReplace(previous, wanted, NO_CEILING)!;
    await this.#transfer({ vault, txNonce, replaces: previous !== null }, head, fees);
  }

  /** A transfer of nothing to the account itself, at a nonce that something must take; but not in place of what has ended. */
  async #transfer(
    {
      vault,
      txNonce,
      replaces,
    }: { readonly vault: Address; readonly txNonce: bigint; readonly replaces: boolean },
    head: Head,
    fees: Fees,
  ): Promise<void> {
    const signed = await this.#inTurn(async () => {
      await this.#ensureReconciled();
      if (replaces && this.#book.at(txNonce) === null) return null;
      const none = { decisionId: null, rebalanceNonce: null, deadline: NEVER, gasLimit: TRANSFER_GAS };
      return this.#sign({ vault, txNonce, kind: "cancel", ...none, ...fees }, head, {
        to: this.account,
        data: "0x",
      });
    });
    if (signed === null) return;
    this.#options.log.warn({ hash: signed.attempt.hash, nonce: txNonce, vault }, "Cancels a transaction.");
    await this.#tryFirst(signed, head);
  }

  async #tryFirst({ slot, attempt }: Signed, head: Head, onAccepted?: () => void): Promise<string | null> {
    try {
      return await this.#delivery.deliver(slot, attempt, head, onAccepted);
    } finally {
      slot.firstTry = null;
    }
  }

  #takeBack({ ancestor, dropped }: Reorg): void {
    for (const { hash, number } of dropped) this.#dropped.set(hash, number);
    for (const slot of this.pending) if (slot.newest!.head.number > ancestor) slot.isOrphaned = true;
  }

  /** What was being signed as the reorg came was not pending yet, and may have been decided at a block that is gone as well. */
  async #takeBackSigned(ancestor: bigint): Promise<void> {
    for (const slot of this.pending) {
      const head = slot.newest?.head;
      if (head === undefined || head.number <= ancestor || slot.isOrphaned) continue;
      if (!(await isOnChain(this.#options.client, head))) slot.isOrphaned = true;
    }
  }

  async #accountNonce(): Promise<bigint> {
    const { client } = this.#options;
    return BigInt(await client.getTransactionCount({ address: this.account, blockTag: "latest" }));
  }
}

/** The gas that is signed for, and paid for at most, where `gas` was simulated. */
export function gasLimitOf(gas: bigint): bigint {
  const limit = (gas * GAS_NUMERATOR) / GAS_DENOMINATOR;
  return limit < MAX_TRANSACTION_GAS ? limit : MAX_TRANSACTION_GAS;
}

interface Signed {
  readonly slot: Slot;
  readonly attempt: Attempt;
}

/** Whether a block that was the head once still is on the chain. */
async function isOnChain(client: PublicClient, { number, hash }: IntentRecord["head"]): Promise<boolean> {
  try {
    return (await client.getBlock({ blockNumber: number, includeTransactions: false })).hash === hash;
  } catch (error) {
    if (error instanceof BlockNotFoundError) return false;
    throw error;
  }
}
