import type { Address, PublicClient } from "viem";

import type { Head } from "../chain/head.ts";
import type { Deployment } from "../config/deployment.ts";
import type { VaultSettings } from "../config/load.ts";
import { feePolicyOf } from "../fleet/assemble.ts";
import { silentLog } from "../log/logger.ts";
import { calibrateRiskAversion } from "../math/calibration.ts";
import { gweiToWei } from "../math/units.ts";
import { edgeOf } from "../strategy/bandEdge.ts";
import { deltaLimit } from "../strategy/deltaLimit.ts";
import { jitterOf } from "../strategy/jitter.ts";
import { selectStrategy } from "../strategy/select.ts";
import type { Decision, DecisionInput } from "../strategy/types.ts";
import { VaultKeeper } from "../vaultKeeper.ts";
import { brief, failed, passed, warned, type Check } from "./check.ts";

/** What a vault is kept to: its own limits under those of the fleet. */
export type EffectiveLimits = Pick<VaultSettings, "limits" | "maxBaseFeeGwei">;

/** How many times as much, or as little, the risk aversion may be as its target asks for in the present market. */
const FAR_OFF = 2;

export interface TrialOptions {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly account: Address;
  readonly settings: VaultSettings;
  readonly limits: EffectiveLimits;
  readonly pollInterval: number;
}

/** What the keeper would do now. */
export interface Trial {
  readonly decision: Decision | null;
  readonly input: DecisionInput | null;
  /** Why what it wants would not be sent; null where it wants nothing or may. */
  readonly blocked: string | null;
  /** Of a rebalance; null where none was simulated. */
  readonly gasUnits: bigint | null;
}

/** Decides once as the keeper would, simulations included; nothing is recorded and nothing is sent. Throws what the RPC throws. */
export async function tryDecision(head: Head, options: TrialOptions): Promise<Trial> {
  const { settings, limits, pollInterval, ...place } = options;
  const refused: { error: string | null } = { error: null };
  const keeper = new VaultKeeper({
    ...place,
    strategy: await selectStrategy(settings.strategy, {
      riskAversion: settings.riskAversion,
      jitter: jitterOf(settings.jitter, place.deployment.contracts.Vault, place.deployment.chainId),
    }),
    journal: {
      recordDecision: () => Promise.resolve(0n),
      recordBlocked: ({ error }) => {
        refused.error = error;
        return Promise.resolve(0n);
      },
    },
    log: silentLog,
    limits: limits.limits,
    fees: feePolicyOf({ ...settings, ...limits }),
    checkInterval: pollInterval,
  });
  const { decision, input } = await keeper.onBlock(head, { mode: "dry", lane: null });
  return { decision, input, blocked: refused.error, gasUnits: keeper.gasUnits };
}

/** What the strategy makes of the present market. */
export function checkDecision(subject: string, strategy: string, { decision, blocked }: Trial): Check {
  const name = `${subject}: decision`;
  if (decision === null)
    return failed(
      name,
      `${strategy} cannot decide now`,
      "mend the oracle first; without a price there is no decision",
    );
  const { action, reason, drift, trade, band } = decision;
  const around = band === null ? "" : `, band ${brief(edgeOf(band, -1))} to ${brief(edgeOf(band, 1))} ETH`;
  const wants = action === "hold" ? `holds (${reason})` : `would trade ${brief(trade)} ETH (${reason})`;
  const detail = `${strategy} ${wants}: drift ${brief(drift)} ETH${around}`;
  if (blocked === null) return passed(name, detail);
  return warned(
    name,
    `${detail}; but it would be refused: ${blocked}`,
    "see docs/runbook.md, missed-rebalance: what the vault, the venues or maxBaseFeeGwei refuse",
  );
}

/** Whether a risk aversion that was calibrated once still means what it did. Null where there is nothing to compare. */
export function checkRiskAversion(
  subject: string,
  { riskAversion, calibration }: Pick<VaultSettings, "riskAversion" | "calibration">,
  input: DecisionInput | null,
): Check | null {
  const name = `${subject}: risk aversion`;
  if (riskAversion === undefined) return null;
  if (calibration === undefined || input === null) return passed(name, `${brief(riskAversion)} per USD`);
  const { pnlDeviation, gamma } = calibration;
  const { spot, sigma, feeRate, kappa } = input;
  const gasUsd = input.gasUsd > 0 ? input.gasUsd : calibration.gasUsd;
  const now = calibrateRiskAversion({
    ...{ targetStd: pnlDeviation, gammaCap: gamma, spot, sigma, gasUsd, feeRate, kappa },
  });
  const ratio = riskAversion / now;
  const detail = `${brief(riskAversion)} per USD; ${brief(pnlDeviation)} USD per root year would take ${brief(now)} in this market`;
  if (ratio <= FAR_OFF && ratio >= 1 / FAR_OFF) return passed(name, detail);
  return warned(
    name,
    detail,
    "where the target still holds but the market has changed for good, run `keeper calibrate` again",
  );
}

/** The limits in force, after the fleet's. */
export function checkLimits(
  subject: string,
  own: VaultSettings,
  effective: EffectiveLimits,
  { baseFeePerGas }: Pick<Head, "baseFeePerGas">,
  { input, decision }: Pick<Trial, "input" | "decision">,
): Check {
  const name = `${subject}: limits`;
  const { gasUsd } = effective.limits;
  const cap = effective.maxBaseFeeGwei;
  const { delta, reason } =
    input === null ? { ...effective.limits, reason: "delta-limit" } : deltaLimit(input);
  const causes = [
    ...(effective.limits.delta < own.limits.delta ? ["the fleet's"] : []),
    ...(reason === "delta-limit" ? [] : [`its ${reason}`]),
  ];
  const lowered =
    causes.length === 0
      ? ""
      : ` (${brief(own.limits.delta)} of its own, tightened by ${causes.join(" and ")})`;
  const detail = `acts from ${brief(delta)} ETH of drift${lowered}, for at most ${brief(gasUsd)} USD of gas${
    cap === undefined ? "" : `, below ${brief(cap)} gwei`
  }`;
  const minDrift = input?.limits.minDrift ?? 0;
  if (delta < minDrift) {
    return warned(
      name,
      `${detail}; the vault refuses a rebalance below ${brief(minDrift)} ETH`,
      "raise limits.delta (or the fleet's): between the two the limit asks for what is refused",
    );
  }
  const band = decision?.band ?? null;
  if (band !== null && band.b > delta) {
    return warned(
      name,
      `${detail}; the band reaches ${brief(band.b)} ETH, so that the limit acts before it`,
      "raise limits.delta or the risk aversion: at the limit it trades whatever it costs",
    );
  }
  if (cap !== undefined && baseFeePerGas > gweiToWei(cap)) {
    return warned(
      name,
      `${detail}; the base fee is ${brief(Number(baseFeePerGas) / 1e9)} gwei now`,
      "raise maxBaseFeeGwei where this is no passing peak: until then only a limit or a margin call is sent",
    );
  }
  return passed(name, detail);
}
