import { bookDelta } from "../../../keeper/strategy/bookRisk.ts";
import type { DecisionInput, OptionLeg } from "../../../keeper/strategy/types.ts";

export const NOW = 1_722_643_200;
export const DAY = 86_400;

/** Short 100 calls at 3,000 with 30 days left. */
export const shortCalls: OptionLeg = {
  type: "call",
  strike: 3000,
  cap: 6000,
  expiry: NOW + 30 * DAY,
  quantity: -100,
  sigma: 0.7,
  forwardRatio: 1,
};

/** Far out of the money: no delta and no gamma, but a size of 100. */
export const idle: OptionLeg = { ...shortCalls, strike: 9e6, cap: 9e7, expiry: NOW + DAY, quantity: 100 };

/** A book of size 100 whose delta is 0, hedged a while ago. */
export const quiet: DecisionInput = {
  timestamp: NOW,
  spot: 3100,
  legs: [idle],
  hedgeDelta: 0,
  sigma: 0.7,
  gasUsd: 8,
  feeRate: 0.0005,
  kappa: 0.008,
  checkInterval: 12,
  lastRebalanceAt: NOW - 1000,
  marginCall: false,
  limits: { delta: Infinity, minDrift: 1e-6, maxAge: Infinity },
};

/** `quiet` with a drift of so many ETH. */
export function drifted(drift: number, change: Partial<DecisionInput> = {}): DecisionInput {
  const input = { ...quiet, ...change };
  return { ...input, hedgeDelta: drift - bookDelta(input.legs, input.spot, input.timestamp) };
}
