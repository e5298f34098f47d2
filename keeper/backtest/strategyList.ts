import { InputError } from "../history/inputError.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { clock } from "../strategy/clock.ts";
import { fixedBand } from "../strategy/fixedBand.ts";
import { optimalImpulse } from "../strategy/optimalImpulse.ts";
import type { Strategy } from "../strategy/types.ts";
import { parseNamed, type NamedParameters } from "./namedParameters.ts";

/** A strategy as a command line names it: with the parameters that are not its defaults. */
export type StrategyChoice = NamedParameters;

export interface StrategyContext {
  /** Absolute risk aversion A, 1/USD. */
  readonly riskAversion: number;
}

/**
 * Reads `NAME[:key=value…][,NAME…]`, in order.
 * @throws InputError when it is not of that form, names an unknown strategy or parameter, or one strategy twice.
 */
export function parseStrategyList(text: string, context: StrategyContext): StrategyChoice[] {
  const choices = text.split(",").map((part) => parseNamed("--strategy", part));
  for (const [index, choice] of choices.entries()) {
    makeStrategy(choice, context);
    if (choices.findIndex(({ label }) => label === choice.label) < index)
      throw new InputError(`--strategy: ${choice.label} is listed twice`);
  }
  return choices;
}

/** @throws InputError when there is no such strategy, or a parameter has no meaning. */
export function makeStrategy(choice: StrategyChoice, context: StrategyContext): Strategy {
  try {
    return strategyNamed(choice.name, choice.params, context);
  } catch (error) {
    if (!(error instanceof PolicyInputError)) throw error;
    const path = error.path === "" ? "" : `${error.path} `;
    throw new InputError(`--strategy ${choice.label}: ${path}${error.message}`);
  }
}

type Params = Readonly<Record<string, number>>;

const KNOWN: Readonly<
  Record<string, { defaults: Params; make: (params: Params, context: StrategyContext) => Strategy }>
> = {
  "optimal-impulse": {
    defaults: {},
    make: ({ riskAversion }, context) =>
      optimalImpulse({ riskAversion: riskAversion ?? context.riskAversion }),
  },
  "fixed-band": { defaults: { fraction: 0.05 }, make: ({ fraction }) => fixedBand({ fraction: fraction! }) },
  clock: { defaults: { seconds: 86_400 }, make: ({ seconds }) => clock({ seconds: seconds! }) },
};

/** Stands in for the catalogue of all strategies. */
function strategyNamed(name: string, params: Params, context: StrategyContext): Strategy {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  if (known === undefined)
    throw new PolicyInputError("", `there is no such strategy; known are ${Object.keys(KNOWN).join(", ")}`);
  const keys = name === "optimal-impulse" ? ["riskAversion"] : Object.keys(known.defaults);
  for (const key of Object.keys(params))
    if (!keys.includes(key))
      throw new PolicyInputError(key, `is not a parameter of it; it has ${keys.join(", ")}`);
  return known.make({ ...known.defaults, ...params }, context);
}
