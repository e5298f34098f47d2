/** Indices of {@link Ledger}'s balances. */
const CASH = 0;
const MARK = 1;

/**
 * The money of a run, USD, and the ether of its hedge. It is kept in two ways that must agree: `equity` from what is owned, cash, hedge and
 * options; and, independently, sums of where it came from. Options are told by their change, hedges by price moves.
 */
export class Ledger {
  /** ETH. */
  hedge: number;
  optionUsd = 0;
  hedgeUsd = 0;
  gasUsd = 0;
  feeUsd = 0;
  impactUsd = 0;
  fundingUsd = 0;
  penaltyUsd = 0;
  turnoverEth = 0;
  /** Σ d²·(ΔS)². */
  exposure = 0;
  /** ETH that were carried from one price to another: that of options which are settled the same moment is nobody's. */
  worstDrift = 0;
  maxDrawdown = 0;
  /** Cash and the options' last mark. Every step changes them, and numbers in fields may be boxed at each change. */
  readonly #balances = new Float64Array(2);
  #peak = 0;
  /** Hedged P&L before costs: of this step, and sums of all steps' first and second powers. */
  #stepGain = 0;
  #gains = 0;
  #squares = 0;
  #steps = 0;

  /** Begins with equity 0, the book having been traded at its mark and the hedge at `spot`. */
  constructor(hedge: number, spot: number, mark: number) {
    this.hedge = hedge;
    this.#balances[CASH] = -hedge * spot - mark;
    this.#balances[MARK] = mark;
  }

  /** The price moves while the hedge is held. @param delta Of the options, ETH, at `from`. */
  carry(delta: number, from: number, to: number): void {
    const move = to - from;
    const drift = delta + this.hedge;
    const gain = this.hedge * move;
    this.hedgeUsd += gain;
    this.#stepGain += gain;
    this.exposure += drift * drift * move * move;
    if (drift > this.worstDrift) this.worstDrift = drift;
    else if (-drift > this.worstDrift) this.worstDrift = -drift;
  }

  /** The options' value changes. */
  mark(value: number): void {
    const gain = value - this.#balances[MARK]!;
    this.#balances[MARK] = value;
    this.optionUsd += gain;
    this.#stepGain += gain;
  }

  /** Options are settled, or opened, at their mark: money for value. @param value Of those there are then. */
  exchange(value: number): void {
    this.#balances[CASH]! -= value - this.#balances[MARK]!;
    this.#balances[MARK] = value;
  }

  /** Trades hedge. @param trade ETH. Costs in USD. */
  fill(trade: number, price: number, gas: number, fee: number, impact: number): void {
    this.hedge += trade;
    this.#balances[CASH]! -= trade * price + gas + fee + impact;
    this.gasUsd += gas;
    this.feeUsd += fee;
    this.impactUsd += impact;
    this.turnoverEth += Math.abs(trade);
  }

  fund(usd: number): void {
    this.#balances[CASH]! -= usd;
    this.fundingUsd += usd;
  }

  /** A venue closes part of the hedge by force. */
  liquidate(trade: number, price: number, penalty: number): void {
    this.hedge += trade;
    this.#balances[CASH]! -= trade * price + penalty;
    this.penaltyUsd += penalty;
    this.turnoverEth += Math.abs(trade);
  }

  /** Ends a step. @returns Equity, USD since the beginning. */
  close(spot: number): number {
    const gain = this.#stepGain;
    this.#stepGain = 0;
    this.#gains += gain;
    this.#squares += gain * gain;
    this.#steps++;
    const equity = this.equity(spot);
    if (equity > this.#peak) this.#peak = equity;
    else if (this.#peak - equity > this.maxDrawdown) this.maxDrawdown = this.#peak - equity;
    return equity;
  }

  equity(spot: number): number {
    return this.#balances[CASH]! + this.hedge * spot + this.#balances[MARK]!;
  }

  get costUsd(): number {
    return this.gasUsd + this.feeUsd + this.impactUsd + this.fundingUsd + this.penaltyUsd;
  }

  /** Standard deviation of hedged P&L before costs, USD per root year. @param years All that was played. */
  trackingStd(years: number): number {
    if (this.#steps === 0) return 0;
    const variance = this.#squares - this.#gains ** 2 / this.#steps;
    return Math.sqrt(Math.max(0, variance) / years);
  }

  /** What of it comes from drift alone. */
  deltaStd(years: number): number {
    return Math.sqrt(this.exposure / years);
  }
}
