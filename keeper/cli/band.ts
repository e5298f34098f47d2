import { Command } from "commander";
import { z } from "zod";
import { bandCost } from "../math/bandCost.ts";
import { expiryFloor } from "../math/expiryFloor.ts";
import { impulseBand, marketModel } from "../math/impulseBand.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { waitingValue } from "../math/waitingValue.ts";
import { EntryError, runJsonBatch } from "./jsonBatch.ts";

const positive = z.number().positive();
const nonNegative = z.number().nonnegative();
const question = { d: z.number().optional(), tau: positive.optional() };

const marketEntry = z.strictObject({
  S: positive,
  sigma: positive,
  gamma: z.number(),
  riskAversion: positive,
  gasUsd: nonNegative,
  feeRate: nonNegative,
  kappa: nonNegative,
  ...question,
});
const modelEntry = z.strictObject({
  a2: nonNegative,
  h: positive,
  G: nonNegative,
  ell: nonNegative,
  kappa: nonNegative,
  ...question,
});

type BandEntry = z.infer<typeof marketEntry> | z.infer<typeof modelEntry>;

/** One of the two shapes, told apart by its keys so that an error names the field at fault and not just "no match". */
export const bandEntry = z.unknown().transform((value, context): BandEntry => {
  const isModel =
    typeof value === "object" && value !== null && ["a2", "h", "G", "ell"].some((key) => key in value);
  const parsed = (isModel ? modelEntry : marketEntry).safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: value } as never);
  return z.NEVER;
});

/** The answer to one entry of `keeper band`. */
export interface BandAnswer {
  /** ETH: act at |d| >= b, land at t. */
  readonly b: number;
  readonly t: number;
  /** USD per year of following that band. */
  readonly c: number;
  /** Null when there is no fixed cost: infinitely many. */
  readonly tradesPerYear: number | null;
  /** USD; only when `d` was given. */
  readonly gain?: number;
  readonly cost?: number;
  readonly verdict?: "act" | "hold";
}

/**
 * The band of one entry and, if it has a `d`, the verdict on it.
 *
 * With `tau` the band is widened by `expiryFloor`, and c and tradesPerYear are those of the widened band (`bandCost`).
 *
 * @throws {EntryError} if the entry has no optimal band.
 */
export function answerBand(entry: BandEntry): BandAnswer {
  try {
    const model = "S" in entry ? marketModel(entry) : entry;
    const longRun = impulseBand(model);
    const levels =
      entry.tau === undefined ? { ...longRun, curvature: 1 } : expiryFloor(model, longRun, entry.tau);
    const { c, tradesPerYear } = entry.tau === undefined ? longRun : bandCost(model, levels);
    const band = {
      b: levels.b,
      t: levels.t,
      c,
      tradesPerYear: Number.isFinite(tradesPerYear) ? tradesPerYear : null,
    };
    if (entry.d === undefined) return band;
    const value = waitingValue(model, levels, levels.curvature);
    const gain = value.gain(entry.d);
    const cost = value.cost(entry.d);
    return { ...band, gain, cost, verdict: gain >= cost ? "act" : "hold" };
  } catch (error) {
    if (!(error instanceof PolicyInputError)) throw error;
    const inMarketTerms: Record<string, string> = { G: "gasUsd", ell: "feeRate" };
    throw new EntryError(("S" in entry ? inMarketTerms[error.path] : undefined) ?? error.path, error.message);
  }
}

const HELP = `
An entry is either {S, sigma, gamma, riskAversion, gasUsd, feeRate, kappa}:
  S             spot, USD per ETH
  sigma         volatility, a fraction per root year (0.7 is 70 %)
  gamma         net gamma of the book, ETH per USD (its sign does not matter)
  riskAversion  A, 1/USD (see: keeper calibrate)
  gasUsd        cost of a rebalance in gas, USD
  feeRate       proportional cost, a fraction of the value traded (0.0005 is 5 bps)
  kappa         price impact, USD per ETH squared
or {a2, h, G, ell, kappa}:
  a2            variance of the residual delta, ETH squared per year: (gamma S sigma)^2
  h             holding cost, USD per ETH squared per year: A sigma^2 S^2 / 2
  G             fixed cost of a trade, USD
  ell           proportional cost, USD per ETH
and may have
  d             residual delta to judge, ETH
  tau           years to an expiry after which the book is not renewed: widens the band near it

The answer is {b, t, c, tradesPerYear}: act at |d| >= b, trade to t on the same side (both ETH); c is the cost of
doing so, USD per year. tradesPerYear is null when trades have no fixed cost (infinitely many, infinitely small).
With tau, b and t are the widened levels, and c and tradesPerYear are what these would cost if kept for ever:
c = h (b^2 + t^2)/6 + K(b-t) a2/(b^2 - t^2), with K(w) = G + ell w + kappa w^2.
With d there are also gain, what trading saves, V(d) - V(landing), and cost, K of that trade (both USD), and the
verdict: "act" if gain >= cost, which is so exactly when |d| >= b, else "hold". Past b acting at once is optimal, so
the value of waiting is that of acting and gain equals cost. Below t the gain is negative.

A bad entry is answered by {"error": {"path", "message"}} in its place, the others as usual; the exit code is then 2.

Examples:
  echo '{"S":3000,"sigma":0.6,"gamma":0.2,"riskAversion":1e-4,"gasUsd":36,"feeRate":0.0005,"kappa":0.01}' \\
    | npm run --silent keeper -- band --json -
  echo '[{"a2":1,"h":1,"G":1,"ell":1,"kappa":0,"d":2},{"a2":1,"h":1,"G":1,"ell":1,"kappa":0,"d":1,"tau":0.1}]' \\
    | npm run --silent keeper -- band --json -`;

/** `keeper band`: the optimal no-trade band for given parameters, as JSON. */
export function bandCommand(): Command {
  return new Command("band")
    .description(
      "The optimal no-trade band for given parameters: when to re-hedge, how far, and what it costs.",
    )
    .requiredOption("--json <file>", "a JSON object or an array of them; - reads standard input")
    .addHelpText("after", HELP)
    .action(async ({ json }: { json: string }) => {
      await runJsonBatch(json, bandEntry, answerBand);
    });
}
