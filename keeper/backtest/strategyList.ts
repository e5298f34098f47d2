import { strategyNamed, type StrategyContext } from "../competitors/catalogue.ts";
import { InputError } from "../history/inputError.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import type { Strategy } from "../strategy/types.ts";
import { parseNamed, type NamedParameters } from "./namedParameters.ts";

/** A strategy as a command line names it: with the parameters that are not its defaults. */
export type StrategyChoice = NamedParameters;

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
