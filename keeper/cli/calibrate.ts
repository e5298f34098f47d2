import { createReadStream, existsSync } from "node:fs";
import { realpath, rename, stat, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { Command, InvalidArgumentError } from "commander";
import { ConfigError, DEFAULT_CONFIG_FILE, describeIssue, readJsonObject } from "../config/load.ts";
import { calibrationSchema, type Calibration } from "../config/schema.ts";
import { calibrateRiskAversion } from "../math/calibration.ts";
import { PolicyInputError } from "../math/policyInputError.ts";

interface CalibrateFlags {
  readonly targetStd?: number;
  readonly spot?: number;
  readonly sigma?: number;
  readonly gammaCap?: number;
  readonly gasUsd?: number;
  readonly gasGwei?: number;
  readonly gasUnits: number;
  readonly feeRate?: number;
  readonly kappa: number;
  readonly json?: string;
  readonly write?: string;
}

/** Where the parameters of the calibration and of the market have another name in the config. */
const FIELD_OF: Record<string, string> = { targetStd: "pnlDeviation", gammaCap: "gamma", S: "spot" };

const HELP = `
The risk aversion A is chosen so that the optimal band leaves a P&L standard deviation of sigma S sqrt((b^2+t^2)/6)
equal to the target at these conditions. It is then kept: the band goes on reacting to gas, gamma and volatility.

Give the conditions by flags or, with --json, as the object that is stored under "calibration":
{pnlDeviation, spot, sigma, gamma, gasUsd, feeRate, kappa}.

Example: carry 20,000 USD per root year at 30 gwei, at a net gamma of 0.2 ETH per USD:
  npm run --silent keeper -- calibrate --target-std 20000 --spot 3000 --sigma 0.6 --gamma-cap 0.2 \\
    --gas-gwei 30 --fee-rate 0.0005 --write ${DEFAULT_CONFIG_FILE}`;

/** `keeper calibrate`: risk aversion from the P&L standard deviation an operator is willing to carry. */
export function calibrateCommand(): Command {
  return new Command("calibrate")
    .description(
      "The risk aversion that matches a P&L standard deviation at reference conditions; stored once, then kept.",
    )
    .option("--target-std <usd>", "P&L standard deviation to carry, USD per root year", toNumber)
    .option("--spot <usd>", "reference spot, USD per ETH", toNumber)
    .option("--sigma <fraction>", "reference volatility, a fraction per root year (0.6 is 60 %)", toNumber)
    .option("--gamma-cap <gamma>", "net gamma at the book's limit, ETH per USD", toNumber)
    .option("--gas-usd <usd>", "cost of a rebalance at median gas, USD", toNumber)
    .option(
      "--gas-gwei <gwei>",
      "or: median gas price, gwei, times --gas-units at the reference spot",
      toNumber,
    )
    .option(
      "--gas-units <gas>",
      "gas a rebalance uses; what one on the lending short measures",
      toNumber,
      800_000,
    )
    .option(
      "--fee-rate <fraction>",
      "proportional cost, a fraction of the value traded (0.0005 is 5 bps)",
      toNumber,
    )
    .option("--kappa <usd>", "price impact, USD per ETH squared", toNumber, 0)
    .option("--json <file>", "the conditions as a JSON object instead; - reads standard input")
    .option(
      "--write <file>",
      "store riskAversion and calibration in this JSON config file, keeping the rest; made where there is none",
    )
    .addHelpText("after", HELP)
    .action(async (flags: CalibrateFlags) => {
      try {
        const conditions = flags.json === undefined ? fromFlags(flags) : await fromJson(flags.json);
        const { pnlDeviation: targetStd, gamma: gammaCap, ...rest } = conditions;
        const riskAversion = calibrateRiskAversion({ targetStd, gammaCap, ...rest });
        const result = { riskAversion, calibration: conditions };
        if (flags.write !== undefined) await store(flags.write, result);
        process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      } catch (error) {
        if (!(error instanceof ConfigError || error instanceof PolicyInputError)) throw error;
        const where = error instanceof PolicyInputError ? `${FIELD_OF[error.path] ?? error.path}: ` : "";
        process.stderr.write(`${where}${error.message}\n`);
        process.exitCode = 2;
      }
    });
}

function toNumber(value: string): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number)) throw new InvalidArgumentError("Not a number.");
  return number;
}

function fromFlags(flags: CalibrateFlags): Calibration {
  const spot = required("--spot", flags.spot);
  return {
    pnlDeviation: required("--target-std", flags.targetStd),
    spot,
    sigma: required("--sigma", flags.sigma),
    gamma: required("--gamma-cap", flags.gammaCap),
    gasUsd: gasUsd(flags, spot),
    feeRate: required("--fee-rate", flags.feeRate),
    kappa: flags.kappa,
  };
}

function gasUsd(flags: CalibrateFlags, spot: number): number {
  if (flags.gasUsd !== undefined && flags.gasGwei !== undefined) {
    throw new ConfigError(["--gas-usd and --gas-gwei exclude each other"]);
  }
  if (flags.gasUsd !== undefined) return flags.gasUsd;
  return required("--gas-usd (or --gas-gwei)", flags.gasGwei) * 1e-9 * flags.gasUnits * spot;
}

function required(flag: string, value: number | undefined): number {
  if (value === undefined) throw new ConfigError([`${flag} is required`]);
  return value;
}

async function fromJson(file: string): Promise<Calibration> {
  const parsed = calibrationSchema.safeParse(await readJson(file));
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.flatMap(describeIssue).map((line) => `${file}: ${line}`));
}

/** Of a config that is made here; it will hold an endpoint. */
const PRIVATE = 0o600;

/**
 * Writes beside the file and renames, so that a crash leaves the old config or the new one, and who may read it stays.
 * A config that is not there is made of these settings alone, and that is said: the name may have been mistyped.
 */
async function store(
  file: string,
  result: { riskAversion: number; calibration: Calibration },
): Promise<void> {
  const isNew = !existsSync(file);
  const config = isNew ? {} : readJsonObject(file);
  try {
    const target = isNew ? file : await realpath(file);
    const mode = isNew ? PRIVATE : (await stat(target)).mode;
    const temporary = `${target}.${process.pid}.tmp`;
    await writeFile(temporary, `${JSON.stringify({ ...config, ...result }, null, 2)}\n`, { mode });
    await rename(temporary, target);
  } catch (error) {
    throw new ConfigError([
      `${file}: cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`,
    ]);
  }
  if (isNew) process.stderr.write(`${file}: made with riskAversion and calibration only\n`);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await text(file === "-" ? process.stdin : createReadStream(file)));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ConfigError([`${file}: not JSON: ${error.message}`]);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new ConfigError([`${file}: ${code === "ENOENT" ? "no such file" : code}`]);
  }
}
