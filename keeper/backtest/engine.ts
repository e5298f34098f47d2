import { isRoundDue } from "../history/chainlinkRule.ts";
import { formatInstant } from "../history/instant.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { Decision, DecisionInput, Strategy } from "../strategy/types.ts";
import type { BookValuer } from "./bookValuer.ts";
import { Ledger } from "./ledger.ts";
import { Observer } from "./observer.ts";
import { openBook, openEntry, type OpenLeg } from "./openBook.ts";
import type { PricePath } from "./pricePath.ts";
import type { RunSeries, RunTotals, RunTrade } from "./result.ts";
import { MAX_POINTS, Samples } from "./samples.ts";
import type { Scenario } from "./scenario.ts";
import { SeriesCursor } from "./seriesCursor.ts";
import type { RiskTransition } from "../risk/riskRecord.ts";
import { RiskWatch } from "./riskWatch.ts";
import { rebalanceCosts } from "./tradeCosts.ts";
import { valuedLegs, type ValuedLegs } from "./valuedLegs.ts";

/** The most trades that are listed; all are counted. */
const MAX_TRADES = 5000;

export interface RunOptions {
  /** The most samples of the series; 0 for none, nor a list of trades. Default 2000. */
  readonly points?: number;
}

export interface Run {
  readonly totals: RunTotals;
  readonly series: RunSeries;
  readonly trades: readonly RunTrade[];
  /** Changes of the risk state; absent where there is none, as beside a strategy that keeps to no limits. */
  readonly risk?: readonly RiskTransition[];
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Plays a strategy over a path of prices, as `Scenario` describes the world. Pure: the same arguments, the same run. */
export function simulate(
  scenario: Scenario,
  path: PricePath,
  strategy: Strategy,
  options: RunOptions = {},
): Run {
  return new Simulation(scenario, path, strategy, options.points ?? MAX_POINTS).play();
}

/**
 * One run. At each price, in this order: the oracle writes its round, options take the volatility of the moment and are marked at the
 * market, the venue may liquidate, what expires is settled, the strategy decides when it is time to; and on the way to the next price
 * what was decided is filled, a block after the decision, at the price of that moment. While a trade is under way nothing is decided.
 *
 * The input a strategy is given is one object that changes from decision to decision: it must not keep it.
 */
class Simulation {
  readonly #scenario: Scenario;
  readonly #path: PricePath;
  readonly #strategy: Strategy;
  readonly #keepsDetail: boolean;
  readonly #implied: SeriesCursor;
  readonly #expected: SeriesCursor | null;
  readonly #gas: SeriesCursor;
  readonly #ledger: Ledger;
  readonly #observer: Observer;
  readonly #samples: Samples;
  readonly #risk: RiskWatch | null;
  readonly #trades: RunTrade[] = [];
  readonly #input: Mutable<DecisionInput>;
  readonly #oracle = { answer: 0, updatedAt: 0 };
  #legs: ValuedLegs<OpenLeg>;
  #valuer: BookValuer;
  #nextExpiry: number;
  #nextVolatility: number;
  #sigma: number;
  /** USD per ETH, as the oracle has it, at which a short hedge is liquidated: its collateral's threshold over its debt. */
  #liquidationPrice = Infinity;
  /** What is under way, and the unix seconds of its fill. */
  #pending: Decision | null = null;
  #fillAt = 0;
  #band: Decision["band"] = null;
  #count = 0;
  #decisions = 0;
  #breachSeconds = 0;
  #liquidations = 0;

  constructor(scenario: Scenario, path: PricePath, strategy: Strategy, points: number) {
    const spot = path.prices[0]!;
    this.#scenario = scenario;
    this.#path = path;
    this.#strategy = strategy;
    this.#keepsDetail = points > 0;
    this.#implied = new SeriesCursor(scenario.implied);
    this.#expected = scenario.expected && new SeriesCursor(scenario.expected);
    this.#gas = new SeriesCursor(scenario.costs.gasGwei);
    this.#sigma = this.#implied.at(path.start);
    this.#nextVolatility = this.#implied.nextChange;
    this.#legs = valuedLegs(openBook(scenario.book, spot, path.start, this.#sigma));
    this.#valuer = this.#legs.valuer;
    this.#nextExpiry = firstExpiry(this.#legs);
    this.#valuer.mark(spot, path.start);
    const hedge = scenario.startsHedged ? -this.#valuer.delta : 0;
    this.#ledger = new Ledger(hedge, spot, this.#valuer.value);
    this.#observer = new Observer(path);
    this.#samples = new Samples(path.prices.length, points);
    // It tightens limits: nothing that a rule without any could be told.
    const isWatched = scenario.risk !== undefined && strategy.isLimited === true;
    this.#risk = isWatched ? new RiskWatch(scenario.risk) : null;
    this.#oracle = { answer: spot, updatedAt: path.start };
    if (scenario.startsHedged) this.#observer.lastRebalanceSpot = spot;
    this.#setMargin(spot);
    const { limits } = scenario;
    this.#input = {
      timestamp: path.start,
      spot,
      legs: this.#legs,
      hedgeDelta: hedge,
      sigma: this.#sigma,
      gasUsd: 0,
      feeRate: scenario.costs.feeRate,
      kappa: 0,
      checkInterval: scenario.check,
      lastRebalanceAt: scenario.startsHedged ? path.start : null,
      marginCall: false,
      limits: {
        delta: limits.delta ?? Infinity,
        minDrift: limits.minDrift,
        maxAge: limits.maxAge ?? Infinity,
        ...(limits.gamma === null ? {} : { gamma: limits.gamma }),
        ...(limits.vega === null ? {} : { vega: limits.vega }),
      },
      observed: this.#observer,
    };
  }

