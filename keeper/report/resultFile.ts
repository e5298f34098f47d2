import * as z from "zod";

import { InputError } from "../history/inputError.ts";

/** JSON has no NaN and writes null for it. */
const measure = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);
const params = z.record(z.string(), z.number());
const kind = z.enum(["published", "tuned"]);

const totals = z.object({
  trades: measure,
  turnoverEth: measure,
  gasUsd: measure,
  feeUsd: measure,
  impactUsd: measure,
  fundingUsd: measure,
  penaltyUsd: measure,
  costUsd: measure,
  pnlUsd: measure,
  optionUsd: measure,
  hedgeUsd: measure,
  trackingStd: measure,
  deltaStd: measure,
  riskUsd: measure,
  frictionUsd: measure,
  worstDrift: measure,
  maxDrawdownUsd: measure,
  breachSeconds: measure,
  liquidations: measure,
  steps: measure,
  decisions: measure,
});

const edges = z.array(z.number().nullable());
const series = z
  .object({
    time: z.array(z.number()),
    spot: z.array(measure),
    equity: z.array(measure),
    drift: z.array(measure),
    low: edges,
    high: edges,
    gasGwei: z.array(measure),
  })
  .refine((all) => Object.values(all).every((each) => each.length === all.time.length), {
    message: "must have as many values in each series",
  });

const trade = z.object({
  time: z.number(),
  spot: measure,
  trade: measure,
  reason: z.string(),
  gasUsd: measure,
  feeUsd: measure,
  impactUsd: measure,
  before: measure,
  after: measure,
});

const riskChange = z.object({ from: z.string(), to: z.string(), at: z.number(), why: z.string() });

const run = z.object({
  strategy: z.object({ name: z.string(), params }),
  label: z.string(),
  path: z.int().nonnegative(),
  totals,
  series,
  trades: z.array(trade),
  risk: z.array(riskChange).optional(),
});

const backtest = z.object({
  version: z.literal(1),
  made: z.object({
    source: z.string(),
    from: z.string(),
    to: z.string(),
    step: z.number(),
    check: z.number(),
    seed: z.number(),
    paths: z.number(),
    book: z.string(),
    volatility: z.string(),
    expected: z.string(),
    oracle: z.string(),
    margin: z.string(),
    limits: z.string().optional(),
    risk: z.string().optional(),
    costs: z.object({
      gas: z.string(),
      gasUnits: z.number(),
      feeRate: z.number(),
      kappa: z.number().nullable(),
      liquidity: z.number().nullable(),
      fundingRate: z.number(),
      blockTime: z.number(),
    }),
    riskAversion: z.number(),
  }),
  runs: z.array(run).min(1),
});

const benchmark = z.object({
  version: z.literal(1),
  made: z.object({
    spot: z.number(),
    sigma: z.number(),
    feeRate: z.number(),
    kappa: z.number(),
    paths: z.number(),
    isTuned: z.boolean(),
  }),
  cases: z
    .array(
      z.object({
        book: z.string(),
        isSingleSign: z.boolean(),
        cost: z.string(),
        gasUsd: z.number(),
        riskAversion: z.number(),
        steps: z.number(),
        optimum: measure,
        lot: measure,
        strategies: z.array(
          z.object({
            name: z.string(),
            title: z.string(),
            kind,
            params,
            excess: measure,
            standardError: measure,
            trades: measure,
          }),
        ),
      }),
    )
    .min(1),
  verdict: z.object({
    worstSingleSign: z.number().nullable(),
    worstMixed: z.number().nullable(),
    isWithinTargets: z.boolean(),
    leastLead: z
      .object({
        strategy: z.string(),
        kind,
        book: z.string(),
        cost: z.string(),
        riskAversion: z.number(),
        lead: measure,
      })
      .nullable(),
    isAhead: z.boolean(),
  }),
});

export type BacktestResult = z.infer<typeof backtest>;
export type BacktestRun = BacktestResult["runs"][number];
export type BacktestTotals = BacktestRun["totals"];
export type BenchmarkResult = z.infer<typeof benchmark>;
export type BenchmarkCase = BenchmarkResult["cases"][number];

export type ResultFile =
  | { readonly kind: "backtest"; readonly result: BacktestResult }
  | { readonly kind: "benchmark"; readonly result: BenchmarkResult };

/**
 * What `keeper backtest --json` or `keeper benchmark --json` wrote.
 * @param name of the file, for messages.
 * @throws InputError in one line when it is neither.
 */
export function parseResult(name: string, text: string): ResultFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InputError(`${name} is not JSON`);
  }
  const has = (key: string) => typeof json === "object" && json !== null && Object.hasOwn(json, key);
  if (has("runs")) return { kind: "backtest", result: checked(name, "backtest", backtest.safeParse(json)) };
  if (has("cases"))
    return { kind: "benchmark", result: checked(name, "benchmark", benchmark.safeParse(json)) };
  throw new InputError(`${name} is neither a backtest's nor a benchmark's JSON: it has no runs and no cases`);
}

function checked<T>(name: string, what: string, parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(
    `${name} is not a ${what}'s JSON: ${issue!.path.map(String).join(".")}: ${issue!.message}`,
  );
}
