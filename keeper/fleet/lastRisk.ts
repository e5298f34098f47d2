import type { RiskRecord } from "../risk/riskRecord.ts";
import type { Journal, Subject } from "../store/journal.ts";

/**
 * The last step of a vault's risk state on record, of whichever process took it; null where the last decision has none. What a shadow
 * has made of the market on a store that it shares is its own.
 */
export async function lastRisk(
  journal: Pick<Journal, "decisions">,
  { vault, chainId }: Subject,
): Promise<RiskRecord | null> {
  const found = await Promise.all(
    (["live", "dry"] as const).map((mode) => journal.decisions({ vault, chainId, mode, limit: 1 })),
  );
  const [last] = found
    .flat()
    .toSorted(
      (one, other) => Number(other.block.timestamp - one.block.timestamp) || Number(other.id - one.id),
    );
  return last?.input.risk ?? null;
}
