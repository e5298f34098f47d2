import { BlockNotFoundError, keccak256, type Address, type Hash, type Hex, type PublicClient } from "viem";

import type { Head } from "../chain/head.ts";
import type { Reorg } from "../chain/headTracker.ts";
import type { Signer } from "../signer/signer.ts";
import type { IntentRecord, Mined, Unsettled } from "../store/journal.ts";
import { LeaseLostError } from "../store/leases.ts";
import type { ExecutionKind } from "../store/schema.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import { feesFor, feesToReplace, isMinable, type FeePolicy } from "./fees.ts";
import { findMined, type Settlement } from "./settlement.ts";
import { Slot, type Attempt } from "./slot.ts";

/** The gas limit over the estimate: the pool may cross more ticks by the time it is mined. */
const GAS_NUMERATOR = 5n;
const GAS_DENOMINATOR = 4n;
/** EIP-7825 refuses a transaction with a higher gas limit. */
const MAX_TRANSACTION_GAS = 16_777_216n;
/** Gas of a transfer of nothing, which is what cancels. */
const TRANSFER_GAS = 21_000n;
/** Heads at which something must be seen before it counts: one answer may be of a node that lags behind itself. */
const SIGHTINGS = 3;
/** Nonces that are filled with transfers to reach one beyond them. A wider gap is a lie, not a loss. */
const WIDEST_GAP = 16n;
/** A cancellation is worth whatever it takes: what it stands for blocks every later transaction of the account. */
const NO_CEILING = 2n ** 128n;

export interface LaneOptions extends DeliveryOptions {
  readonly chainId: number;
  readonly signer: Signer;
  /** Wei, offered with transfers that only take a nonce. */
  readonly priorityFeePerGas: bigint;
}

