import { z } from "zod";

import { strategySchema, type StrategyChoice } from "../config/schema.ts";
import { selectStrategy } from "../strategy/select.ts";
import type { Strategy } from "../strategy/types.ts";

/** A strategy that cannot be made again from its name and parameters, in one line. */
export class UnknownStrategyError extends Error {
  override readonly name = "UnknownStrategyError";
}

/** What is recorded of a strategy beside its name, so that it can be made again: its parameters, and the risk aversion where it has one. */
export function paramsOf(
  choice: StrategyChoice,
  { riskAversion }: { readonly riskAversion: number | undefined },
): Readonly<Record<string, number>> {
  if (choice.name !== "optimal-impulse") return choice.params;
  return riskAversion === undefined ? {} : { riskAversion };
}

const riskAversionSchema = z.looseObject({ riskAversion: z.number().positive().optional() });

/** The strategy of that name with what {@link paramsOf} gave. Throws {@link UnknownStrategyError}. */
export async function strategyOf(name: string, params: unknown): Promise<Strategy> {
  const { riskAversion, ...rest } = riskAversionSchema.catch({}).parse(params);
  const choice = strategySchema.safeParse({ name, params: rest });
  if (!choice.success) {
    const { path, message } = choice.error.issues[0]!;
    throw new UnknownStrategyError(`The strategy ${name} cannot be made: ${path.join(".")}: ${message}.`);
  }
  if (name === "optimal-impulse" && riskAversion === undefined) {
    throw new UnknownStrategyError(`The strategy ${name} cannot be made: params.riskAversion is missing.`);
  }
  return selectStrategy(choice.data, { riskAversion });
}
