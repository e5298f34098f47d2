import type { Config, VaultSettings } from "../config/load.ts";

/** What of a vault's settings the fleet may tighten. */
export type EffectiveLimits = Pick<VaultSettings, "limits" | "maxBaseFeeGwei">;

/**
 * The limits each vault is kept to: its own, or tighter where the fleet's ask for it. Where the delta limits add up to more than the fleet's, all
 * are scaled alike until they do not, so that |Σ drift| cannot pass the fleet's while each vault keeps its own.
 * @returns In the order of the vaults.
 */
export function fleetLimits({ vaults, fleet }: Pick<Config, "vaults" | "fleet">): EffectiveLimits[] {
  const { delta = Infinity, gasUsd = Infinity, maxBaseFeeGwei = Infinity } = fleet.limits;
  const scale = Math.min(1, delta / vaults.reduce((sum, { limits }) => sum + limits.delta, 0));
  return vaults.map((vault) => {
    const baseFee = Math.min(vault.maxBaseFeeGwei ?? Infinity, maxBaseFeeGwei);
    return {
      limits: { delta: vault.limits.delta * scale, gasUsd: Math.min(vault.limits.gasUsd, gasUsd) },
      ...(baseFee === Infinity ? {} : { maxBaseFeeGwei: baseFee }),
    };
  });
}
