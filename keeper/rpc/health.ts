/** Milliseconds in which what was held against an endpoint halves by itself. */
const HALF_LIFE = 60_000;

/** Share of its remaining credit that an endpoint loses for one failure, one wrong answer, one it could not give. */
const COST = { failure: 0.2, disagreement: 0.5, unable: 0.05 } as const;

/** Share of what is held against an endpoint that one good answer clears. */
const RELIEF = 0.1;

/** Weight of one answer in the running latency. */
const WEIGHT = 0.2;

/** How far one endpoint is to be trusted to answer, and how fast it does. */
export class Health {
  readonly #now: () => number;
  #penalty = 0;
  #penaltyAt = 0;
  #latency: number | null = null;
  #failures = 0;
  #disagreements = 0;
  #lastError: string | null = null;

  /** @param now Milliseconds of a clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** 0 to 1. Time heals: an endpoint that is not asked gets its chance again. */
  get score(): number {
    return 1 - this.#current();
  }

  /** Milliseconds, a running mean; 0 before the first answer. */
  get latency(): number {
    return this.#latency ?? 0;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Ever. */
  get disagreements(): number {
    return this.#disagreements;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  noteAnswer(latency: number): void {
    this.#failures = 0;
    this.#set(this.#current() * (1 - RELIEF));
    this.#latency = this.#latency === null ? latency : this.#latency + WEIGHT * (latency - this.#latency);
  }

  noteFailure(error: string): void {
    this.#failures += 1;
    this.#lastError = error;
    this.#charge(COST.failure);
  }

  noteDisagreement(detail: string): void {
    this.#disagreements += 1;
    this.#lastError = detail;
    this.#charge(COST.disagreement);
  }

  /** It answered, but with an error where another endpoint had an answer. */
  noteUnable(error: string): void {
    this.#lastError = error;
    this.#charge(COST.unable);
  }

  #charge(cost: number): void {
    const penalty = this.#current();
    this.#set(penalty + (1 - penalty) * cost);
  }

  #set(penalty: number): void {
    this.#penalty = penalty;
    this.#penaltyAt = this.#now();
  }

  #current(): number {
    return this.#penalty * 2 ** ((this.#penaltyAt - this.#now()) / HALF_LIFE);
  }
}
