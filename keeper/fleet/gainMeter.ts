import type { Settlement } from "../execution/settlement.ts";
import { fromWad } from "../math/units.ts";
import type { Database } from "../store/database.ts";
import { gainSums, openGain, saveGain, uncounted, type GainSums } from "../store/gains.ts";
import type { Journal, JournalEvent, Outcome, StoredDecision, Subject } from "../store/journal.ts";
import { expectedStretchGain, stepGain, stretchOf } from "../strategy/realisedGain.ts";
import type { Decision, DecisionInput } from "../strategy/types.ts";

export interface GainMeterOptions extends Subject {
  readonly database: Database;
  readonly journal: Journal;
  /** 1/USD. */
  readonly riskAversion: number;
}

/** A rebalance whose gain is being counted. */
interface Counting {
  readonly executionId: bigint;
  /** ETH that it added to the hedge. */
  readonly traded: number;
  /** The block it was mined in: what was decided before does not show it. */
  readonly from: bigint;
  last: { readonly drift: number; readonly spot: number } | null;
  realised: number;
  observations: number;
}

/** A decision and the block it was made at. */
export interface Observation {
  readonly block: bigint;
  readonly input: DecisionInput;
  readonly decision: Decision;
}

/** What a receipt says of costs. */
type Receipt = Pick<Outcome, "gasUsed" | "effectiveGasPrice" | "events">;

const USDC = 1e6;

/**
 * Counts what each rebalance of a vault brings, from the decision after it was mined to the next decision to trade, beside what was expected
 * of it. All it needs is in the journal, so a restart makes it again.
 */
export class GainMeter {
  readonly #options: GainMeterOptions;
  #counting: Counting[] = [];
  #sums: GainSums | null = null;

  constructor(options: GainMeterOptions) {
    this.#options = options;
  }

  /** The closed ones added up; null before the first look. */
  get sums(): GainSums | null {
    return this.#sums;
  }

  /** Takes up what an earlier process was counting. */
  async resume(): Promise<void> {
    const { database, journal, vault, chainId } = this.#options;
    this.#counting = [];
    for (const rebalance of await uncounted(database, { vault, chainId })) {
      const { executionId, block, decisionId, events, isOpen } = rebalance;
      if (!isOpen) {
        const made = await journal.decision(decisionId);
        if (made === null) continue;
        // The price of that time: what it was at the receipt nobody knows any more.
        await this.#open(executionId, made, rebalance, made.input.spot);
      }
      this.#begin(executionId, tradedOf(events), block);
    }
    await this.#catchUp();
    await this.#add();
  }

  /**
   * Takes in how a rebalance ended. One that is in another block now is counted anew; one that a reorg took back is forgotten, as the journal
   * has forgotten it, until it takes effect after all.
   */
  async onSettled({ attempt, outcome }: Settlement, spot: number): Promise<void> {
    if (attempt.kind !== "rebalance" || attempt.decisionId === null) return;
    this.#counting = this.#counting.filter(({ executionId }) => executionId !== attempt.id);
    const isConfirmed = outcome.status === "confirmed";
    const made = isConfirmed ? await this.#options.journal.decision(attempt.decisionId) : null;
    if (made !== null) {
      // What is settled before the first block is priced as of its decision.
      await this.#open(attempt.id, made, outcome, spot > 0 ? spot : made.input.spot);
      this.#begin(attempt.id, tradedOf(outcome.events ?? []), outcome.blockNumber ?? 0n);
    }
    await this.#add();
  }

  /** Takes in a decision: the step since the last, and the end of the stretch where it is to trade. */
  async observe({ block, input, decision }: Observation): Promise<void> {
    const { database, riskAversion } = this.#options;
    const { spot } = input;
    for (const gain of this.#counting.filter(({ from }) => block >= from)) {
      if (gain.last !== null) {
        const step = { drift: gain.last.drift, traded: gain.traded, move: spot - gain.last.spot };
        gain.realised += stepGain(riskAversion, step);
        gain.observations += 1;
      }
      gain.last = { drift: decision.drift, spot };
      if (decision.action === "hold") continue;
      this.#counting = this.#counting.filter((other) => other !== gain);
      const { executionId, realised: realisedGain, observations } = gain;
      await saveGain(database, executionId, { realisedGain, observations }, { close: true });
      await this.#add();
    }
  }

  /** Writes down what a rebalance was expected to bring, and what it cost. @param spot USD per ETH, which gas is paid in. */
  async #open(
    executionId: bigint,
    { input, decision }: StoredDecision,
    { gasUsed = 0n, effectiveGasPrice = 0n, events = [] }: Receipt,
    spot: number,
  ): Promise<void> {
    const { database, vault, chainId, riskAversion } = this.#options;
    const stretch = stretchOf(input, decision, riskAversion);
    await openGain(database, {
      ...{ executionId, vault, chainId },
      expectedGain: stretch === null ? (decision.gain ?? 0) : expectedStretchGain(stretch),
      expectedCost: decision.cost ?? 0,
      realisedCost: fromWad(gasUsed * effectiveGasPrice) * spot + lossOf(events),
    });
  }

  /** Takes in what was decided since, without the stretches in which nothing was counted: months, where another rule hedged meanwhile. */
  async #catchUp(): Promise<void> {
    const { journal, vault, chainId } = this.#options;
    for (let isBehind = true; isBehind && this.#counting.length > 0;) {
      isBehind = false;
      const from = this.#counting.map((gain) => gain.from).reduce((a, b) => (a < b ? a : b));
      for await (const record of journal.streamDecisions({ vault, chainId, from })) {
        // What a shadow on the same store would have done ends nothing.
        if (record.mode !== "shadow") await this.observe(observationOf(record));
        isBehind = this.#counting.every((gain) => gain.from > record.block.number);
        if (isBehind) break;
      }
    }
  }

  #begin(executionId: bigint, traded: number, from: bigint): void {
    const none = { last: null, realised: 0, observations: 0 };
    this.#counting = [...this.#counting, { executionId, traded, from, ...none }];
  }

  async #add(): Promise<void> {
    this.#sums = await gainSums(this.#options.database, this.#options);
  }
}

/** ETH that the legs filled. */
function tradedOf(events: readonly JournalEvent[]): number {
  return events
    .filter(({ name }) => name === "LegExecuted")
    .reduce((sum, { args }) => sum + fromWad(args["filled"] as bigint), 0);
}

/** USD that NAV fell by at the oracle price: fees and slippage. */
function lossOf(events: readonly JournalEvent[]): number {
  const rebalanced = events.find(({ name }) => name === "Rebalanced");
  if (rebalanced === undefined) return 0;
  return Number((rebalanced.args["navBefore"] as bigint) - (rebalanced.args["navAfter"] as bigint)) / USDC;
}

function observationOf({ block, input, decision }: StoredDecision): Observation {
  return { block: block.number, input, decision };
}
