import { PolicyInputError, positive } from "../math/policyInputError.ts";
import { bookSize } from "./bookRisk.ts";
import { currentDrift } from "./drift.ts";
import { ruleDecision } from "./ruleDecision.ts";
import type { Strategy } from "./types.ts";

export interface VolatilityOptions {
  /** Of the book's size (`bookSize`), at the reference volatility. */
  readonly fraction: number;
  /** Volatility at which the band is `fraction`, as a fraction per root year. */
  readonly reference: number;
  /** Power of volatility over reference, −2 to 2; −½ when absent. Below 0 the band narrows as volatility rises. */
  readonly exponent?: number;
}

const DEFAULT_EXPONENT = -0.5;
const STEEPEST = 2;
/** The band is never wider or narrower than at the reference by more than this factor: a quiet hour must not leave a book bare. */
const WIDEST = 4;

/**
 * Hedges to zero whenever |drift| is at least `fraction · size · (sigma/reference)^exponent`, whatever it costs. A hedge left
 * without options is closed.
 *
 * Why −½: near the money gamma is φ(0)/(S·σ·√τ), so that drift wanders at a = Γ·S·σ whatever the volatility, while carrying it
 * costs h ∝ σ². A band b hedged to zero costs h·b²/6 + G·a²/b² a year, least at b = (6·a²·G/h)^¼ ∝ σ^−½. An exponent of −1 keeps
 * the P&L deviation that drift may bring, b·S·σ, the same and trades more often; 0 is the fixed band; above 0 the band widens
 * with volatility, for who would rather save trades in a storm.
 *
 * Sigma is that of the input: live the surface's, at the book's own tenor.
 *
 * @throws {PolicyInputError} if fraction or reference is not above 0 or the exponent not within ±2; from `decide` if sigma is not
 * above 0.
 */
export function volatility(options: VolatilityOptions): Strategy {
  const fraction = positive("fraction", options.fraction);
  const reference = positive("reference", options.reference);
  const exponent = options.exponent ?? DEFAULT_EXPONENT;
  if (!(Math.abs(exponent) <= STEEPEST))
    throw new PolicyInputError("exponent", `must be from -2 to 2, got ${String(exponent)}`);
  return {
    name: "volatility",
    params: { fraction, reference, exponent },
    decide(input) {
      const drift = currentDrift(input);
      const factor = (positive("sigma", input.sigma) / reference) ** exponent;
      const clamped = Math.max(1 / WIDEST, Math.min(WIDEST, factor));
      const edge = fraction * clamped * bookSize(input.legs, input.timestamp);
      return ruleDecision(input, { drift, fires: Math.abs(drift) >= edge });
    },
  };
}
