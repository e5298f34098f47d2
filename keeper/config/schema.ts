import { getAddress, isAddress, type Address } from "viem";
import { z } from "zod";

import { calibrateRiskAversion } from "../math/calibration.ts";
import { MOST_JITTER } from "../strategy/jitter.ts";
import { alertsSchema } from "./alertSettings.ts";
import { riskSchema } from "./riskSettings.ts";
import { serverSchema } from "./serverSettings.ts";

const positive = z.number().positive();
const httpUrl = z.url({ protocol: /^https?$/ });

/** In one spelling, checksum and all: the journal finds an address again by its text. */
export const addressSchema = z
  .custom<Address>((value) => typeof value === "string" && isAddress(value), "is not an address")
  .transform((value) => getAddress(value));

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

/** A strategy and its parameters. */
export const strategySchema = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("optimal-impulse"), params: z.strictObject({}).default({}) }),
  z.strictObject({
    name: z.literal("threshold"),
    params: z
      .strictObject({
        /** |drift| in ETH at which to act. */
        delta: positive,
        /** |drift| in ETH to land at. */
        inner: z.number().nonnegative().default(0),
      })
      .refine(({ delta, inner }) => inner < delta, { path: ["inner"], error: "must be below delta" }),
  }),
  z.strictObject({
    name: z.literal("time"),
    /** Seconds between rebalances. */
    params: z.strictObject({ seconds: positive }),
  }),
  z.strictObject({
    name: z.literal("volatility"),
    params: z.strictObject({
      /** Fraction of the book's option notional that drift may reach at the reference volatility. */
      fraction: positive,
      /** Fraction per root year. */
      reference: positive,
      /** Power of volatility over reference. */
      exponent: z.number().min(-2).max(2).default(-0.5),
    }),
  }),
  z.strictObject({
    name: z.literal("margin"),
    params: z
      .strictObject({
        /** Health factor below which all drift is hedged. */
        trigger: z.number().min(1),
        /** Health factor from which on only `delta` counts. */
        restore: positive,
        /** |drift| in ETH at which to act while health is good. */
        delta: positive,
      })
      .refine(({ trigger, restore }) => restore > trigger, {
        path: ["restore"],
        error: "must be above the trigger",
      }),
  }),
  z.strictObject({
    name: z.literal("fixed-band"),
    /** Fraction of the book's option notional that drift may reach. */
    params: z.strictObject({ fraction: positive }),
  }),
]);

/** A process that holds the key and answers `eth_signTransaction`, such as Web3Signer or Clef. */
const remoteSigner = z.strictObject({
  /** Credentials in it: `user:password@` for Basic authentication, `bearer:token@` for a bearer token. */
  url: httpUrl,
  /** The account it signs for. */
  address: addressSchema,
});

/** A server that passes transactions on to builders without showing them to the public. */
const privateRoute = z.strictObject({
  url: httpUrl,
  method: z
    .enum(["eth_sendPrivateTransaction", "eth_sendPrivateRawTransaction", "eth_sendRawTransaction"])
    .default("eth_sendRawTransaction"),
  /** Where the fate of a transaction is told, with {hash} in the place of its hash. */
  statusUrl: httpUrl.refine((url) => url.includes("{hash}"), "must contain {hash}").optional(),
  /** Seconds after which a transaction that is not mined goes public. */
  publicAfter: z.number().nonnegative().max(86_400).default(60),
});

export type PrivateFields = z.infer<typeof privateRoute>;

/** What the keeper does for a vault beside hedging it: calls that anybody may make, and somebody must. */
const duties = z.strictObject({
  /** Whether to settle series that have expired: until then nobody enters the vault or leaves it at once. */
  settle: z.boolean().default(true),
  /** Whether to have the exits that wait priced as cash comes free. */
  queue: z.boolean().default(true),
  /** Whether to record a breach that the keeper's own hedges do not mend, and to clear one that has ended. */
  breach: z.boolean().default(true),
  /** USD that the gas of one such transaction may cost; while it would cost more, it waits. */
  gasUsd: positive.default(50),
  /** USD that a release must set aside for those who wait, or the keeper does not pay for it. */
  minQueueUsd: positive.default(1000),
});

export type DutyFields = z.infer<typeof duties>;

