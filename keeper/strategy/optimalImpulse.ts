import { hardLimitLanding } from "../math/hardLimit.ts";
import { tradeCost } from "../math/impulseBand.ts";
import { PolicyInputError, positive } from "../math/policyInputError.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { waitingValue } from "../math/waitingValue.ts";
import { planBand } from "./bandPlan.ts";
import { bookRisk } from "./bookRisk.ts";
import { isOverdue } from "./elapsed.ts";
import type { Decision, DecisionInput, DecisionReason, Strategy } from "./types.ts";

export interface OptimalImpulseOptions {
  /** Absolute risk aversion A, 1/USD: see `calibrateRiskAversion`. */
  readonly riskAversion: number;
}

/**
 * Re-hedges exactly when the gain of it exceeds its cost: the optimal impulse band of `planBand`.
 *
 * In order: a margin call acts, with the trade the rest asks for, if any; at an edge of the band it trades to the landing point
 * ("gain-over-gas"); at |drift| >= limits.delta it trades to the best landing for acting there ("delta-limit"); after
 * limits.maxAge it trades to t, or to the centre from nearer than that ("age"). What the chain would refuse is held
 * ("below-trigger"), and every trade strictly reduces |drift|. A hedge left without a book is closed.
 *
 * `gain` and `cost` are USD. On a hold they are those of trading to t now. Past b the gain exceeds the cost by what waiting for
 * the next check would lose, (h·d² − c)·interval; limits act whatever the gain.
 *
 * @throws {PolicyInputError} here if riskAversion is not above 0; from `decide` if spot or sigma is not, if a cost is negative, or
 * if gas and fee are both 0 while trades have an impact.
 */
export function optimalImpulse(options: OptimalImpulseOptions): Strategy {
  const riskAversion = positive("riskAversion", options.riskAversion);
  return {
    name: "optimal-impulse",
    params: { riskAversion },
    decide: (input) => decide(input, riskAversion * (input.caution?.riskAversion ?? 1)),
  };
}

function decide(input: DecisionInput, riskAversion: number): Decision {
  const spot = positive("spot", input.spot);
  positive("sigma", input.sigma);
  const risk = bookRisk(input.legs, spot, input.timestamp);
  const drift = risk.delta + input.hedgeDelta;
  if (!Number.isFinite(drift))
    throw new PolicyInputError("legs", "the delta of book or hedge is not a number");

  const plan = planBand(input, risk, riskAversion);
  const { b, t, c, centre, lean, model } = plan;
  const residual = drift - centre;
  const side = Math.sign(residual);
  // Of the side drift is on: where landings are symmetrical, a leaning band's edges are not.
  const value = waitingValue(model, { b: b + side * lean, t }, plan.curvature);
  const size = Math.abs(drift);

  let rule: DecisionReason | null = null;
  let target = drift;
  const landing = centre + side * value.landing(residual);
  // Drift that a trade must end below: the chain lets nobody raise it, and at the delta limit the next trade would be due already.
  const most = Math.min(size, input.limits.delta);
  // As the trade's rounding leaves it: without gas the best landing is the limit itself.
  const isInside = (level: number): boolean => Math.abs(drift + (level - drift)) < most;
  // Before an expiry the band may ask for more drift. No other trade has the gain: it waits.
  if (value.acts(residual) && isInside(landing)) {
    rule = "gain-over-gas";
    target = landing;
  } else if (size >= input.limits.delta) {
    rule = "delta-limit";
    target = centre + side * Math.min(t, hardLimitLanding(model, input.limits.delta - side * centre));
  } else if (isOverdue(input) && size >= input.limits.minDrift) {
    rule = "age";
    target = centre + side * t;
  }
  // A limit may find drift inside t, where the band has no trade to offer: then it lands at the centre, or at zero.
  if (rule !== null && !isInside(target)) target = isInside(centre) ? centre : 0;
  const trade = target - drift;
  if (trade === 0) rule = null;

  const shared = { drift, band: { b, t, c, centre, lean } };
  if (input.marginCall || (rule !== null && size >= input.limits.minDrift)) {
    const cost = tradeCost(model, Math.abs(trade));
    const late = Math.max(0, model.h * residual ** 2 - c) * (input.checkInterval / SECONDS_PER_YEAR);
    const gain =
      rule === "gain-over-gas"
        ? cost + late
        : value.valueOfWaiting(residual) - value.valueOfWaiting(target - centre);
    const reason = input.marginCall ? "margin" : (rule ?? "inside-band");
    return { action: "rebalance", reason, trade, gain, cost, ...shared };
  }
  const waits = input.legs.length === 0 && drift === 0 ? "flat" : "inside-band";
  return {
    action: "hold",
    reason: rule === null ? waits : "below-trigger",
    trade: 0,
    gain: value.gain(residual),
    cost: value.cost(residual),
    ...shared,
  };
}
