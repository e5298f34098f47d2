import { getAddress, isAddress, type Address } from "viem";
import { z } from "zod";

import type { FleetStatus } from "../fleet/status.ts";

/** Which records of the journal are asked for, the newest first. */
export interface RecordQuery {
  readonly limit: number;
  readonly vault?: Address;
  readonly chainId?: number;
}

/** A query that cannot be answered, in one line. */
export class QueryError extends Error {}

const DEFAULT_LIMIT = 50;
const MOST = 1000;

const querySchema = z.strictObject({
  vault: z.string().optional(),
  limit: z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MOST)
    .optional(),
});

/** Reads `?vault=&limit=`; a vault is a name of the fleet or an address. Throws {@link QueryError}. */
export function recordQuery(query: Record<string, string[]>, { vaults }: FleetStatus): RecordQuery {
  const repeated = Object.entries(query).find(([, values]) => values.length > 1);
  if (repeated !== undefined) throw new QueryError(`${repeated[0]}: given more than once`);
  const parsed = querySchema.safeParse(
    Object.fromEntries(Object.entries(query).map(([key, values]) => [key, values[0]])),
  );
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new QueryError(
      issue.code === "unrecognized_keys"
        ? `${issue.keys[0]!}: unknown; vault and limit are known`
        : `limit: must be a whole number from 1 to ${String(MOST)}`,
    );
  }
  const { vault, limit = DEFAULT_LIMIT } = parsed.data;
  if (vault === undefined) return { limit };
  if (isAddress(vault, { strict: false })) return { limit, vault: getAddress(vault) };
  const named = vaults.find(({ name }) => name === vault);
  if (named === undefined) throw new QueryError("vault: is neither an address nor a vault of this fleet");
  return { limit, vault: named.vault, chainId: named.chainId };
}
