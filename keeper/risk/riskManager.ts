import type { RiskSettings } from "../config/riskSettings.ts";
import type { DecisionInput } from "../strategy/types.ts";
import { readFacts, remember, type RiskMemory, type RiskSight } from "./riskFacts.ts";
import { stateAfter, type RecordedInput, type RiskRecord } from "./riskRecord.ts";
import { AT_EASE, nextState, type RiskState } from "./riskState.ts";
import { tighten } from "./tighten.ts";

/**
 * The risk manager of one vault. It looks at every block, and decides how careful the keeper is; what it does only tightens.
 *
 * What a block has shown counts once the decision is recorded: so the state is always what the journal says, and a keeper that takes
 * over goes on from there.
 */
export class RiskManager {
  readonly #settings: RiskSettings;
  #state: RiskState = AT_EASE;
  #memory: RiskMemory | null = null;

  constructor(settings: RiskSettings) {
    this.#settings = settings;
  }

  get state(): RiskState {
    return this.#state;
  }

  /** Goes on from what was recorded last; begins anew where that is null. */
  restore(record: RiskRecord | null): void {
    this.#state = record === null ? AT_EASE : stateAfter(record);
    this.#memory = record?.memory ?? null;
  }

  /** What the block's facts make of an input, with the step to record; {@link commit} takes it. @param input With the operator's own limits. */
  assess(input: DecisionInput, sight: RiskSight): RecordedInput & { readonly risk: RiskRecord } {
    const settings = this.#settings;
    const memory = remember(this.#memory, input, settings);
    const facts = readFacts(input, sight, memory, settings);
    const before = this.#state;
    const { level, why } = nextState(before, facts, settings);
    const news = level === before.level || why === null ? {} : { why };
    const { delta } = input.limits;
    return {
      ...tighten(input, level, settings.tighten),
      risk: { settings, before, facts, memory, level, ...news, delta },
    };
  }

  /** Takes a step that was recorded. */
  commit(record: RiskRecord): void {
    this.#state = stateAfter(record);
    this.#memory = record.memory;
  }
}
