import type { Address, Hash, PublicClient } from "viem";

import type { Head } from "./chain/head.ts";
import { createSnapshotReader, driftOf, type Snapshot } from "./chain/snapshot.ts";
import type { Deployment } from "./config/deployment.ts";
import type { FeePolicy } from "./execution/fees.ts";
import { gasLimitOf, type NonceLane } from "./execution/lane.ts";
import { isOpen, isStuck } from "./execution/openSlot.ts";
import { planLegs, withoutOpening, type Plan } from "./execution/planLegs.ts";
import { encodeRebalance, LIFETIME, simulate } from "./execution/rebalanceCall.ts";
import type { Slot } from "./execution/slot.ts";
import type { VaultMode } from "./fleet/status.ts";
import type { Log } from "./log/logger.ts";
import { CheckInterval } from "./market/checkInterval.ts";
import { decisionInput } from "./market/decisionInput.ts";
import { gasCost } from "./market/gasCost.ts";
import { fromWad, toWad } from "./math/units.ts";
import type { RiskManager } from "./risk/riskManager.ts";
import { putsMarginFirst, type RecordedInput } from "./risk/riskRecord.ts";
import type { Journal, Subject } from "./store/journal.ts";
import { deltaLimit } from "./strategy/deltaLimit.ts";
import { gasCeiling } from "./strategy/gasCeiling.ts";
import { isNearEdge, landingTrade } from "./strategy/nearEdge.ts";
import type { Decision, DecisionReason, Strategy } from "./strategy/types.ts";

export interface VaultKeeperOptions {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  /** In whose name rebalances are simulated. */
  readonly account: Address;
  readonly strategy: Strategy;
  readonly journal: Pick<Journal, "recordDecision" | "recordBlocked">;
  readonly log: Log;
  readonly limits: {
    /** ETH: |drift| at which to act whatever it costs. */
    readonly delta: number;
    /** ETH per USD, and USD per 1.00 of volatility: what of the book tightens that. */
    readonly gamma?: number | undefined;
    readonly vega?: number | undefined;
    /** USD: what the gas of one transaction may cost at most, whatever it is worth. */
    readonly gasUsd: number;
  };
  readonly fees: FeePolicy;
  /** Seconds between decisions, assumed until the first few have shown it. */
  readonly checkInterval: number;
  /** Tightens the limits while the market or the vault is not as usual; nobody does where there is none. */
  readonly risk?: RiskManager | null;
}

/** What one block brought. */
export interface Cycle {
  readonly snapshot: Snapshot;
  /** Null while a transaction is pending, at a block older than its receipt, and while the oracle has no price. */
  readonly decision: Decision | null;
  readonly input: RecordedInput | null;
  /** The transaction this block's decision led to. */
  readonly sent: Hash | null;
  /** Why a decision to trade was not sent. */
  readonly blocked: string | null;
}

/** What a vault's keeper may do at a block. */
export interface Leave {
  readonly mode: VaultMode;
  /** Null where nothing may be sent. */
  readonly lane: NonceLane | null;
  /** Called as a node takes the transaction that the block led to. */
  readonly onAccepted?: () => void;
}

/** Seconds for which an estimate of gas units is good enough for a decision near the band. */
const GAS_UNITS_AGE = 3600;
/** A trade that a new estimate changes by less than this part keeps the simulation it has. */
const SAME_TRADE = 0.01;
/** A pending trade that differs from what is wanted now by less than this part is left as it is. */
const SIMILAR_TRADE = 0.1;
/** Times a decision is made again because its simulation changed the cost of gas. */
const ROUNDS = 3;
/** Seconds after which a decision like the last is logged again. */
const LOG_EVERY = 600n;

