import { cappedGreeks } from "../math/blackScholes.ts";
import { calibrateRiskAversion, type CalibrationInput } from "../math/calibration.ts";
import type { MarketModel } from "../math/impulseBand.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { DecisionInput, OptionLeg } from "../strategy/types.ts";
import { BLOCK_SECONDS } from "./fundamental.ts";

/** USD per ETH at the start. */
export const SPOT = 3_000;
/** Usual volatility, fraction per root year. */
export const SIGMA = 0.6;
/** Options of one agent, at the money, 30 days to expiry. */
export const OPTIONS = 500;
/** A rebalance of 750,000 gas at 8 gwei, and one on an L2, USD. */
export const MAINNET_GAS_USD = 18;
export const L2_GAS_USD = 0.05;
const FEE_RATE = 0.0005;
const EXPIRY = 30 * 86_400;
/** So far away that it caps nothing. */
const NO_CAP = 1e9;
const NO_LIMIT = 1e12;

const LEG: OptionLeg = {
  ...{ type: "call", strike: SPOT, cap: NO_CAP, expiry: EXPIRY },
  ...{ quantity: -OPTIONS, sigma: SIGMA, forwardRatio: 1 },
};

const GREEKS = cappedGreeks({ ...LEG, spot: SPOT, tau: EXPIRY / SECONDS_PER_YEAR });

/** By how much one agent's delta moves, ETH per unit of log price. */
export const GAMMA_EACH = OPTIONS * GREEKS.gamma * SPOT;
/** Hedge of one agent who sold calls, ETH; of one who sold puts about as much, short. */
export const HEDGE_EACH = OPTIONS * GREEKS.delta;
/** One standard deviation of one agent's delta over a day, ETH. */
export const DAY_MOVE_EACH = GAMMA_EACH * SIGMA * Math.sqrt(86_400 / SECONDS_PER_YEAR);
/** What a band to zero of that width leaves unhedged, USD per root year. */
const TARGET_STD = (SIGMA * SPOT * DAY_MOVE_EACH) / Math.sqrt(6);

/**
 * Log price per ETH at which the feedback gain is what is asked for: if everybody hedged all the time, a move of 1 % would make all
 * of them together trade enough to move the price by another `gain` per cent.
 */
export function impactPerEth(gain: number, agents: number): number {
  return agents === 0 ? 0 : gain / (agents * GAMMA_EACH);
}

/** What a trade costs. */
export interface Costs {
  /** Log price per ETH at full depth: buying w ETH costs ½·perEth·S·w² on top. */
  readonly perEth: number;
  readonly gasUsd: number;
}

/** What one agent sees when it decides, for drift of any size. @param depth part of the full one. */
export function inputAt(drift: number, { perEth, gasUsd }: Costs, depth: number): DecisionInput {
  return {
    ...{ timestamp: 0, spot: SPOT, legs: [LEG], hedgeDelta: drift - LEG.quantity * GREEKS.delta },
    ...{ sigma: SIGMA, gasUsd, feeRate: FEE_RATE, kappa: (0.5 * perEth * SPOT) / depth },
    ...{ checkInterval: BLOCK_SECONDS, lastRebalanceAt: 0, marginCall: false },
    limits: { delta: NO_LIMIT, minDrift: 0, maxAge: NO_LIMIT },
  };
}

/** The risk aversion with which Keel's band carries the same risk as a band to zero of one day's move: E[d²] = day²/6 in both. */
export function riskAversionAt(costs: Costs): number {
  return calibrateRiskAversion({ targetStd: TARGET_STD, ...conditions(costs) });
}

/** The problem `riskAversionAt` is for. */
export function referenceMarket(costs: Costs): MarketModel {
  const { spot, gammaCap, ...rest } = conditions(costs);
  return { S: spot, gamma: gammaCap, riskAversion: riskAversionAt(costs), ...rest };
}

function conditions({ perEth, gasUsd }: Costs): Omit<CalibrationInput, "targetStd"> {
  return {
    ...{ spot: SPOT, sigma: SIGMA, gammaCap: GAMMA_EACH / SPOT },
    ...{ gasUsd, feeRate: FEE_RATE, kappa: 0.5 * perEth * SPOT },
  };
}
