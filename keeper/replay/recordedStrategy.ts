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

const sharedSchema = z.looseObject({
  riskAversion: z.number().positive().optional(),
  limits: z.number().optional(),
});

/** What a strategy was called in records of before. */
const OLD_NAMES = new Map([["clock", "time"]]);

/**
 * The strategy of that name as the live keeper runs it, with what {@link paramsOf} gave or was recorded of it. Throws
 * {@link UnknownStrategyError}.
 */
export function strategyOf(name: string, params: unknown): Promise<Strategy> {
  return make(name, params, { limited: true });
}

/** The same as it ran when it was recorded: without the hard limits where the record is of before they applied to all. */
export function recordedStrategy(name: string, params: unknown): Promise<Strategy> {
  return make(name, params, { limited: false });
}

async function make(
  recordedName: string,
  params: unknown,
  { limited }: { readonly limited: boolean },
): Promise<Strategy> {
  const name = OLD_NAMES.get(recordedName) ?? recordedName;
  const { riskAversion, limits, ...rest } = sharedSchema.catch({}).parse(params);
  const choice = strategySchema.safeParse({ name, params: rest });
  if (!choice.success) {
    const { path, message } = choice.error.issues[0]!;
    throw new UnknownStrategyError(`The strategy ${name} cannot be made: ${path.join(".")}: ${message}.`);
  }
  if (name === "optimal-impulse" && riskAversion === undefined) {
    throw new UnknownStrategyError(`The strategy ${name} cannot be made: params.riskAversion is missing.`);
  }
  return selectStrategy(choice.data, { riskAversion, limited: limited || limits !== undefined });
}
