import {
  encodeFunctionData,
  keccak256,
  type Hash,
  type Hex,
  type LocalAccount,
  type PublicClient,
} from "viem";

import { vaultAbi } from "../chain/abi.ts";
import type { Head } from "../chain/head.ts";
import type { Log } from "../log/logger.ts";
import type { Journal, Subject, Unsettled } from "../store/journal.ts";
import { broadcast, type BroadcastReply } from "./broadcast.ts";
import { feesFor, feesToReplace, type FeePolicy } from "./fees.ts";
import { PendingSlot } from "./pendingSlot.ts";
import type { Plan } from "./planLegs.ts";
import { revertReason, type Revert } from "./revertReason.ts";
import { findReceipt, outcomeOf, whyReverted, type Settlement } from "./settlement.ts";

/** Seconds a signed rebalance stays good: long enough to be mined in a busy hour, short enough to be forgotten. */
const LIFETIME = 600n;
/** The gas limit over the estimate: the pool may cross more ticks by the time it is mined. */
const GAS_NUMERATOR = 5n;
const GAS_DENOMINATOR = 4n;
/** EIP-7825 refuses a transaction with a higher gas limit. */
const MAX_TRANSACTION_GAS = 16_777_216n;
/** Heads at which the account's nonce must be seen past ours, without a receipt, before ours counts as lost. */
const SIGHTINGS = 3;

export interface ExecutorOptions extends Subject {
  readonly client: PublicClient;
  readonly account: LocalAccount;
  readonly journal: Journal;
  readonly fees: FeePolicy;
  readonly log: Log;
}

/** One call of `Vault.rebalance`. */
export interface RebalanceCall {
  readonly plan: Plan;
  readonly rebalanceNonce: bigint;
  /** The block the decision was made at. */
  readonly head: Head;
}