/** A vault and how it is hedged. */
export const vaultSchema = z
  .strictObject({
    /** Names it in logs, metrics and alerts. */
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/i, "must be letters, digits and hyphens")
      .default("vault"),
    /** Path of the deployment; by default deployments/<chainId>.json. */
    deployment: z.string().min(1).optional(),
    /** Path of a Web3 keystore; its password comes from the environment. */
    keystore: z.string().min(1).optional(),
    remoteSigner: remoteSigner.optional(),
    strategy: strategySchema.default({ name: "optimal-impulse", params: {} }),
    /** Part by which each trade is larger or smaller, drawn anew, so that vaults do not trade in step; 0 for none. */
    jitter: z.number().nonnegative().max(MOST_JITTER).default(0),
    /** Absolute risk aversion, 1/USD; `keeper calibrate` finds it. */
    riskAversion: positive.optional(),
    calibration: calibrationSchema.optional(),
    limits: z.strictObject({
      /** |drift| in ETH at which to act whatever it costs. */
      delta: positive,
      /** |gamma| of the book in ETH per USD above which the delta limit tightens. */
      gamma: positive.optional(),
      /** |vega| of the book in USD per 1.00 of volatility above which it tightens. */
      vega: positive.optional(),
      /** USD that the gas of one transaction may cost, whatever it is worth. */
      gasUsd: positive.default(1000),
    }),
    risk: riskSchema.prefault({}),
    duties: duties.prefault({}),
    priorityFeeGwei: z.number().nonnegative().default(0.1),
    /** Above this base fee only a limit or a margin call is acted on. */
    maxBaseFeeGwei: positive.optional(),
  })
  .superRefine((vault, context) => {
    const refuse = (message: string) => {
      context.addIssue({ code: "custom", path: ["riskAversion"], message });
    };
    if (vault.strategy.name === "optimal-impulse" && vault.riskAversion === undefined)
      refuse("required by the strategy optimal-impulse; `keeper calibrate` finds it");
    if (vault.calibration !== undefined && vault.riskAversion !== undefined) {
      const problem = mismatch(vault.riskAversion, vault.calibration);
      if (problem !== null) refuse(problem);
    }
  });

/** A chain and how it is reached. */
export const chainSchema = z.strictObject({
  /** Asked of the RPC where there is one chain only. */
  chainId: z.int().positive().optional(),
  /** One endpoint, or several: with two the second stands in, with three or more they vote. */
  rpcUrl: z.union([httpUrl.transform((url) => [url]), z.array(httpUrl).min(1).max(16)], {
    error: "must be a URL of http or https, or a list of them",
  }),
  /** Where new blocks are told as they come; without it the head is polled. */
  webSocketUrl: z.url({ protocol: /^wss?$/ }).optional(),
  /** Requests a second that each endpoint allows. */
  requestsPerSecond: positive.optional(),
  private: privateRoute.optional(),
  /** Seconds between looks at the head; beyond 2^31 ms a timer fires at once. */
  pollInterval: positive.max(86_400).default(12),
  /** Blocks after which one stays for ever: two epochs of Ethereum. */
  finalityBlocks: z.int().positive().max(100_000).default(64),
});

/** A socket's path has at most 103 bytes on macOS, 107 on Linux, and `/control.sock` is added. */
const LONGEST_STORE_DIR = 90;

/** What holds for the whole process. */
export const processSchema = z.strictObject({
  /** Bounds over all vaults together. They can only tighten what each vault has of its own. */
  fleet: z
    .strictObject({
      limits: z.strictObject({
        /** |drift| in ETH over all vaults. */
        delta: positive.optional(),
        gasUsd: positive.optional(),
        maxBaseFeeGwei: positive.optional(),
      }),
    })
    .default({ limits: {} }),
  /** Relative to where the keeper is started, or absolute. */
  storeDir: z
    .string()
    .min(1)
    .refine((path) => Buffer.byteLength(path) <= LONGEST_STORE_DIR, {
      error: `is longer than ${String(LONGEST_STORE_DIR)} bytes: no socket can lie in it, which \`status\` and \`pause\` need`,
    })
    .default(".keel/keeper"),
  /** Seconds after which another process may take over from one that has died. */
  leaseSeconds: z.number().min(3).max(3600).default(15),
  /** Days for which decisions to hold are kept. */
  retentionDays: positive.default(90),
  server: serverSchema.optional(),
  alerts: alertsSchema.prefault({}),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
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

export type VaultFields = z.infer<typeof vaultSchema>;
export type ChainFields = z.infer<typeof chainSchema>;
export type ProcessFields = z.infer<typeof processSchema>;
export type StrategyChoice = VaultFields["strategy"];