/** A transaction to the vault it is for. */
export interface SendRequest {
  readonly vault: Address;
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
  /** Wei: the most a unit of gas may cost. */
  readonly ceiling: bigint;
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
  #slots = new Map<bigint, Slot>();
  /** Those a reorg could take back, oldest first. */
  #mined: readonly Mined[] = [];
  #nextNonce = 0n;
  #isReconciled = false;
  #turn: Promise<unknown> = Promise.resolve();
  /** Heads at which the account's next nonce was one that nobody has signed for, below one that somebody has. */
  #gapSightings = 0;
  /** The block of each vault's newest receipt. */
  readonly #minedAt = new Map<Address, bigint>();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#delivery = new Delivery(options);
  }

  get account(): Address {
    return this.#options.signer.address;
  }

  get nextNonce(): bigint | null {
    return this.#isReconciled ? this.#nextNonce : null;
  }

  get pending(): readonly Slot[] {
    return [...this.#slots.values()].toSorted((a, b) => (a.txNonce < b.txNonce ? -1 : 1));
  }

  /** The nonce that a vault's transaction holds, or null. */
  slotOf(vault: Address): Slot | null {
    return this.pending.find(({ newest }) => newest?.vault === vault) ?? null;
  }

  /** Whether a block is older than the one that mined the vault's last transaction, and does not show its effect. */
  isBehind(vault: Address, head: Head): boolean {
    return head.number < (this.#minedAt.get(vault) ?? 0n);
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
   * @returns What ended.
   */
  async onHead(head: Head, reorg: Reorg | null): Promise<Settlement[]> {
    await this.reconcile();
    const settlements = reorg === null ? [] : await this.#takeBack(reorg);
    if (this.#slots.size > 0) {
      const count = await this.#accountNonce();
      for (const slot of this.pending) {
        if (slot.txNonce < count) settlements.push(...(await this.#settle(slot)));
        else await this.#delivery.keepAlive(slot, head);
      }
      await this.#fillGap(count, head);
      await this.#clearWay(head);
    }
    return settlements;
  }

  /** Notes that blocks up to this one stay for ever. */
  async finalize(upTo: bigint): Promise<void> {
    if (!this.#mined.some(({ block }) => block.number <= upTo)) return;
    await this.#options.journal.markFinal({ chainId: this.#options.chainId, upTo });
    this.#mined = this.#mined.filter(({ block }) => block.number > upTo);
  }

  /**
   * Signs and sends a transaction. In place of what the vault has pending, where it has: at its nonce, with fees that replace it.
   * Throws what stands in the way of signing or saving; then nothing was sent.
   */
  async send(request: SendRequest): Promise<SendResult> {
    const signed = await this.#inTurn(async () => {
      await this.#ensureReconciled();
      const { vault, head, ceiling } = request;
      const slot = this.slotOf(vault);
      const wanted = feesFor(head.baseFeePerGas, request.fees, ceiling);
      const fees = slot?.fees ? feesToReplace(slot.fees, wanted, ceiling) : wanted;
      if (fees === null) return null;
      const limit = (request.gas * GAS_NUMERATOR) / GAS_DENOMINATOR;
      const gasLimit = limit < MAX_TRANSACTION_GAS ? limit : MAX_TRANSACTION_GAS;
      const { data, kind, deadline, decisionId, rebalanceNonce } = request;
      const txNonce = slot?.txNonce ?? this.#nextNonce;
      return this.#sign(
        {
          ...this.#record({ vault, txNonce, head }),
          kind,
          deadline,
          decisionId,
          rebalanceNonce,
          gasLimit,
          ...fees,
        },
        { to: vault, data },
      );
    });
    if (signed === null)
      return { refused: "To replace what is pending costs more gas than the trade is worth." };
    const { slot, attempt } = signed;
    this.#options.log.info(
      { hash: attempt.hash, nonce: attempt.txNonce, decision: attempt.decisionId, vault: attempt.vault },
      slot.attempts.length > 1 ? "Replaces a transaction." : "Sends a transaction.",
    );
    const refusal = await this.#delivery.deliver(slot, attempt, request.head);
    if (refusal === null) return { hash: attempt.hash };
    await this.#drop(slot, attempt, refusal);
    return { refused: refusal };
  }

  /** Takes what a vault has pending off the chain's mind, by a transfer of nothing at its nonce. */
  async cancel(slot: Slot, head: Head): Promise<void> {
    const { newest } = slot;
    if (newest === null || (newest.kind === "cancel" && isMinable(newest, head.baseFeePerGas))) return;
    await this.#transfer(newest.vault, slot.txNonce, head);
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

  async #ensureReconciled(): Promise<void> {
    const { journal, client, lease, privateRoute, log } = this.#options;
    if (!lease.isHeld()) throw new LeaseLostError(lease.key);
    if (this.#isReconciled) return;
    const slots = new Map<bigint, Slot>();
    for (const record of await journal.unsettled(this.#key)) {
      if (!isSigned(record)) {
        // Nobody signed it, and with this lease nobody else can any more.
        await journal.recordOutcome(record.id, { status: "abandoned" });
        continue;
      }
      const slot = slots.get(record.txNonce) ?? new Slot(record.txNonce, privateRoute === null);
      slot.add(record);
      slots.set(record.txNonce, slot);
      log.info({ hash: record.hash, nonce: record.txNonce }, "Takes up a transaction of an earlier run.");
    }
    this.#slots = slots;
    this.#mined = await journal.recent(this.#key);
    for (const slot of slots.values()) slot.isOrphaned = !(await isOnChain(client, slot.newest!.head));
    this.#nextNonce = highest([await this.#accountNonce(), ...this.#usedNonces()]);
    await this.#reexamine(-1n);
    this.#isReconciled = true;
  }

  /** One past every nonce that is taken for certain, whatever a node that lags behind says. */
  #usedNonces(): bigint[] {
    return [...this.#slots.keys(), ...this.#mined.map(({ txNonce }) => txNonce)].map((nonce) => nonce + 1n);
  }

  /** Call it in turn. What the journal holds after a failure is not known, so the lane reconciles before it goes on. */
  async #sign(
    intent: IntentRecord,
    call: { readonly to: Address; readonly data: Hex },
  ): Promise<{ readonly slot: Slot; readonly attempt: Attempt }> {
    const { journal, signer, lease, chainId, privateRoute } = this.#options;
    const { txNonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = intent;
    this.#isReconciled = false;
    const id = await journal.recordIntent(intent, lease);
    const raw = await signer.signTransaction({
      chainId,
      nonce: Number(txNonce),
      ...call,
      value: 0n,
      gas: gasLimit,
      maxFeePerGas,
      maxPriorityFeePerGas,
    });
    const hash = keccak256(raw);
    await journal.recordSigned(id, { raw, hash }, lease);
    const slot = this.#slots.get(txNonce) ?? new Slot(txNonce, privateRoute === null);
    const attempt: Attempt = { ...intent, id, status: "signed", raw, hash, sentAt: null };
    slot.add(attempt);
    this.#slots.set(txNonce, slot);
    this.#nextNonce = highest([this.#nextNonce, txNonce + 1n]);
    this.#isReconciled = true;
    return { slot, attempt };
  }

  /** A transfer of nothing to the account itself, at a nonce that something must take. */
  async #transfer(vault: Address, txNonce: bigint, head: Head): Promise<void> {
    const { priorityFeePerGas } = this.#options;
    const { slot, attempt } = await this.#inTurn(async () => {
      await this.#ensureReconciled();
      const wanted = feesFor(head.baseFeePerGas, { priorityFeePerGas, maxBaseFeePerGas: null }, NO_CEILING);
      const previous = this.#slots.get(txNonce)?.fees;
      const fees = previous ? feesToReplace(previous, wanted, NO_CEILING)! : wanted;
      const none = { deadline: 2n ** 62n, decisionId: null, rebalanceNonce: null };
      const intent = { ...this.#record({ vault, txNonce, head }), kind: "cancel" as const, ...none, ...fees };
      return this.#sign({ ...intent, gasLimit: TRANSFER_GAS }, { to: this.account, data: "0x" });
    });
    this.#options.log.warn({ hash: attempt.hash, nonce: txNonce, vault }, "Cancels a transaction.");
    await this.#delivery.deliver(slot, attempt, head);
  }

  #record({ vault, txNonce, head }: { vault: Address; txNonce: bigint; head: Head }) {
    const route: IntentRecord["route"] = this.#options.privateRoute === null ? "public" : "private";
    return { ...this.#key, vault, txNonce, route, head: { number: head.number, hash: head.hash } };
  }

  /** Forgets a transaction that was refused when it was sent for the first time: no node can have it. */
  async #drop(slot: Slot, { id, hash }: Attempt, error: string): Promise<void> {
    this.#options.log.error({ hash, error }, "The node refuses the transaction.");
    await this.#options.journal.recordOutcome(id, { status: "rejected", error });
    slot.remove(id);
    if (slot.attempts.length > 0) return;
    this.#slots.delete(slot.txNonce);
    if (this.#nextNonce === slot.txNonce + 1n) this.#nextNonce = slot.txNonce;
  }

  async #settle(slot: Slot): Promise<Settlement[]> {
    const { client, journal } = this.#options;
    const mined = await findMined(client, slot.attempts);
    if (mined !== null) {
      for (const { id } of slot.attempts)
        if (id !== mined.attempt.id) await journal.recordOutcome(id, { status: "replaced" });
      this.#note(mined);
      return this.#finish(slot, mined);
    }
    slot.sightings += 1;
    if (slot.sightings < SIGHTINGS) return [];
    const error = `Nonce ${String(slot.txNonce)} was used by another transaction.`;
    const outcome = { status: "superseded", error } as const;
    for (const { id } of slot.attempts.slice(0, -1)) await journal.recordOutcome(id, outcome);
    return this.#finish(slot, { attempt: slot.newest!, outcome });
  }

  async #finish(slot: Slot, settlement: Settlement): Promise<Settlement[]> {
    const { journal, log } = this.#options;
    const { attempt, outcome } = settlement;
    await journal.recordOutcome(attempt.id, outcome);
    this.#slots.delete(slot.txNonce);
    const { hash, vault, kind } = attempt;
    const { status, gasUsed, blockNumber: block, error } = outcome;
    const fields = { hash, vault, kind, status, gasUsed, block, error };
    if (status !== "confirmed") log.error(fields, "A transaction did not take effect.");
    else log.info(fields, kind === "rebalance" ? "A rebalance took effect." : "A transaction was mined.");
    return [settlement];
  }

  #note({ attempt, outcome }: Settlement): void {
    const { status, blockNumber: number, blockHash: hash } = outcome;
    if ((status !== "confirmed" && status !== "reverted") || number === undefined || hash === undefined)
      return;
    const others = this.#mined.filter(({ txNonce }) => txNonce !== attempt.txNonce);
    this.#mined = [...others, { ...attempt, status, block: { number, hash } }];
    this.#minedAt.set(attempt.vault, number);
  }

  async #takeBack({ ancestor }: Reorg): Promise<Settlement[]> {
    for (const slot of this.pending) if (slot.newest!.head.number > ancestor) slot.isOrphaned = true;
    return this.#reexamine(ancestor);
  }

  /** What was mined in blocks that are gone is looked for again, and pending once more where it is in no other. */
  async #reexamine(ancestor: bigint): Promise<Settlement[]> {
    const { client, journal, privateRoute, log } = this.#options;
    const settlements: Settlement[] = [];
    for (const mined of this.#mined.filter(({ block }) => block.number > ancestor)) {
      const { id, hash, txNonce, vault, block } = mined;
      const found = await findMined(client, [{ ...mined, status: "sent" }]);
      if (found?.outcome.blockHash === block.hash) continue;
      this.#mined = this.#mined.filter((other) => other.txNonce !== txNonce);
      this.#minedAt.delete(vault);
      if (found === null) {
        await journal.reopen(id);
        const slot = new Slot(txNonce, privateRoute === null);
        for (const record of await journal.unsettled(this.#key))
          if (record.txNonce === txNonce && isSigned(record)) slot.add(record);
        slot.isOrphaned = true;
        this.#slots.set(txNonce, slot);
        log.warn({ hash, vault, nonce: txNonce }, "A mined transaction is no longer on the chain.");
      } else {
        await journal.recordOutcome(id, found.outcome);
        this.#note(found);
        settlements.push(found);
        log.warn(
          { hash, vault, block: found.outcome.blockNumber },
          "A mined transaction is in another block now.",
        );
      }
    }
    return settlements;
  }

  /**
   * Fills nonces between the account's next and the first that is signed for: one was freed there after a later one had been taken.
   * Where the gap is wider than that could be, a node has told a lie about the account, and what lies beyond is given up once it can
   * have no effect.
   */
  async #fillGap(count: bigint, head: Head): Promise<void> {
    const first = this.pending[0]?.txNonce ?? count;
    this.#gapSightings = first > count ? this.#gapSightings + 1 : 0;
    if (this.#gapSightings < SIGHTINGS) return;
    if (first - count <= WIDEST_GAP) {
      for (let nonce = count; nonce < first; nonce += 1n) await this.#transfer(this.account, nonce, head);
      return;
    }
    const error = `Nonce ${String(first)} is beyond the account's next, ${String(count)}.`;
    for (const slot of this.pending.filter((each) => each.isSpent(head.timestamp, null))) {
      for (const { id } of slot.attempts)
        await this.#options.journal.recordOutcome(id, { status: "rejected", error });
      this.#slots.delete(slot.txNonce);
      this.#isReconciled = false;
      this.#options.log.error(
        { nonce: slot.txNonce, next: count },
        "A nonce was out of reach and is given up.",
      );
    }
  }

  /** A transaction that offers too little for now must not hold up those behind it that do not. */
  async #clearWay({ baseFeePerGas, ...head }: Head): Promise<void> {
    const pending = this.pending;
    const canMine = (slot: Slot) => slot.newest !== null && isMinable(slot.newest, baseFeePerGas);
    const last = pending.findLastIndex(canMine);
    for (const slot of pending.slice(0, Math.max(0, last)))
      if (!canMine(slot)) await this.cancel(slot, { baseFeePerGas, ...head });
  }

  async #accountNonce(): Promise<bigint> {
    const { client } = this.#options;
    return BigInt(await client.getTransactionCount({ address: this.account, blockTag: "latest" }));
  }
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

function isSigned(record: Unsettled): record is Attempt {
  return record.raw !== null && record.hash !== null && record.status !== "intent";
}

function highest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b), 0n);
}
