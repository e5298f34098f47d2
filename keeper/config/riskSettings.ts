import { z } from "zod";

const positive = z.number().positive();
const part = z.number().positive().max(1);

interface Ladder {
  readonly cautious: number;
  readonly defensive: number;
  /** Absent: this fact never halts, unless the operator says so. */
  readonly halt?: number;
  readonly leave: number;
}

/**
 * From what value of a fact on each state is entered, and below what part of that it is left. Every fact is larger the worse it is.
 */
function ladder({ cautious, defensive, halt, leave }: Ladder) {
  // With a default or without one, it may be left out.
  const optional = (halt === undefined ? positive.optional() : positive.default(halt)) as z.ZodOptional<
    typeof positive
  >;
  return z
    .strictObject({
      cautious: positive.default(cautious),
      defensive: positive.default(defensive),
      halt: optional,
      /** At 1 a fact that stands at its threshold would make the state flap. */
      leave: positive.lt(1).default(leave),
    })
    .refine((each) => each.cautious < each.defensive && each.defensive < (each.halt ?? Infinity), {
      path: ["defensive"],
      error: "must lie above cautious and below halt",
    });
}

/** Where somebody else's opinion of the market is read, sentiment or anything else: `keeper/signals/signal.ts` has what it answers. */
const feed = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }),
    /** As its answer must name it. */
    name: z.string().min(1).default("risk"),
    /** Seconds between looks. */
    every: positive.max(86_400).default(60),
    /** Seconds for which what it said counts, by its own time. */
    maxAge: positive.default(600),
  })
  .refine(({ every, maxAge }) => maxAge > every, { path: ["maxAge"], error: "must be longer than every" });

export type FeedFields = z.infer<typeof feed>;

/**
 * When the risk manager becomes careful, and what it does then. It only ever tightens what the operator has set.
 *
 * The reasons of the numbers are in `keeper/risk/riskFacts.ts` and `docs/runbook.md`.
 */
export const riskSchema = z.strictObject({
  enabled: z.boolean().default(true),
  /** Seconds to look ahead for a breach. */
  horizon: positive.max(86_400).default(600),
  /** Seconds after which a move of the price counts half in the realised volatility. */
  halfLife: positive.default(3600),
  /** Seconds of calm after which a state is left for the next lower one. */
  dwell: positive.default(1800),
  /** Probability that a limit breaks within the horizon although the book was level. */
  breach: ladder({ cautious: 0.01, defensive: 0.05, halt: 0.5, leave: 0.25 }).prefault({}),
  /** Realised over implied volatility. */
  volatility: ladder({ cautious: 2, defensive: 3, leave: 0.7 }).prefault({}),
  /** What the pool's depth usually is, over what it is. */
  thinness: ladder({ cautious: 2, defensive: 4, halt: 20, leave: 0.7 }).prefault({}),
  /** Part by which pool and oracle differ. */
  gap: ladder({ cautious: 0.01, defensive: 0.02, halt: 0.05, leave: 0.6 }).prefault({}),
  /** A venue's margin trigger over its distance to liquidation. */
  margin: ladder({ cautious: 0.75, defensive: 0.95, halt: 2, leave: 0.85 }).prefault({}),
  /** What the feed says, from 0 to 1. */
  signal: ladder({ cautious: 0.5, defensive: 0.8, leave: 0.7 }).prefault({}),
  feed: feed.optional(),
  /** What the states do: to what part the limits of drift and age shrink, and by how much risk aversion grows. */
  tighten: z
    .strictObject({
      cautious: z.strictObject({ delta: part.default(0.75), age: part.default(0.5) }).prefault({}),
      defensive: z
        .strictObject({
          delta: part.default(0.5),
          age: part.default(0.25),
          riskAversion: z.number().min(1).max(100).default(4),
        })
        .prefault({}),
    })
    .refine(({ cautious, defensive }) => defensive.delta <= cautious.delta && defensive.age <= cautious.age, {
      path: ["defensive"],
      error: "must be at least as tight as cautious",
    })
    .prefault({}),
});

/** What is recorded with every step; where a feed is, is a secret. */
export type RiskSettings = Omit<z.infer<typeof riskSchema>, "feed">;