  play(): Run {
    const { prices, start, step } = this.#path;
    const { oracle, check, limits, costs } = this.#scenario;
    const ledger = this.#ledger;
    const checkEvery = Math.max(1, Math.round(check / step));
    const deltaLimit = limits.delta ?? Infinity;
    const fundingRate = (costs.fundingRate * step) / SECONDS_PER_YEAR;
    const last = prices.length - 1;
    for (let index = 0; index <= last; index++) {
      const timestamp = start + index * step;
      const spot = prices[index]!;
      if (oracle === null || isRoundDue(oracle, this.#oracle, spot, timestamp)) {
        this.#oracle.answer = spot;
        this.#oracle.updatedAt = timestamp;
      }
      if (timestamp >= this.#nextVolatility) this.#changeVolatility(timestamp);
      this.#valuer.mark(spot, timestamp);
      if (index > 0) {
        ledger.mark(this.#valuer.value);
        if (this.#oracle.answer >= this.#liquidationPrice) this.#liquidate(spot, timestamp);
      }
      const equity = ledger.close(spot);
      if (timestamp >= this.#nextExpiry) this.#settle(spot, timestamp);
      const drift = this.#valuer.delta + ledger.hedge;
      if (this.#samples.takes(index)) {
        const gasGwei = this.#gas.at(timestamp);
        this.#samples.add({ time: timestamp, spot, equity, drift, band: this.#band, gasGwei });
      }
      if (index === last) break;
      if (drift > deltaLimit || -drift > deltaLimit) this.#breachSeconds += step;
      if (index % checkEvery === 0 && this.#pending === null) this.#decide(index, spot, timestamp);
      // To the next price. The drift that is carried is that of the market's own delta.
      const delta = this.#valuer.delta;
      ledger.fund(fundingRate * Math.abs(ledger.hedge) * spot);
      const next = prices[index + 1]!;
      if (this.#pending === null || this.#fillAt > timestamp + step) ledger.carry(delta, spot, next);
      else this.#fill(this.#pending, delta, spot, next, timestamp);
    }
    return this.#result();
  }

  #decide(index: number, spot: number, timestamp: number): void {
    const { costs, margin } = this.#scenario;
    const input = this.#input;
    const seen = this.#oracle.answer;
    const gwei = this.#gas.at(timestamp);
    const cost = rebalanceCosts(costs, gwei, seen);
    input.timestamp = timestamp;
    input.spot = seen;
    input.hedgeDelta = this.#ledger.hedge;
    input.sigma = this.#expected === null ? this.#sigma : this.#expected.at(timestamp);
    input.gasUsd = cost.gasUsd;
    input.kappa = cost.kappa;
    this.#observer.now = index;
    this.#observer.baseFeeGwei = gwei;
    if (this.#ledger.hedge < 0 && margin !== null) {
      this.#observer.healthFactor = this.#liquidationPrice / seen;
      input.marginCall = this.#liquidationPrice / seen - 1 < margin.trigger;
    } else {
      this.#observer.healthFactor = undefined;
      input.marginCall = false;
    }
    const decision = this.#strategy.decide(this.#tightened(input, spot));
    this.#decisions++;
    this.#band = decision.band;
    if (decision.action === "hold") return;
    if (!Number.isFinite(decision.trade))
      throw new PolicyInputError(
        "",
        `a trade of ${String(decision.trade)} ETH at ${formatInstant(timestamp)}`,
      );
    this.#pending = decision;
    this.#fillAt = timestamp + costs.blockTime;
  }

  #tightened(input: DecisionInput, market: number): DecisionInput {
    if (this.#risk === null) return input;
    const marginTrigger = this.#scenario.margin?.trigger ?? 0;
    return this.#risk.tightened(input, { market, liquidationPrice: this.#liquidationPrice, marginTrigger });
  }

  /** Fills what was decided on the way from one price to the next, and carries the hedge before and after. */
  #fill(decision: Decision, delta: number, from: number, to: number, timestamp: number): void {
    const share = Math.max(0, this.#fillAt - timestamp) / this.#path.step;
    const price = share <= 0 ? from : share >= 1 ? to : from * (to / from) ** share;
    const { trade } = decision;
    this.#ledger.carry(delta, from, price);
    const { gasUsd, feePerEth, kappa } = rebalanceCosts(
      this.#scenario.costs,
      this.#gas.at(this.#fillAt),
      price,
    );
    const feeUsd = feePerEth * Math.abs(trade);
    const impactUsd = kappa * trade * trade;
    this.#ledger.fill(trade, price, gasUsd, feeUsd, impactUsd);
    this.#ledger.carry(delta, price, to);
    // From the decision: a rule that is due every so many looks must not be a block late at each.
    this.#input.lastRebalanceAt = this.#fillAt - this.#scenario.costs.blockTime;
    this.#observer.lastRebalanceSpot = price;
    this.#setMargin(price);
    this.#pending = null;
    this.#count++;
    const before = decision.drift;
    this.#note({
      ...{ time: this.#fillAt, spot: price, trade, reason: decision.reason, gasUsd, feeUsd, impactUsd },
      ...{ before, after: before + trade },
    });
  }

  /** The venue goes by the oracle. What is left has what is left of the collateral: nobody has brought more. */
  #liquidate(spot: number, timestamp: number): void {
    const { closeFactor, penalty, liquidationThreshold } = this.#scenario.margin!;
    const before = this.#valuer.delta + this.#ledger.hedge;
    const trade = -this.#ledger.hedge * closeFactor;
    this.#ledger.liquidate(trade, spot, penalty * trade * spot);
    const taken = liquidationThreshold * closeFactor * (1 + penalty) * spot;
    this.#liquidationPrice =
      closeFactor < 1 ? (this.#liquidationPrice - taken) / (1 - closeFactor) : Infinity;
    this.#pending = null;
    this.#liquidations++;
    this.#note({
      ...{ time: timestamp, spot, trade, reason: "liquidation", gasUsd: 0, feeUsd: 0, impactUsd: 0 },
      ...{ before, after: before + trade },
    });
  }

  /** Pays out what has expired, and opens it again where the book rolls: money for value, so that equity stays. */
  #settle(spot: number, timestamp: number): void {
    const legs = this.#legs.flatMap((leg) => {
      if (leg.expiry > timestamp) return [leg];
      return this.#scenario.book.rolls ? [openEntry(leg.entry, true, spot, timestamp, this.#sigma)] : [];
    });
    this.#legs = valuedLegs(legs);
    this.#valuer = this.#legs.valuer;
    this.#nextExpiry = firstExpiry(this.#legs);
    this.#input.legs = this.#legs;
    this.#valuer.mark(spot, timestamp);
    this.#ledger.exchange(this.#valuer.value);
  }