/** Watches one vault: decides at every block, records every decision, and sends the rebalances that are worth it. */
export class VaultKeeper {
  readonly #options: VaultKeeperOptions;
  readonly subject: Subject;
  readonly #readSnapshot: (blockHash: Hash) => Promise<Snapshot>;
  readonly #interval: CheckInterval;
  /** The last estimate of what a rebalance needs, and the time of the last try to make one. */
  #gasUnits: bigint | null = null;
  #gasUnitsAt = -Infinity;
  /** What was sent last: tells whether a pending transaction is still what is wanted. */
  #sent: { readonly hash: Hash; readonly trade: number } | null = null;
  #lastLogged: { readonly reason: DecisionReason | null; readonly timestamp: bigint } = {
    reason: null,
    timestamp: 0n,
  };

  constructor(options: VaultKeeperOptions) {
    const { client, deployment } = options;
    const { Vault: vault, Lens } = deployment.contracts;
    this.#options = options;
    this.subject = { vault, chainId: deployment.chainId };
    this.#readSnapshot = createSnapshotReader(client, Lens, vault);
    this.#interval = new CheckInterval(options.checkInterval);
  }

  /** What a rebalance takes, as last estimated; null until one was. */
  get gasUnits(): bigint | null {
    return this.#gasUnits;
  }

  /** One whole cycle at a block. Blocks are taken one at a time; throws what RPC or journal throw. */
  async onBlock(head: Head, leave: Leave): Promise<Cycle> {
    const { lane } = leave;
    const snapshot = await this.#readSnapshot(head.hash);
    const idle = { snapshot, decision: null, input: null, sent: null, blocked: null };
    if (lane?.isBehind(this.subject.vault, head)) return idle;
    const slot = lane?.slotOf(this.subject.vault) ?? null;
    // A pause stops duties too, also of an earlier process that had others.
    const duty = lane?.slotOf(this.subject.vault, "duty") ?? null;
    for (const pending of leave.mode === "paused" ? [slot, duty] : [])
      if (pending !== null) await lane!.cancel(pending, head);
    if (slot !== null && !isOpen(slot, head, snapshot)) return idle;
    if (snapshot.price === 0n || snapshot.poolLiquidity === 0n) {
      this.#options.risk?.missed();
      this.#options.log.warn(
        { ...this.#about(head) },
        "No decision: the oracle has no price or the pool no liquidity.",
      );
      return idle;
    }

    const checkInterval = this.#interval.observe(Number(snapshot.timestamp));
    const { limits } = this.#options;
    const own = decisionInput(snapshot, {
      ...{ gasUsd: 0, checkInterval },
      ...{ deltaLimit: limits.delta, gammaLimit: limits.gamma, vegaLimit: limits.vega },
    });
    const assessed: RecordedInput = this.#options.risk?.assess(own, snapshot) ?? own;
    const decide: Decide = (gas) => {
      const gasUsd = this.#gasUsd(gas ?? this.#gasUnits ?? 0n, head, snapshot);
      const input = { ...assessed, gasUsd };
      return { input, decision: this.#options.strategy.decide(input) };
    };

    if (this.#gasUnits === null && snapshot.due)
      await this.#estimateGas(-fromWad(driftOf(snapshot)), head, snapshot);
    let made = decide();
    if (made.decision.action === "hold" && isNearEdge(made.decision)) {
      if (await this.#estimateGas(landingTrade(made.decision), head, snapshot)) made = decide();
    }
    const acted =
      made.decision.action === "hold" ? null : await this.#act(made, decide, head, snapshot, leave);
    const final = { ...made, sent: null, blocked: null, ...acted };
    if (acted === null) await this.#record(made, head, leave);
    // What is wanted but does not go out holds the nonce no less than what is not wanted.
    const takesItsPlace = final.decision.action !== "hold" && final.blocked === null;
    if (slot !== null && !takesItsPlace) await this.#unwanted(slot, head, snapshot, lane!);
    return { snapshot, ...final };
  }

  /** What is pending while nothing takes its place: left alone where it is only slow, taken back where nothing stands for it any more. */
  async #unwanted(slot: Slot, head: Head, snapshot: Snapshot, lane: NonceLane): Promise<void> {
    if (slot.isOrphaned || slot.isSpent(head.timestamp, snapshot.rebalanceNonce))
      await lane.cancel(slot, head);
  }

  /** Simulates, decides again with what gas really costs, and sends, or records why not. */
  async #act(first: Made, decide: Decide, head: Head, snapshot: Snapshot, leave: Leave): Promise<Acted> {
    let made = first;
    for (let round = 1; ; round += 1) {
      const forbidden = this.#forbidden(made, head);
      const simulated = forbidden ?? (await this.#simulate(planOf(made, snapshot), head, snapshot));
      if (typeof simulated === "string") return this.#block(made, simulated, head, snapshot, leave);
      this.#noteGas(simulated.gas, head);
      const again = decide();
      if (again.decision.action === "hold") {
        await this.#record(again, head, leave);
        return { ...again, sent: null, blocked: null };
      }
      const change = Math.abs(again.decision.trade - made.decision.trade);
      made = again;
      if (change > SAME_TRADE * Math.abs(again.decision.trade) && round < ROUNDS) continue;
      // It is signed for more gas than it should take, and that must be worth it too.
      const dearest = decide(gasLimitOf(this.#gasUnits!));
      if (dearest.decision.action === "hold") {
        await this.#record(dearest, head, leave);
        return { ...dearest, sent: null, blocked: null };
      }
      const tooDear = this.#tooDear(dearest.input);
      if (tooDear !== null) return this.#block(again, tooDear, head, snapshot, leave);
      const plan = planOf(again, snapshot);
      return this.#send(
        again,
        this.#worth(dearest.input),
        simulated.closesOnly ? (withoutOpening(plan, snapshot) ?? plan) : plan,
        head,
        snapshot,
        leave,
      );
    }
  }

  /** @param worth Wei, of all the gas that it may take. */
  async #send(
    made: Made,
    worth: bigint,
    plan: Plan,
    head: Head,
    snapshot: Snapshot,
    leave: Leave,
  ): Promise<Acted> {
    const { lane } = leave;
    const { decision } = made;
    const { vault } = this.subject;
    if (lane === null || leave.mode !== "live") {
      await this.#record(made, head, leave);
      return { ...made, sent: null, blocked: `The keeper is in mode ${leave.mode}.` };
    }
    const slot = lane.slotOf(vault);
    if (slot !== null && this.#isStillGood(slot, decision, head, snapshot)) {
      slot.isOrphaned = false;
      await this.#record(made, head, leave);
      return { ...made, sent: null, blocked: null };
    }
    const decisionId = await this.#record(made, head, leave);
    const { rebalanceNonce } = snapshot;
    const deadline = head.timestamp + LIFETIME;
    const gas = this.#gasUnits!;
    const result = await lane.send({
      ...{ vault, to: vault, kind: "rebalance", decisionId, rebalanceNonce, deadline, head, gas },
      data: encodeRebalance({ plan, rebalanceNonce, deadline }),
      fees: this.#options.fees,
      worth,
      onAccepted: leave.onAccepted,
    });
    if ("refused" in result) return { ...made, sent: null, blocked: result.refused };
    this.#sent = { hash: result.hash, trade: decision.trade };
    return { ...made, sent: result.hash, blocked: null };
  }

  /** Whether a transaction whose block was reorged out does what this decision wants, and can still be mined. */
  #isStillGood(slot: Slot, { trade }: Decision, head: Head, { rebalanceNonce }: Snapshot): boolean {
    const { newest } = slot;
    return (
      newest !== null &&
      newest.hash === this.#sent?.hash &&
      Math.abs(trade - this.#sent.trade) <= SIMILAR_TRADE * Math.abs(trade) &&
      !slot.isSpent(head.timestamp, rebalanceNonce) &&
      !isStuck(slot, head)
    );
  }

  /** Wei that gas is worth to this decision. */
  #worth(input: RecordedInput): bigint {
    const usd = gasCeiling(this.#options.strategy, input, this.#options.limits.gasUsd);
    return toWad(usd / input.spot);
  }

  /** Gas of a plan; or, where its opening leg makes the vault refuse it, of its closing leg; or the refusal. */
  async #simulate(
    plan: Plan,
    head: Head,
    snapshot: Snapshot,
  ): Promise<{ readonly gas: bigint; readonly closesOnly: boolean } | string> {
    if (plan.legs.length === 0) return "The trade is too small to have a leg.";
    const whole = await this.#ask(plan, head, snapshot);
    if ("gas" in whole) return { gas: whole.gas, closesOnly: false };
    const closing = withoutOpening(plan, snapshot);
    if (closing !== null) {
      const part = await this.#ask(closing, head, snapshot);
      if ("gas" in part) return { gas: part.gas, closesOnly: true };
    }
    return whole.revert.text;
  }

  #ask(plan: Plan, head: Head, { rebalanceNonce }: Snapshot): ReturnType<typeof simulate> {
    const { client, account } = this.#options;
    const data = encodeRebalance({ plan, rebalanceNonce, deadline: head.timestamp + LIFETIME });
    return simulate(client, { from: account, to: this.subject.vault, data });
  }

  /** Tries to learn the gas of a trade, at most once in {@link GAS_UNITS_AGE}. @returns Whether it did. */
  async #estimateGas(trade: number, head: Head, snapshot: Snapshot): Promise<boolean> {
    if (Number(head.timestamp) - this.#gasUnitsAt < GAS_UNITS_AGE) return false;
    this.#gasUnitsAt = Number(head.timestamp);
    const simulated = await this.#simulate(planLegs(trade, snapshot), head, snapshot);
    if (typeof simulated === "string") return false;
    this.#noteGas(simulated.gas, head);
    return true;
  }

  #noteGas(gas: bigint, head: Head): void {
    this.#gasUnits = gas;
    this.#gasUnitsAt = Number(head.timestamp);
  }

  /**
   * Until a simulation has succeeded gas counts as free: what is held then would be held at any price of gas, and
   * what is not is simulated before it is sent.
   */
  #gasUsd(gas: bigint, { baseFeePerGas }: Head, { price }: Snapshot): number {
    const { priorityFeePerGas } = this.#options.fees;
    return gasCost(gas, { baseFeePerGas, priorityFeePerGas }, fromWad(price));
  }

  /**
   * The operator's cap on the base fee, which only the operator's own limit and a margin call pass, whatever else asks for the trade: one
   * that the risk manager has tightened does not.
   */
  #forbidden({ input, decision }: Made, head: Head): string | null {
    const cap = this.#options.fees.maxBaseFeePerGas;
    if (cap === null || head.baseFeePerGas <= cap) return null;
    const own = { ...input, limits: { ...input.limits, delta: this.#options.limits.delta } };
    if (decision.reason === "margin" || Math.abs(decision.drift) >= deltaLimit(own).delta) return null;
    return `The base fee ${String(head.baseFeePerGas)} is above the cap ${String(cap)}.`;
  }

  /** What the gas of one transaction may cost, whatever it is worth. */
  #tooDear({ gasUsd }: RecordedInput): string | null {
    const most = this.#options.limits.gasUsd;
    if (gasUsd <= most) return null;
    return `Its gas may cost ${gasUsd.toFixed(2)} USD, more than limits.gasUsd, ${String(most)}.`;
  }

  async #block(made: Made, error: string, head: Head, snapshot: Snapshot, leave: Leave): Promise<Acted> {
    const { journal, account, log } = this.#options;
    const decisionId = await this.#record(made, head, leave);
    await journal.recordBlocked({
      ...this.subject,
      decisionId,
      account,
      rebalanceNonce: snapshot.rebalanceNonce,
      error,
    });
    log.warn({ ...this.#about(head), reason: made.decision.reason, error }, "A rebalance is blocked.");
    return { ...made, sent: null, blocked: error };
  }

  /** At every change of mind, and now and then to show that the keeper is awake; the journal has them all. */
  #logDecision({ action, reason, drift, band }: Decision, head: Head): void {
    const { timestamp } = head;
    const fields = { ...this.#about(head), action, reason, drift, b: band?.b, gasUnits: this.#gasUnits };
    const isNews = reason !== this.#lastLogged.reason || timestamp >= this.#lastLogged.timestamp + LOG_EVERY;
    if (isNews) this.#lastLogged = { reason, timestamp };
    this.#options.log[isNews ? "info" : "debug"](fields, "Decided.");
  }

  #about({ number }: Head) {
    return { vault: this.subject.vault, block: number };
  }

  async #record({ input, decision }: Made, head: Head, { mode }: Leave): Promise<bigint> {
    const { journal, strategy } = this.#options;
    this.#logDecision(decision, head);
    const { number, hash, timestamp } = head;
    const block = { number, hash, timestamp };
    const { name, params } = strategy;
    const id = await journal.recordDecision({
      ...{ ...this.subject, block, strategy: name, params, input, decision },
      mode: mode === "live" || mode === "shadow" ? mode : "dry",
    });
    if (input.risk !== undefined) this.#options.risk?.commit(input.risk, this.#about(head));
    return id;
  }
}

/** Decides at the cost of so much gas; of what was simulated last where none is given. */
type Decide = (gas?: bigint) => Made;

interface Made {
  readonly input: RecordedInput;
  readonly decision: Decision;
}

type Acted = Pick<Cycle, "input" | "sent" | "blocked"> & { readonly decision: Decision };

function planOf({ decision: { trade, reason }, input }: Made, snapshot: Snapshot): Plan {
  return planLegs(trade, snapshot, reason === "margin" || putsMarginFirst(input));
}
