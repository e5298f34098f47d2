import type { Address } from "viem";

import type { Head } from "../chain/head.ts";
import type { Duties } from "../duties/duties.ts";
import type { Settlement } from "../execution/settlement.ts";
import type { Slot } from "../execution/slot.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import { rebalanceCost } from "../market/rebalanceCost.ts";
import { fromWad } from "../math/units.ts";
import type { RiskManager } from "../risk/riskManager.ts";
import type { RiskState } from "../risk/riskState.ts";
import { countingRpcWait, RpcWait } from "../rpc/waiting.ts";
import type { Controls } from "../store/controls.ts";
import type { Journal } from "../store/journal.ts";
import type { Summary } from "../store/summary.ts";
import type { Cycle, VaultKeeper } from "../vaultKeeper.ts";
import type { GainMeter } from "./gainMeter.ts";
import { lastRisk } from "./lastRisk.ts";
import type { LaneSeat } from "./laneSeat.ts";
import type { Observer } from "./observer.ts";
import { pendingStatus } from "./pendingStatus.ts";
import { ShadowWatch } from "./shadowWatch.ts";
import type { VaultMode, VaultStatus } from "./status.ts";

export interface VaultSeatOptions {
  readonly name: string;
  readonly keeper: VaultKeeper;
  /** In whose name it trades; of a shadow that of the keeper it watches. */
  readonly account: Address;
  /** Null for a shadow, which never sends. */
  readonly seat: LaneSeat | null;
  readonly journal: Journal;
  readonly log: Log;
  readonly strategy: string;
  /** ETH. */
  readonly deltaLimit: number;
  /** Wei offered with its rebalances. */
  readonly priorityFeePerGas: bigint;
  /** The code that runs: an activation holds for one. */
  readonly build: string;
  /** Whether the vault can be kept at all. Throws what is missing. */
  readonly check: () => Promise<void>;
  /** Null where the rule has no risk aversion to measure gains with. */
  readonly gains: GainMeter | null;
  /** What is done beside hedging; null for nothing. */
  readonly duties: Duties | null;
  readonly observer: Observer;
  /** That of the keeper; null where it has none. */
  readonly risk?: RiskManager | null;
}

/** A block for a vault to decide at. */
export interface Offer {
  readonly head: Head;
  /** Milliseconds of `performance.now()` at which this process learnt of it. */
  readonly seenAt: number;
  /** Seconds that were spent waiting on RPC since. */
  readonly rpcSeconds: number;
}

const USDC = 1e6;
const NO_GAINS = { expected: 0, realised: 0, cost: 0, error: null, count: 0, open: 0 };

/**
 * One vault in this process. It takes the newest block whenever it is done with an earlier one, so that a vault that is slow or
 * fails holds up no other.
 */
