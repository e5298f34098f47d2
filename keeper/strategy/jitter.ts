import { PolicyInputError } from "../math/policyInputError.ts";
import { Random } from "../math/random.ts";
import type { DecisionInput, Strategy } from "./types.ts";

/** What keeps one vault's trades out of step with those of others. */
export interface Jitter {
  /** Part by which each trade may be larger or smaller than the strategy has it, from above 0 to {@link MOST_JITTER}. */
  readonly spread: number;
  /** Of whose jitter it is: {@link phaseOf} the vault. */
  readonly phase: number;
}

/** Beyond a half jitter costs more than it brings: `docs/stability.md`. */
export const MOST_JITTER = 0.5;

/** Bits of an address that tell vaults apart; a number holds them exactly. */
export const PHASE_BITS = 48;

/** A number of a vault's own, the same whenever and wherever it is asked. @param vault Its address. */
export function phaseOf(vault: string, chainId: number): number {
  return Number(BigInt.asUintN(PHASE_BITS, BigInt(vault) ^ BigInt(chainId)));
}

/** The jitter of a vault by its operator's setting; null for none. */
export function jitterOf(spread: number, vault: string, chainId: number): Jitter | null {
  return spread === 0 ? null : { spread, phase: phaseOf(vault, chainId) };
}

/**
 * The factor of the next trade, evenly from 1 − spread to 1 + spread: a hash of the phase and the last rebalance. It is drawn anew with
 * each rebalance and stays until the next, so that the edge does not move to and fro while drift is near it.
 */
export function jitterFactor({ spread, phase }: Jitter, lastRebalanceAt: number | null): number {
  const random = new Random(phase, lastRebalanceAt === null ? "" : String(lastRebalanceAt));
  return 1 + spread * (2 * random.uniform() - 1);
}

/**
 * A strategy whose every trade is larger or smaller by a factor of its own, so that vaults with like books and settings do not trade in
 * the same minute. Where it lands stays what it is; when it acts moves. `keeper simulate herd` shows what that does to a market and
 * what it costs who does it (`--only jitter`: each trade drawn anew).
 *
 * Pure: the factor follows from the recorded input and the recorded parameters. Limits belong around it (`withLimits`).
 *
 * @param make The strategy whose trades are so many times as large.
 * @throws {PolicyInputError} if the spread is not above 0 and at most a half, or the phase no whole number from 0 on.
 */
export function withJitter(jitter: Jitter, make: (factor: number) => Strategy): Strategy {
  const { spread, phase } = jitter;
  if (!(spread > 0 && spread <= MOST_JITTER))
    throw new PolicyInputError("jitter", `must be above 0 and at most ${String(MOST_JITTER)}`);
  if (!(Number.isSafeInteger(phase) && phase >= 0))
    throw new PolicyInputError("phase", "must be a whole number from 0 on");
  const own = make(1);
  return {
    name: own.name,
    params: { ...own.params, jitter: spread, phase },
    unjittered: own,
    decide: (input: DecisionInput) => make(jitterFactor(jitter, input.lastRebalanceAt)).decide(input),
  };
}
