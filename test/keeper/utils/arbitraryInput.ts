import fc from "fast-check";

import type { DecisionInput, OptionLeg } from "../../../keeper/strategy/types.ts";
import { DAY, NOW } from "./ruleInput.ts";

const double = (min: number, max: number) => fc.double({ min, max, noNaN: true });

const leg: fc.Arbitrary<OptionLeg> = fc
  .record({
    isCall: fc.boolean(),
    strike: double(1500, 5000),
    width: double(100, 1400),
    expiry: fc.integer({ min: NOW - 3600, max: NOW + 35 * DAY }),
    quantity: double(-500, 500),
    sigma: double(0.1, 2),
    forwardRatio: double(0.98, 1.02),
  })
  .map(({ isCall, width, ...rest }) => ({
    ...rest,
    type: isCall ? "call" : "put",
    cap: isCall ? rest.strike + width : rest.strike - width,
  }));

/** Any book in any market, observed or not. */
export const arbitraryInput: fc.Arbitrary<DecisionInput> = fc.record(
  {
    timestamp: fc.constant(NOW),
    spot: double(500, 10_000),
    legs: fc.array(leg, { maxLength: 6 }),
    hedgeDelta: double(-600, 600),
    sigma: double(0.05, 3),
    gasUsd: double(0, 500),
    feeRate: double(1e-5, 0.01),
    kappa: double(0, 10),
    checkInterval: fc.integer({ min: 1, max: 3600 }),
    lastRebalanceAt: fc.option(fc.integer({ min: NOW - 10 * DAY, max: NOW })),
    marginCall: fc.boolean(),
    limits: fc.record(
      {
        delta: double(0.1, 1000),
        minDrift: double(0.001, 10),
        maxAge: fc.integer({ min: 60, max: 20 * DAY }),
        gamma: double(1e-4, 1),
        vega: double(1, 1e5),
      },
      { requiredKeys: ["delta", "minDrift", "maxAge"] },
    ),
    observed: fc.record(
      {
        lastRebalanceSpot: double(500, 10_000),
        twap60: double(500, 10_000),
        twap420: double(500, 10_000),
        sigma600: double(0, 3),
        healthFactor: double(1, 4),
      },
      { requiredKeys: [] },
    ),
  },
  {
    requiredKeys: [
      ...(["timestamp", "spot", "legs", "hedgeDelta", "sigma", "gasUsd", "feeRate", "kappa"] as const),
      ...(["checkInterval", "lastRebalanceAt", "marginCall", "limits"] as const),
    ],
  },
);
