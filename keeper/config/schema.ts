import { z } from "zod";

import { calibrateRiskAversion } from "../math/calibration.ts";

const positive = z.number().positive();

/** Conditions under which the risk aversion was calibrated, as `keeper calibrate` writes them. */
export const calibrationSchema = z.strictObject({
  /** USD per root year of P&L standard deviation the operator is willing to carry. */
  pnlDeviation: positive,
  /** USD per ETH. */
  spot: positive,
  /** Fraction per root year. */
  sigma: positive,
  /** Net gamma at the book's limit, ETH per USD. */
  gamma: positive,
  gasUsd: z.number().nonnegative(),
  /** Fraction of the value traded. */
  feeRate: z.number().nonnegative(),
  /** USD per ETH². */
  kappa: z.number().nonnegative(),
});

export type Calibration = z.infer<typeof calibrationSchema>;

/** How far a stored risk aversion may be from what its calibration gives: it may have been written with fewer digits. */
const SAME_RISK_AVERSION = 1e-3;

const strategy = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("optimal-impulse"), params: z.strictObject({}).default({}) }),
  z.strictObject({
    name: z.literal("fixed-band"),
    /** Fraction of the book's option notional that drift may reach. */
    params: z.strictObject({ fraction: positive }),
  }),
  z.strictObject({
    name: z.literal("clock"),
    /** Seconds between rebalances. */
    params: z.strictObject({ seconds: positive }),
  }),
]);

/** The keeper's settings as written in the configuration file, environment already laid over it. */
export const configSchema = z
  .strictObject({
    rpcUrl: z.url({ protocol: /^https?$/ }),
    /** Path of the deployment; by default deployments/<chainId>.json. */
    deployment: z.string().min(1).optional(),
    /** Path of a Web3 keystore; its password comes from the environment. */
    keystore: z.string().min(1).optional(),
    strategy: strategy.default({ name: "optimal-impulse", params: {} }),
    /** Absolute risk aversion, 1/USD; `keeper calibrate` finds it. */
    riskAversion: positive.optional(),
    calibration: calibrationSchema.optional(),
    limits: z.strictObject({
      /** |drift| in ETH at which to act whatever it costs. */
      delta: positive,
    }),
    priorityFeeGwei: z.number().nonnegative().default(0.1),
    /** Above this base fee only a limit or a margin call is acted on. */
    maxBaseFeeGwei: positive.optional(),
    /** Seconds between looks at the head; beyond 2^31 ms a timer fires at once. */
    pollInterval: positive.max(86_400).default(12),
    storeDir: z.string().min(1).default(".keel/keeper"),
    logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  })
  .superRefine((config, context) => {
    if (config.strategy.name === "optimal-impulse" && config.riskAversion === undefined) {
      context.addIssue({
        code: "custom",
        path: ["riskAversion"],
        message: "required by the strategy optimal-impulse; `keeper calibrate` finds it",
      });
    }
    if (config.calibration !== undefined && config.riskAversion !== undefined) {
      const problem = mismatch(config.riskAversion, config.calibration);
      if (problem !== null) context.addIssue({ code: "custom", path: ["riskAversion"], message: problem });
    }
  });

/** A risk aversion kept beside a calibration must be its result, or the record would explain another number. */
function mismatch(riskAversion: number, conditions: Calibration): string | null {
  try {
    const { pnlDeviation, gamma, ...market } = conditions;
    const expected = calibrateRiskAversion({ targetStd: pnlDeviation, gammaCap: gamma, ...market });
    if (Math.abs(riskAversion - expected) <= SAME_RISK_AVERSION * expected) return null;
    return `is not what its calibration gives (${expected.toPrecision(4)}); run \`keeper calibrate\` again`;
  } catch (error) {
    return `cannot follow from its calibration: ${(error as Error).message}`;
  }
}

export type ConfigFields = z.infer<typeof configSchema>;
export type StrategyChoice = ConfigFields["strategy"];
