import type { RiskSettings } from "../config/riskSettings.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import type { DecisionInput } from "../strategy/types.ts";
import { readFacts, remember, type RiskMemory, type RiskSight } from "./riskFacts.ts";
import { stateAfter, transitionOf, type RecordedInput, type RiskRecord } from "./riskRecord.ts";
import { rankOf } from "./riskRules.ts";
import { AT_EASE, nextState, type RiskPolicy, type RiskState } from "./riskState.ts";
import type { SignalFeed } from "./signalFeed.ts";
import { tighten } from "./tighten.ts";

/**
 * The risk manager of one vault. It looks at every block, and decides how careful the keeper is; what it does only tightens.
 *
 * What a block has shown counts once the decision is recorded: so the state is always what the journal says, and a keeper that takes
 * over goes on from there.
 */
export class RiskManager {
  readonly #settings: RiskSettings;
  readonly #policy: RiskPolicy;
  readonly #log: Log;
  readonly #feed: Pick<SignalFeed, "read"> | null;
  #state: RiskState = AT_EASE;
  #memory: RiskMemory | null = null;
  /** Whether the last look showed nothing. */
  #isBlind = false;

  constructor(settings: RiskSettings, log: Log, feed: Pick<SignalFeed, "read"> | null = null) {
    this.#settings = settings;
    const { breach, volatility, thinness, gap, margin, signal, dwell } = settings;
    this.#policy = { breach, volatility, thinness, gap, margin, signal, dwell };
    this.#log = log;
    this.#feed = feed;
  }

  get state(): RiskState {
    return this.#state;
  }

  /** Goes on from what was recorded last; begins anew where that is null, or of a build whose records this one cannot read. */
  restore(record: RiskRecord | null): void {
    [this.#state, this.#memory] = [AT_EASE, null];
    if (record === null) return;
    try {
      [this.#state, this.#memory] = [stateAfter(record), record.memory];
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, "The risk state on record cannot be read.");
    }
  }

  /**
   * Takes a block at which there is nothing to decide by: no price, or no liquidity in the pool. No decision means no record, so that it is
   * the next one that the state halts at, and relaxes from as from any other.
   */
  missed(): void {
    this.#isBlind = true;
  }

  /**
   * What the block's facts make of an input, with the step to record; {@link commit} takes it. That the facts cannot be told neither stops
   * a hedge nor loosens what had been tightened. @param input With the operator's own limits.
   */
  assess(input: DecisionInput, sight: RiskSight): RecordedInput {
    try {
      return this.#step(input, sight);
    } catch (error) {
      this.#log.error({ error: describeError(error) }, "The risk state cannot be told.");
      return tighten(input, this.#state.level, this.#settings.tighten);
    }
  }

  #step(input: DecisionInput, sight: RiskSight): RecordedInput {
    const settings = this.#settings;
    const policy = this.#policy;
    const memory = remember(this.#memory, input, settings);
    const seen = readFacts(input, sight, memory, settings, this.#feed?.read(input.timestamp) ?? 0);
    const facts = this.#isBlind ? { ...seen, blind: true as const } : seen;
    const before = this.#state;
    const { level, why } = nextState(before, facts, policy);
    const news = level === before.level || why === null ? {} : { why };
    return {
      ...tighten(input, level, settings.tighten),
      risk: { policy, before, facts, memory, level, ...news },
    };
  }

  /** Takes a step that was recorded, and tells of a change of the level, once. @param about Fields of the log. */
  commit(record: RiskRecord, about: Readonly<Record<string, unknown>>): void {
    this.#state = stateAfter(record);
    this.#memory = record.memory;
    this.#isBlind = false;
    const change = transitionOf(record);
    if (change === null) return;
    const { from, to, why } = change;
    this.#log[rankOf(to) > rankOf(from) ? "warn" : "info"](
      { ...about, from, to, why },
      "The risk state changed.",
    );
  }
}
