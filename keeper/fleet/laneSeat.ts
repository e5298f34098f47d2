import type { Address, PublicClient } from "viem";

import type { Head } from "../chain/head.ts";
import type { Reorg } from "../chain/headTracker.ts";
import { NonceLane, type LaneOptions } from "../execution/lane.ts";
import type { Settlement } from "../execution/settlement.ts";
import { describeError } from "../log/describeError.ts";
import type { Database } from "../store/database.ts";
import { acquireLease, LeaseLostError, type Lease } from "../store/leases.ts";
import { pendingStatus } from "./pendingStatus.ts";
import type { LaneStatus } from "./status.ts";

export interface LaneSeatOptions extends Omit<LaneOptions, "lease"> {
  readonly database: Database;
  /** Names this process, and no other that ever lived. */
  readonly holder: string;
  /** Seconds without a heartbeat after which another process may take the lane. */
  readonly leaseTime: number;
}

/** Tries to take the lane in the time of a lease: what a takeover adds to it. */
const TRIES = 3;
/** Heads between looks at the account's balance. */
const BALANCE_EVERY = 10;

/**
 * The place of one account on one chain in this process: empty while another process has the lane, and filled with a lane of
 * its own, made from the journal, as soon as it is this one's turn.
 */
export class LaneSeat {
  readonly #options: LaneSeatOptions;
  #lease: Lease | null = null;
  #lane: NonceLane | null = null;
  #triedAt = -Infinity;
  #isRefused = false;
  #balance: bigint | null = null;
  #headsSinceBalance = BALANCE_EVERY;
  #lastError: string | null = null;

  constructor(options: LaneSeatOptions) {
    this.#options = options;
  }

  get account(): Address {
    return this.#options.signer.address;
  }

  get chainId(): number {
    return this.#options.chainId;
  }

  /** What a process takes the lane by. */
  get leaseKey(): string {
    return `${String(this.chainId)}:${this.account}`;
  }

  /** The lane, while this process has it and journal and chain agree. */
  get lane(): NonceLane | null {
    return this.#lease?.isHeld() === true && this.#lane?.nextNonce !== null ? this.#lane : null;
  }

  /** Whether this process has the lane, reconciled or not. */
  get isHeld(): boolean {
    return this.#lease?.isHeld() === true;
  }

  /** Whether another process had the lane when this one last asked for it. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Takes the lane where it is free, and looks after what it has pending. Never throws. @returns What ended. */
  async onHead(head: Head, reorg: Reorg | null, finalized: bigint): Promise<Settlement[]> {
    const ended: Settlement[] = [];
    try {
      await this.#take();
      if (this.#lane === null) return ended;
      ended.push(...(await this.#lane.onHead(head, reorg)));
      await this.#lane.finalize(finalized);
      await this.#readBalance(this.#options.client);
      this.#lastError = null;
    } catch (error) {
      // Given back, too: after a jump of the clock it is not lost, and its heartbeats would keep everybody from it, this process included.
      if (error instanceof LeaseLostError) void this.release();
      this.#lastError = describeError(error);
      const { chainId, log } = this.#options;
      log.error(
        { chainId, account: this.account, error: this.#lastError },
        "A lane could not be looked after.",
      );
    }
    return ended;
  }

  /** Gives the lane back, so that the next process need not wait for it. */
  async release(): Promise<void> {
    const lease = this.#lease;
    this.#leave();
    await lease?.release();
  }

  status(rebalanceCost: bigint | null): LaneStatus {
    const pending = this.#lane?.pending ?? [];
    return {
      chainId: this.chainId,
      account: this.account,
      balance: this.#balance,
      rebalanceCost,
      nextNonce: this.#lane?.nextNonce ?? null,
      pending: pending.length,
      transactions: pending.map(pendingStatus).filter((shown) => shown !== null),
      lease: this.isHeld ? "held" : "standby",
      reconciled: this.lane !== null,
    };
  }

  async #take(): Promise<void> {
    if (this.#lease !== null && !this.#lease.lost.aborted) return;
    this.#leave();
    const { database, holder, leaseTime: ttl, log, chainId } = this.#options;
    const now = performance.now();
    if (now - this.#triedAt < (ttl * 1000) / TRIES) return;
    this.#triedAt = now;
    this.#lease = await acquireLease(database, { key: this.leaseKey, holder, ttl, log });
    this.#isRefused = this.#lease === null;
    if (this.#lease === null) return;
    log.info({ chainId, account: this.account, token: this.#lease.token }, "Has the lane.");
    this.#lane = new NonceLane({ ...this.#options, lease: this.#lease });
  }

  #leave(): void {
    this.#lease = null;
    this.#lane = null;
  }

  async #readBalance(client: PublicClient): Promise<void> {
    this.#headsSinceBalance += 1;
    if (this.#headsSinceBalance < BALANCE_EVERY) return;
    this.#balance = await client.getBalance({ address: this.account });
    this.#headsSinceBalance = 0;
  }
}
