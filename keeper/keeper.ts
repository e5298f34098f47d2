import type { Hash, LocalAccount, PublicClient } from "viem";

import { watchHeads, type Head } from "./chain/head.ts";
import { createSnapshotReader, driftOf, type Snapshot } from "./chain/snapshot.ts";
import type { Deployment } from "./config/deployment.ts";
import { Executor, type RebalanceCall } from "./execution/executor.ts";
import type { FeePolicy } from "./execution/fees.ts";
import { planLegs, withoutOpening, type Plan } from "./execution/planLegs.ts";
import type { Settlement } from "./execution/settlement.ts";
import { describeError } from "./log/describeError.ts";
import type { Log } from "./log/logger.ts";
import { CheckInterval } from "./market/checkInterval.ts";
import { decisionInput } from "./market/decisionInput.ts";
import { gasCost } from "./market/gasCost.ts";
import { fromWad } from "./math/units.ts";
import type { Journal, Subject } from "./store/journal.ts";
import type { Decision, DecisionInput, DecisionReason, Strategy } from "./strategy/types.ts";

export interface KeeperOptions {
  readonly client: PublicClient;
  readonly account: LocalAccount;
  readonly deployment: Deployment;
  readonly strategy: Strategy;
  readonly journal: Journal;
  readonly log: Log;
  /** ETH: |drift| at which to act whatever it costs. */
  readonly deltaLimit: number;
  readonly fees: FeePolicy;
  /** Seconds between decisions, assumed until the first few have shown it. */
  readonly checkInterval: number;
}

/** What one block brought. */
export interface Cycle {
  readonly snapshot: Snapshot;
  /** The end of an earlier transaction that this block showed. */
  readonly settled: Settlement | null;
  /** Null while a transaction is pending, at a block older than its receipt, and while the oracle has no price. */
  readonly decision: Decision | null;
  readonly input: DecisionInput | null;
  /** The transaction this block's decision led to. */
  readonly sent: Hash | null;
  /** Why a decision to trade was not sent. */
  readonly blocked: string | null;
}

export interface RunOptions {
  /** Seconds between looks at the head. */
  readonly pollInterval: number;
  readonly signal: AbortSignal;
}

/** Watches one vault: decides at every block, records every decision, and sends the rebalances that are worth it. */
export interface Keeper {
  /** One whole cycle at a block. Blocks are taken one at a time; throws what RPC or journal throw. */
  onBlock(head: Head): Promise<Cycle>;
  /** Looks for the end of the pending transaction, without a decision. @returns Null while there is none. */
  settle(): Promise<Settlement | null>;
  /** Looks after the pending transaction, without a decision. @returns Whether there is one that can take effect. */
  isAwaiting(head: Head): Promise<boolean>;
  /** Follows the chain until the signal aborts. A cycle that fails is logged, and the next block tries again. */
  run(options: RunOptions): Promise<void>;
}

/** Within this part of the band a decision is worth a fresh look at gas. */
const NEAR = 0.9;
/** Seconds for which an estimate of gas units is good enough for a decision near the band. */
const GAS_UNITS_AGE = 3600;
/** A trade that a new estimate changes by less than this part keeps the simulation it has. */
const SAME_TRADE = 0.01;
/** Times a decision is made again because its simulation changed the cost of gas. */
const ROUNDS = 3;
/** Seconds after which a decision like the last is logged again. */
const LOG_EVERY = 600n;

/** Builds a keeper and takes up what an earlier run left open. */
export async function createKeeper(options: KeeperOptions): Promise<Keeper> {
  const keeper = new VaultKeeper(options);
  await keeper.resume();
  return keeper;
}

