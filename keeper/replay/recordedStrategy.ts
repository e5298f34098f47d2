import { z } from "zod";

import { strategySchema, type StrategyChoice } from "../config/schema.ts";
import { MOST_JITTER } from "../strategy/jitter.ts";
import { selectStrategy } from "../strategy/select.ts";
import type { Strategy } from "../strategy/types.ts";

/** A strategy that cannot be made again from its name and parameters, in one line. */
export class UnknownStrategyError extends Error {
  override readonly name = "UnknownStrategyError";
}

/** What a strategy of the settings is made with: its parameters, and the risk aversion where it has one. What jitters it comes on top. */
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
  jitter: z.number().positive().max(MOST_JITTER).optional(),
  phase: z.int().nonnegative().default(0),
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
  const shared = sharedSchema.safeParse(params ?? {});
  if (!shared.success) throw unmakeable(name, shared.error);
  const { riskAversion, limits, jitter, phase, ...rest } = shared.data;
  const choice = strategySchema.safeParse({ name, params: rest });
  if (!choice.success) throw unmakeable(name, choice.error);
  if (name === "optimal-impulse" && riskAversion === undefined) {
    throw new UnknownStrategyError(`The strategy ${name} cannot be made: params.riskAversion is missing.`);
  }
  return selectStrategy(choice.data, {
    ...{ riskAversion, limited: limited || limits !== undefined },
    jitter: jitter === undefined ? null : { spread: jitter, phase },
  });
}

function unmakeable(name: string, { issues }: z.ZodError): UnknownStrategyError {
  const { path, message } = issues[0]!;
  const place = path[0] === "params" || path[0] === "name" ? path : ["params", ...path];
  return new UnknownStrategyError(`The strategy ${name} cannot be made: ${place.join(".")}: ${message}.`);
}
