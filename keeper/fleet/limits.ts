import type { Config, VaultSettings } from "../config/load.ts";
import { positive } from "../math/policyInputError.ts";

/** What bounds one vault. */
export interface VaultLimits {
  /** ETH: |drift| at which to act whatever it costs. */
  readonly delta: number;
  /** Above this base fee only a limit or a margin call is acted on; none when absent. */
  readonly maxBaseFeeGwei?: number | undefined;
  /** USD that the gas of one transaction may cost; unbounded when absent. */
  readonly gasUsd?: number | undefined;
}

/** What bounds all vaults together, in the units of {@link VaultLimits}; `delta` is of the sum of their drifts. */
export type FleetLimits = Readonly<Partial<VaultLimits>>;

/**
 * Each vault's limits under those of the fleet, in order: never wider than its own.
 *
 * The delta limits are scaled in proportion until their sum is at most the fleet's; |Σ drift| ≤ Σ |drift|, so the fleet's drift
 * is bounded as long as each vault's is. Scaling, and not cutting the largest, keeps how the operator has shared out the risk.
 * The others are the smaller of both.
 *
 * @throws {PolicyInputError} if a limit of the fleet or a delta limit is not finite and above 0.
 */
export function fleetLimits<Limits extends VaultLimits>({
  fleet,
  vaults,
}: {
  readonly fleet: FleetLimits;
  readonly vaults: readonly Limits[];
}): Limits[] {
  const total = vaults.reduce((sum, { delta }) => sum + positive("limits.delta", delta), 0);
  // Each product and each sum may round up by 2^-53 of its value.
  const rounding = 1 - (vaults.length + 2) * Number.EPSILON;
  const share =
    fleet.delta === undefined || total <= positive("fleet.delta", fleet.delta)
      ? 1
      : (fleet.delta / total) * rounding;
  return vaults.map((own) => ({
    ...own,
    delta: own.delta * share,
    ...smallerOf("maxBaseFeeGwei", own, fleet),
    ...smallerOf("gasUsd", own, fleet),
  }));
}

function smallerOf(
  limit: "maxBaseFeeGwei" | "gasUsd",
  own: VaultLimits,
  fleet: FleetLimits,
): Partial<VaultLimits> {
  const bound = fleet[limit];
  if (bound === undefined) return {};
  return { [limit]: Math.min(own[limit] ?? Infinity, positive(`fleet.${limit}`, bound)) };
}

/** What of a vault's settings the fleet may tighten. */
export type EffectiveLimits = Pick<VaultSettings, "limits" | "maxBaseFeeGwei">;

/** What each vault of the settings is kept to, in their order: its own limits under those of the fleet. */
export function limitsOf({ vaults, fleet }: Pick<Config, "vaults" | "fleet">): EffectiveLimits[] {
  const own = vaults.map(({ limits, maxBaseFeeGwei }) => ({ ...limits, maxBaseFeeGwei }));
  return fleetLimits({ fleet: fleet.limits, vaults: own }).map(({ maxBaseFeeGwei, ...limits }) => ({
    limits,
    ...(maxBaseFeeGwei === undefined ? {} : { maxBaseFeeGwei }),
  }));
}