class VaultKeeper implements Keeper {
  readonly #options: KeeperOptions;
  readonly #subject: Subject;
  readonly #readSnapshot: (blockHash: Hash) => Promise<Snapshot>;
  readonly #executor: Executor;
  readonly #interval: CheckInterval;
  /** The last estimate of what a rebalance needs, and the time of the last try to make one. */
  #gasUnits: bigint | null = null;
  #gasUnitsAt = -Infinity;
  #busy = false;
  #lastLogged: { readonly reason: DecisionReason | null; readonly timestamp: bigint } = {
    reason: null,
    timestamp: 0n,
  };

  constructor(options: KeeperOptions) {
    const { client, account, deployment, journal, fees, log } = options;
    const { Vault: vault, Lens } = deployment.contracts;
    this.#options = options;
    this.#subject = { vault, chainId: deployment.chainId };
    this.#readSnapshot = createSnapshotReader(client, Lens, vault);
    this.#executor = new Executor({ ...this.#subject, client, account, journal, fees, log });
    this.#interval = new CheckInterval(options.checkInterval);
  }

  async resume(): Promise<void> {
    await this.#executor.resume();
  }

  async onBlock(head: Head): Promise<Cycle> {
    if (this.#busy) throw new Error("The keeper is still busy with an earlier block.");
    this.#busy = true;
    try {
      return await this.#cycle(head);
    } finally {
      this.#busy = false;
    }
  }

  async settle(): Promise<Settlement | null> {
    return this.#executor.settle();
  }

  async isAwaiting(head: Head): Promise<boolean> {
    const executor = this.#executor;
    if ((await executor.settle()) !== null || executor.pending === null) return false;
    const { hash, rebalanceNonce } = executor.pending;
    const awaits = await executor.isBlocked(head, rebalanceNonce);
    if (!awaits) this.#options.log.warn({ hash }, "A rebalance was not mined by its deadline.");
    return awaits;
  }

  async run({ pollInterval, signal }: RunOptions): Promise<void> {
    const { client, log } = this.#options;
    for await (const head of watchHeads(client, { pollInterval, signal, log })) {
      try {
        await this.onBlock(head);
      } catch (error) {
        log.error({ block: head.number, error: describeError(error) }, "A block could not be handled.");
      }
    }
  }

  async #cycle(head: Head): Promise<Cycle> {
    const settled = this.#executor.pending === null ? null : await this.#executor.settle();
    const snapshot = await this.#readSnapshot(head.hash);
    const idle = { snapshot, settled, decision: null, input: null, sent: null, blocked: null };
    if (await this.#executor.isBlocked(head, snapshot.rebalanceNonce)) return idle;
    if (snapshot.price === 0n || snapshot.poolLiquidity === 0n) {
      this.#options.log.warn(
        { block: head.number },
        "No decision: the oracle has no price or the pool no liquidity.",
      );
      return idle;
    }

    const checkInterval = this.#interval.observe(Number(snapshot.timestamp));
    const decide = (): { input: DecisionInput; decision: Decision } => {
      const input = decisionInput(snapshot, {
        gasUsd: this.#gasUsd(head, snapshot),
        checkInterval,
        deltaLimit: this.#options.deltaLimit,
      });
      return { input, decision: this.#options.strategy.decide(input) };
    };

    if (this.#gasUnits === null && snapshot.due)
      await this.#estimateGas(-fromWad(driftOf(snapshot)), head, snapshot);
    let made = decide();
    if (made.decision.action === "hold" && isNear(made.decision)) {
      if (await this.#estimateGas(landingTrade(made.decision), head, snapshot)) made = decide();
    }
    const acted = made.decision.action === "hold" ? null : await this.#act(made, decide, head, snapshot);
    if (acted === null) await this.#record(made, head);
    return { snapshot, settled, ...made, sent: null, blocked: null, ...acted };
  }

  /** Simulates, decides again with what gas really costs, and sends, or records why not. */
  async #act(
    first: { readonly input: DecisionInput; readonly decision: Decision },
    decide: () => { input: DecisionInput; decision: Decision },
    head: Head,
    snapshot: Snapshot,
  ): Promise<Pick<Cycle, "input" | "decision" | "sent" | "blocked">> {
    let made = first;
    for (let round = 1; ; round += 1) {
      const forbidden = this.#forbidden(made.decision, head);
      const simulated = forbidden ?? (await this.#simulate(made.decision.trade, head, snapshot));
      if (typeof simulated === "string") return this.#block(made, simulated, head, snapshot);
      this.#noteGas(simulated.gas, head);
      const again = decide();
      if (again.decision.action === "hold") {
        await this.#record(again, head);
        return { ...again, sent: null, blocked: null };
      }
      const change = Math.abs(again.decision.trade - made.decision.trade);
      made = again;
      if (change > SAME_TRADE * Math.abs(again.decision.trade) && round < ROUNDS) continue;
      const plan = planLegs(again.decision.trade, snapshot);
      const call = callOf(
        simulated.closesOnly ? (withoutOpening(plan, snapshot) ?? plan) : plan,
        head,
        snapshot,
      );
      const decisionId = await this.#record(again, head);
      return { ...again, sent: await this.#executor.send(call, decisionId, simulated.gas), blocked: null };
    }
  }

  /** Gas of a trade; or, where its opening leg makes the vault refuse it, of its closing leg; or the refusal. */
  async #simulate(
    trade: number,
    head: Head,
    snapshot: Snapshot,
  ): Promise<{ readonly gas: bigint; readonly closesOnly: boolean } | string> {
    const plan = planLegs(trade, snapshot);
    if (plan.legs.length === 0) return "The trade is too small to have a leg.";
    const whole = await this.#executor.simulate(callOf(plan, head, snapshot));
    if ("gas" in whole) return { gas: whole.gas, closesOnly: false };
    const closing = withoutOpening(plan, snapshot);
    if (closing !== null) {
      const part = await this.#executor.simulate(callOf(closing, head, snapshot));
      if ("gas" in part) return { gas: part.gas, closesOnly: true };
    }
    return whole.revert.text;
  }

  /** Tries to learn the gas of a trade, at most once in {@link GAS_UNITS_AGE}. @returns Whether it did. */
  async #estimateGas(trade: number, head: Head, snapshot: Snapshot): Promise<boolean> {
    if (Number(head.timestamp) - this.#gasUnitsAt < GAS_UNITS_AGE) return false;
    this.#gasUnitsAt = Number(head.timestamp);
    const simulated = await this.#simulate(trade, head, snapshot);
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
  #gasUsd({ baseFeePerGas }: Head, { price }: Snapshot): number {
    const { priorityFeePerGas } = this.#options.fees;
    return gasCost(this.#gasUnits ?? 0n, { baseFeePerGas, priorityFeePerGas }, fromWad(price));
  }

  /** The operator's cap on the base fee, which only a limit and a margin call pass, whatever else asks for the trade. */
  #forbidden({ reason, drift }: Decision, head: Head): string | null {
    const { deltaLimit, fees } = this.#options;
    const cap = fees.maxBaseFeePerGas;
    const isUrgent = reason === "margin" || Math.abs(drift) >= deltaLimit;
    if (cap === null || head.baseFeePerGas <= cap || isUrgent) return null;
    return `The base fee ${String(head.baseFeePerGas)} is above the cap ${String(cap)}.`;
  }

  async #block(
    made: { readonly input: DecisionInput; readonly decision: Decision },
    error: string,
    head: Head,
    snapshot: Snapshot,
  ): Promise<Pick<Cycle, "input" | "decision" | "sent" | "blocked">> {
    const { journal, account, log } = this.#options;
    const decisionId = await this.#record(made, head);
    await journal.recordBlocked({
      ...this.#subject,
      decisionId,
      account: account.address,
      rebalanceNonce: snapshot.rebalanceNonce,
      error,
    });
    log.warn({ block: head.number, reason: made.decision.reason, error }, "A rebalance is blocked.");
    return { ...made, sent: null, blocked: error };
  }

  /** At every change of mind, and now and then to show that the keeper is awake; the journal has them all. */
  #logDecision({ action, reason, drift, band }: Decision, block: bigint, timestamp: bigint): void {
    const fields = { block, action, reason, drift, b: band?.b, gasUnits: this.#gasUnits };
    const isNews = reason !== this.#lastLogged.reason || timestamp >= this.#lastLogged.timestamp + LOG_EVERY;
    if (isNews) this.#lastLogged = { reason, timestamp };
    this.#options.log[isNews ? "info" : "debug"](fields, "Decided.");
  }

  async #record(
    { input, decision }: { readonly input: DecisionInput; readonly decision: Decision },
    { number, hash, timestamp }: Head,
  ): Promise<bigint> {
    const { journal, strategy } = this.#options;
    this.#logDecision(decision, number, timestamp);
    const block = { number, hash, timestamp };
    return journal.recordDecision({ ...this.#subject, block, strategy: strategy.name, input, decision });
  }
}

function callOf(plan: Plan, head: Head, { rebalanceNonce }: Snapshot): RebalanceCall {
  return { plan, rebalanceNonce, head };
}

/** Whether a held drift is so close to the edge of its band that the price of gas may decide. */
function isNear({ drift, band }: Decision): boolean {
  return band !== null && Math.abs(drift - band.centre) >= NEAR * band.b && drift !== band.centre;
}

/** The trade that the band would ask for at this drift. */
function landingTrade({ drift, band }: Decision): number {
  if (band === null) return -drift;
  const side = drift > band.centre ? 1 : -1;
  return band.centre + side * band.t - drift;
}