export class VaultSeat {
  readonly #options: VaultSeatOptions;
  readonly #shadow = new ShadowWatch();
  #isChecked = false;
  #controls: Controls = { activation: null, pause: null };
  #waiting: Offer | null = null;
  #working: Promise<void> | null = null;
  #cycle: Cycle | null = null;
  #head: { readonly head: Head; readonly at: number } | null = null;
  #last: VaultStatus["lastDecision"] = null;
  /** ETH: the delta limit of the last decision. */
  #limit: number | null = null;
  #dueSince: number | null = null;
  #fallback: VaultStatus["lastFallback"] = null;
  #failures = 0;
  #lastError: string | null = null;
  #counts: Omit<Summary, "holds" | "gasUsed"> = {
    ...{ decisions: 0, rebalances: 0, blocked: 0, reverted: 0, gasUsd: 0, lastRebalanceGas: null },
  };

  constructor(options: VaultSeatOptions) {
    this.#options = options;
  }

  get subject(): VaultKeeper["subject"] {
    return this.#options.keeper.subject;
  }

  /** Wei that a rebalance would cost at a base fee, also before one was simulated: inside its band a vault may not need to for days. */
  rebalanceCost(baseFeePerGas: bigint): bigint {
    const { keeper, priorityFeePerGas } = this.#options;
    const known = { simulated: keeper.gasUnits, mined: this.#counts.lastRebalanceGas };
    return rebalanceCost(known, { baseFeePerGas, priorityFeePerGas });
  }

  /** A shadow has made no rebalance, and those it would find in a store that it shares are another's. */
  get #gains(): GainMeter | null {
    return this.#options.seat === null ? null : this.#options.gains;
  }

  /** Whether it sends through the lane. */
  isOn(lane: LaneSeat): boolean {
    return this.#options.seat === lane;
  }

  /** What operators have said; holds from the next block on. */
  set controls(controls: Controls) {
    this.#controls = controls;
  }

  get mode(): VaultMode {
    const { seat, build } = this.#options;
    const { activation, pause } = this.#controls;
    if (seat === null) return "shadow";
    if (!seat.isHeld) return "standby";
    if (pause !== null) return "paused";
    return activation?.build === build && activation.account === seat.account ? "live" : "dry";
  }

  /** Checks that the vault can be kept, and reads what the journal has of it. Throws what is missing. */
  async start(): Promise<void> {
    if (this.#isChecked) return;
    await this.#options.check();
    // In a store that it shares a shadow would find another's.
    const { seat, journal, risk } = this.#options;
    if (seat !== null) {
      this.#counts = await journal.summary(this.subject.vault, this.subject.chainId);
      risk?.restore(await lastRisk(journal, this.subject));
    }
    await this.#gains?.resume();
    this.#isChecked = true;
  }

  /** Hands it a block; one that comes while it is busy waits, and gives way to a newer. */
  offer(offer: Offer): void {
    this.#waiting = offer;
    this.#working ??= this.#work();
  }

  /** Waits until it has nothing left to do. */
  async rest(): Promise<void> {
    await this.#working;
    await this.#options.duties?.rest();
  }

  /** Notes how a transaction of the vault ended, or that a reorg took its end back. */
  async onSettled(settlement: Settlement): Promise<void> {
    const { attempt, outcome } = settlement;
    const { journal, duties } = this.#options;
    const { vault, chainId } = this.subject;
    const price = this.#cycle === null ? 0 : fromWad(this.#cycle.snapshot.price);
    if (attempt.kind === "rebalance" && outcome.status === "confirmed") this.#dueSince = null;
    if (this.#head !== null && outcome.status !== "sent")
      duties?.onSettled(settlement, Number(this.#head.head.timestamp));
    try {
      await this.#gains?.onSettled(settlement, price);
      // Not added up here: a reorg may end one a second time, or in another way, also one of an earlier process.
      const { rebalances, reverted, gasUsd, lastRebalanceGas } = await journal.attempts(vault, chainId);
      this.#counts = { ...this.#counts, rebalances, reverted, gasUsd, lastRebalanceGas };
    } catch (error) {
      // The journal has it: all of it is read again at the next block.
      this.#isChecked = false;
      throw error;
    }
  }

  status(now: number): VaultStatus {
    const { name, account, seat, strategy, deltaLimit, risk } = this.#options;
    const { vault, chainId } = this.subject;
    const snapshot = this.#cycle?.snapshot ?? null;
    const slot = seat?.lane?.slotOf(vault) ?? null;
    const distances = snapshot?.venues.filter((venue) => venue.marginTrigger > 0n) ?? [];
    return {
      ...{ name, chainId, vault, mode: this.mode, strategy },
      account,
      head:
        this.#head === null
          ? null
          : {
              number: this.#head.head.number,
              timestamp: Number(this.#head.head.timestamp),
              age: now - this.#head.at,
            },
      lastDecision: this.#last,
      dueSince: this.#dueSince,
      ...this.#counts,
      failures: this.#failures,
      lastError: this.#lastError,
      pending: slot === null ? null : pendingStatus(slot),
      lastFallback: this.#lastFallback(slot),
      limit: deltaLimit,
      risk: riskStatus(risk?.state ?? null, this.#limit ?? deltaLimit),
      price: snapshot === null || snapshot.price === 0n ? null : fromWad(snapshot.price),
      oracle:
        snapshot === null
          ? null
          : {
              fresh: snapshot.fresh,
              open: snapshot.open,
              updatedAt: Number(snapshot.priceUpdatedAt),
            },
      nav: snapshot === null ? null : Number(snapshot.nav) / USDC,
      margin:
        distances.length === 0
          ? null
          : Math.min(...distances.map((venue) => fromWad(venue.liquidationDistance))),
      gains: this.#gains?.sums ?? NO_GAINS,
    };
  }

  #lastFallback(slot: Slot | null): VaultStatus["lastFallback"] {
    if (slot?.publicAt != null && slot.newest !== null)
      this.#fallback = { at: Number(slot.publicAt), hash: slot.newest.hash };
    return this.#fallback;
  }

  async #work(): Promise<void> {
    while (this.#waiting !== null) {
      const offer = this.#waiting;
      this.#waiting = null;
      await this.#take(offer);
    }
    this.#working = null;
  }

  async #take({ head, seenAt, rpcSeconds }: Offer): Promise<void> {
    const { keeper, seat, duties, log, observer } = this.#options;
    const { mode } = this;
    const waited = new RpcWait();
    const onAccepted = () => {
      const seconds = (performance.now() - seenAt) / 1000;
      const { chainId } = this.subject;
      observer.broadcast({ chainId, seconds, rpcSeconds: rpcSeconds + waited.seconds });
    };
    // Whoever has the lane decides; and nothing is decided that could contradict what the journal holds.
    if (mode === "standby" || (seat !== null && seat.lane === null)) {
      // What is known of the vault is another's from here on.
      if (mode === "standby") this.#isChecked = false;
      return;
    }
    try {
      await this.start();
      const leave = { mode, lane: seat?.lane ?? null, onAccepted };
      const cycle = await countingRpcWait(waited, () => keeper.onBlock(head, leave));
      this.#note(cycle, head);
      await this.#measure(cycle, head);
      if (mode === "shadow") this.#compare(cycle, head);
      if (mode === "live" && seat?.lane != null) duties?.offer({ head, cycle, lane: seat.lane });
      this.#failures = 0;
      this.#lastError = null;
    } catch (error) {
      this.#failures += 1;
      this.#lastError = describeError(error);
      const { vault } = this.subject;
      log.error({ vault, block: head.number, error: this.#lastError }, "A block could not be handled.");
    }
  }

  #compare(cycle: Cycle, head: Head): void {
    const comparison = this.#shadow.observe(cycle);
    if (comparison === null) return;
    const { vault } = this.subject;
    this.#options.log.info({ vault, block: head.number, ...comparison }, "The other keeper traded.");
  }

  async #measure({ input, decision }: Cycle, head: Head): Promise<void> {
    if (input === null || decision === null) return;
    const { observer, name, keeper } = this.#options;
    observer.decided({ chainId: keeper.subject.chainId, vault: name, decision });
    await this.#gains?.observe({ block: head.number, input, decision });
  }

  #note(cycle: Cycle, head: Head): void {
    this.#cycle = cycle;
    this.#head = { head, at: Date.now() / 1000 };
    const { input, decision, blocked } = cycle;
    if (decision === null) return;
    this.#limit = input?.limits.delta ?? null;
    const { action, reason, drift, band } = decision;
    const at = Number(head.timestamp);
    this.#last = { at, block: head.number, action, reason, drift, band };
    // By this machine's clock, as whoever is alerted: the chain's may be another.
    this.#dueSince = action === "hold" ? null : (this.#dueSince ?? Date.now() / 1000);
    const { decisions, blocked: before } = this.#counts;
    this.#counts = { ...this.#counts, decisions: decisions + 1, blocked: before + Number(blocked !== null) };
  }
}

function riskStatus(state: RiskState | null, limit: number): VaultStatus["risk"] {
  if (state === null) return null;
  const { level, since, why } = state;
  return { level, since, why, limit };
}
