import type { Address } from "viem";

import type { StoredDecision } from "../../../keeper/store/journal.ts";
import type { DecisionInput, Strategy } from "../../../keeper/strategy/types.ts";

export const VAULT: Address = "0x00000000000000000000000000000000000000AA";

const START = 1_722_643_200;

/** A short call whose spot moves, with a hedge that stays: now and then worth a trade. */
export function inputAt(step: number): DecisionInput {
  const timestamp = START + 12 * step;
  return {
    timestamp,
    spot: 3000 + 150 * Math.sin(step),
    legs: [
      {
        type: "call",
        strike: 3000,
        cap: 4000,
        expiry: START + 7 * 86_400,
        quantity: -100,
        sigma: 0.6,
        forwardRatio: 1,
      },
    ],
    hedgeDelta: 50,
    sigma: 0.6,
    gasUsd: 10,
    feeRate: 0.0005,
    kappa: 1e-4,
    checkInterval: 12,
    lastRebalanceAt: null,
    marginCall: false,
    limits: { delta: 20, minDrift: 0.01, maxAge: 86_400 },
  };
}

/** What a strategy decided at one step, as the journal has it. */
export function decided(step: number, strategy: Strategy): StoredDecision {
  const input = inputAt(step);
  return {
    id: BigInt(step + 1),
    vault: VAULT,
    chainId: 31337,
    block: {
      number: 19_000_000n + BigInt(step),
      hash: `0x${step.toString(16).padStart(64, "0")}`,
      timestamp: BigInt(input.timestamp),
    },
    strategy: strategy.name,
    params: strategy.params,
    mode: "live",
    input,
    decision: strategy.decide(input),
  };
}

/** A stretch of `count` decisions, oldest first. */
export function records(count: number, strategy: Strategy): StoredDecision[] {
  return Array.from({ length: count }, (_, step) => decided(step, strategy));
}