/**
 * Simulates, signs, saves, sends and watches the keeper's rebalances, one account nonce at a time.
 *
 * A transaction is in the journal, raw bytes and all, before any node sees it, so a crash at any point leaves either no
 * trace on the chain or a record of it. Its nonce is freed only by proof: a receipt, a refusal when it was sent for the
 * first time, the account's nonce standing past it, or, once it can have no effect, standing below it with a gap between.
 */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #slot = new PendingSlot();
  #sightings = 0;
  /** The block of the newest receipt. A head from a node that lags behind it would ask for the same trade again. */
  #minedAt = 0n;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** The transaction whose end is awaited, or null. */
  get pending(): Unsettled | null {
    return this.#slot.newest;
  }

  /** Takes up what an earlier process signed and did not see settled. Call it once, before anything else. */
  async resume(): Promise<void> {
    const { journal, vault, chainId, account, log } = this.#options;
    for (const attempt of await journal.unsettled({ vault, chainId, account: account.address })) {
      log.info({ hash: attempt.hash, nonce: attempt.txNonce }, "Takes up a transaction of an earlier run.");
      this.#slot.add(attempt);
    }
  }

  /**
   * Looks for the end of what is pending. One receipt is asked for each transaction of the slot, then the account's
   * nonce.
   * @returns What ended, or null while everything is open.
   */
  async settle(): Promise<Settlement | null> {
    const { client, vault, account } = this.#options;
    for (const attempt of this.#slot.attempts) {
      const receipt = await findReceipt(client, attempt.hash);
      if (receipt === null) continue;
      const outcome = outcomeOf(receipt, vault);
      const error = outcome.status === "reverted" ? await whyReverted(client, attempt, receipt) : null;
      return this.#finish({ attempt, outcome: error === null ? outcome : { ...outcome, error } }, "replaced");
    }
    const attempt = this.#slot.newest;
    if (attempt === null) return null;
    const nonce = await client.getTransactionCount({ address: account.address, blockTag: "latest" });
    this.#sightings = BigInt(nonce) > attempt.txNonce ? this.#sightings + 1 : 0;
    // One null receipt may be a node that lags behind itself.
    if (this.#sightings < SIGHTINGS) return null;
    const error = `Nonce ${String(attempt.txNonce)} was used by another transaction.`;
    return this.#finish({ attempt, outcome: { status: "superseded", error } }, "superseded");
  }

  /**
   * Whether nothing may be sent at this block: it is older than the one that mined the last transaction, and does not
   * show its effect; or a pending transaction stands in the way. That is sent again: nodes forget, and a broadcast
   * whose answer was lost may never have arrived.
   */
  async isBlocked(head: Head, rebalanceNonce: bigint): Promise<boolean> {
    if (head.number < this.#minedAt) return true;
    const attempt = this.#slot.newest;
    if (attempt === null || this.#slot.isSpent(head.timestamp, rebalanceNonce)) return false;
    // Whatever the answer: a refusal proves nothing once an earlier answer was lost, nor a nonce that is taken.
    await this.#broadcast(attempt);
    return true;
  }

  /**
   * Gas a rebalance would need at the newest block, or why the vault would refuse it.
   * Throws when the node cannot tell.
   */
  async simulate(call: RebalanceCall): Promise<{ readonly gas: bigint } | { readonly revert: Revert }> {
    const { client, account, vault } = this.#options;
    try {
      const gas = await client.request({
        method: "eth_estimateGas",
        params: [{ from: account.address, to: vault, data: encodeCall(call) }, "latest"],
      });
      return { gas: BigInt(gas) };
    } catch (error) {
      const revert = revertReason(error);
      if (revert === null) throw error;
      return { revert };
    }
  }

  /**
   * Signs and sends a rebalance. The decision and the signed bytes are in the journal before the first node sees them.
   * A slot that is spent is reused: the same nonce, with fees high enough to replace what is in it.
   * @param gas As simulated.
   * @returns The hash, or null when a node refused the transaction for good.
   */
  async send(call: RebalanceCall, decisionId: bigint, gas: bigint): Promise<Hash | null> {
    const { account, vault, chainId, journal, fees: policy, log } = this.#options;
    const nextNonce = await this.#nextNonce();
    await this.#freeUnreachable(nextNonce);
    const wanted = feesFor(call.head.baseFeePerGas, policy);
    const fees = this.#slot.fees === null ? wanted : feesToReplace(this.#slot.fees, wanted);
    const txNonce = this.#slot.txNonce ?? nextNonce;
    const limit = (gas * GAS_NUMERATOR) / GAS_DENOMINATOR;
    const raw = await account.signTransaction({
      type: "eip1559",
      chainId,
      nonce: Number(txNonce),
      to: vault,
      data: encodeCall(call),
      gas: limit < MAX_TRANSACTION_GAS ? limit : MAX_TRANSACTION_GAS,
      ...fees,
    });
    const record = {
      vault,
      chainId,
      decisionId,
      account: account.address,
      rebalanceNonce: call.rebalanceNonce,
      txNonce,
      deadline: deadlineOf(call.head),
      ...fees,
      raw,
      hash: keccak256(raw),
    };
    const id = await journal.recordSigned(record);
    const attempt: Unsettled = { ...record, id, status: "signed" };
    this.#slot.add(attempt);
    log.info({ hash: record.hash, nonce: txNonce, decision: decisionId }, "Sends a rebalance.");
    const { kind, error } = await this.#broadcast(attempt);
    if (kind !== "refused") return record.hash;
    log.error({ hash: record.hash, error }, "The node refuses the transaction.");
    await journal.recordOutcome(id, { status: "rejected", error });
    this.#slot.remove(id);
    return null;
  }

  async #broadcast(attempt: Unsettled): Promise<BroadcastReply> {
    const { client, journal, log } = this.#options;
    const reply = await broadcast(client, attempt.raw);
    if (reply.kind === "accepted" && attempt.status === "signed") {
      await journal.recordOutcome(attempt.id, { status: "sent" });
      this.#slot.markSent(attempt.id);
    }
    if (reply.kind === "unknown") {
      log.warn(
        { hash: attempt.hash, error: reply.error },
        "The node's answer to the transaction is unclear.",
      );
    }
    return reply;
  }

  /** Records how the slot ended and empties it; what shared the nonce with `settlement` can never be mined. */
  async #finish(settlement: Settlement, others: "replaced" | "superseded"): Promise<Settlement> {
    const { journal, log } = this.#options;
    const { attempt, outcome } = settlement;
    await journal.recordOutcome(attempt.id, outcome);
    for (const other of this.#slot.attempts) {
      if (other.id !== attempt.id) await journal.recordOutcome(other.id, { status: others });
    }
    this.#slot.clear();
    this.#sightings = 0;
    this.#minedAt = outcome.blockNumber ?? this.#minedAt;
    const fields = {
      hash: attempt.hash,
      status: outcome.status,
      gasUsed: outcome.gasUsed,
      block: outcome.blockNumber,
      error: outcome.error,
    };
    if (outcome.status === "confirmed") log.info(fields, "A rebalance took effect.");
    else log.error(fields, "A rebalance did not take effect.");
    return settlement;
  }

  /**
   * Empties a spent slot whose nonce lies beyond the account's next: a node counted a transaction that was dropped since,
   * and nothing after the gap can be mined. What is spent has no effect even if the gap is filled later.
   */
  async #freeUnreachable(nextNonce: bigint): Promise<void> {
    const { journal, log } = this.#options;
    const { attempts, txNonce } = this.#slot;
    if (txNonce === null || txNonce <= nextNonce) return;
    const error = `Nonce ${String(txNonce)} is beyond the account's next, ${String(nextNonce)}.`;
    for (const { id } of attempts) await journal.recordOutcome(id, { status: "rejected", error });
    this.#slot.clear();
    log.error({ nonce: txNonce, next: nextNonce }, "A nonce was out of reach and is given up.");
  }

  async #nextNonce(): Promise<bigint> {
    const { client, account } = this.#options;
    return BigInt(await client.getTransactionCount({ address: account.address, blockTag: "pending" }));
  }
}

function deadlineOf(head: Head): bigint {
  return head.timestamp + LIFETIME;
}

function encodeCall({ plan, rebalanceNonce, head }: RebalanceCall): Hex {
  return encodeFunctionData({
    abi: vaultAbi,
    functionName: "rebalance",
    args: [plan.legs, rebalanceNonce, deadlineOf(head), plan.maxLoss],
  });
}
