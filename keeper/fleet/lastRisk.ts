import type { RiskRecord } from "../risk/riskRecord.ts";
import type { Journal, Subject } from "../store/journal.ts";

/** Decisions looked at: one has no step where its facts could not be told. */
const LOOKED_AT = 20;

/**
 * The last step of a vault's risk state on record, of whichever process took it; null where none of the last decisions has one. What a shadow
 * has made of the market on a store that it shares is its own.
 */
export async function lastRisk(
  journal: Pick<Journal, "decisions">,
  { vault, chainId }: Subject,
): Promise<RiskRecord | null> {
  const found = await Promise.all(
    (["live", "dry"] as const).map((mode) => journal.decisions({ vault, chainId, mode, limit: LOOKED_AT })),
  );
  const steps = found
    .flat()
    .toSorted(
      (one, other) => Number(other.block.timestamp - one.block.timestamp) || Number(other.id - one.id),
    )
    .map(({ input }) => input.risk);
  return steps.find((risk) => risk !== undefined) ?? null;
}