  #changeVolatility(timestamp: number): void {
    this.#sigma = this.#implied.at(timestamp);
    this.#nextVolatility = this.#implied.nextChange;
    for (const [index, leg] of this.#legs.entries()) {
      if (leg.entry.sigma !== undefined) continue;
      leg.sigma = this.#sigma;
      this.#valuer.setVolatility(index, this.#sigma);
    }
  }

  /** Collateral at its ratio: the price at which it no longer covers the debt. */
  #setMargin(price: number): void {
    const { margin } = this.#scenario;
    const isShort = margin !== null && this.#ledger.hedge < 0;
    this.#liquidationPrice = isShort
      ? price * margin.collateralRatio * margin.liquidationThreshold
      : Infinity;
  }

  #note(trade: RunTrade): void {
    if (this.#keepsDetail && this.#trades.length < MAX_TRADES) this.#trades.push(trade);
  }

  #result(): Run {
    const ledger = this.#ledger;
    const { prices, step } = this.#path;
    const steps = prices.length - 1;
    const years = (steps * step) / SECONDS_PER_YEAR;
    const riskUsd = 0.5 * this.#scenario.riskAversion * ledger.exposure;
    const { turnoverEth, gasUsd, feeUsd, impactUsd, fundingUsd, penaltyUsd, costUsd } = ledger;
    const pnlUsd = ledger.equity(prices[steps]!);
    if (!Number.isFinite(pnlUsd + riskUsd + costUsd + ledger.trackingStd(years)))
      throw new PolicyInputError("", "what it comes to is no number: prices or the book are too large");
    return {
      totals: {
        ...{ trades: this.#count, turnoverEth, gasUsd, feeUsd, impactUsd, fundingUsd, penaltyUsd, costUsd },
        pnlUsd,
        optionUsd: ledger.optionUsd,
        hedgeUsd: ledger.hedgeUsd,
        trackingStd: ledger.trackingStd(years),
        deltaStd: ledger.deltaStd(years),
        riskUsd,
        frictionUsd: costUsd + riskUsd,
        worstDrift: ledger.worstDrift,
        maxDrawdownUsd: ledger.maxDrawdown,
        breachSeconds: this.#breachSeconds,
        liquidations: this.#liquidations,
        steps,
        decisions: this.#decisions,
      },
      series: this.#samples.series,
      trades: this.#trades,
      ...(this.#risk === null ? {} : { risk: this.#risk.changes }),
    };
  }
}

function firstExpiry(legs: readonly OpenLeg[]): number {
  return legs.reduce((first, { expiry }) => Math.min(first, expiry), Infinity);
}
