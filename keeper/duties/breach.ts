import { encodeFunctionData, type Address, type PublicClient } from "viem";

import { driftOf, type Snapshot } from "../chain/snapshot.ts";
import { vaultDutyAbi } from "./abi.ts";
import type { Duty, DutyCall, Past, Scene } from "./duty.ts";

/** Seconds for which a breach stays on record: `RIPCORD_WAIT` and `RIPCORD_WINDOW` of contracts/vault/HedgeGate.sol. */
const ON_RECORD = 4_500n;
/** Seconds between looks while a hedge that is wanted does not get through. */
const STUCK_EVERY = 60;
/** Seconds between looks while nothing is the matter. */
const CALM_EVERY = 300;

/**
 * Whether the vault has a breach, as `_isBreached` of contracts/vault/HedgeGate.sol has it.
 * @param ripcordDrift ETH, 18 decimals.
 */
export function isBreached(
  snapshot: Pick<Snapshot, "book" | "venues" | "legs">,
  ripcordDrift: bigint,
): boolean {
  const drift = driftOf(snapshot);
  const size = drift < 0n ? -drift : drift;
  if (size >= ripcordDrift || (drift !== 0n && snapshot.legs.length === 0)) return true;
  return snapshot.venues.some(
    ({ liquidationDistance, marginTrigger }) => liquidationDistance < marginTrigger / 2n,
  );
}

/**
 * Records a breach that this keeper cannot mend by itself, which widens what it may pay and lets others mend it; takes one off the record
 * that has ended, before it can lend its wait to the next.
 * @param breachedAt Unix seconds; 0 where none is on record.
 */
export function decideBreach(seen: {
  readonly timestamp: bigint;
  readonly isBreached: boolean;
  readonly breachedAt: bigint;
  readonly isHedgeStuck: boolean;
}): "recordBreach" | "clearBreach" | null {
  const isOnRecord = seen.timestamp < seen.breachedAt + ON_RECORD;
  if (seen.isBreached) return seen.isHedgeStuck && !isOnRecord ? "recordBreach" : null;
  return isOnRecord ? "clearBreach" : null;
}

/**
 * Keeps the record of breaches.
 *
 * RPC calls, beside the simulation: one in {@link CALM_EVERY}, and one more while a breach is on record; two in {@link STUCK_EVERY}
 * while a hedge is stuck.
 */
export class BreachDuty implements Duty {
  readonly name = "breach";
  readonly kinds = ["record-breach", "clear-breach"] as const;
  readonly isUrgent = true;
  readonly #client: PublicClient;
  readonly #vault: Address;

  constructor(client: PublicClient, vault: Address) {
    this.#client = client;
    this.#vault = vault;
  }

  dueAt({ snapshot, isHedgeStuck }: Scene, { lookedAt }: Past): number {
    if (!snapshot.fresh) return Infinity;
    return lookedAt + (isHedgeStuck ? STUCK_EVERY : CALM_EVERY);
  }

  async *calls({ head, snapshot, isHedgeStuck }: Scene): AsyncIterable<DutyCall> {
    const at = { address: this.#vault, abi: vaultDutyAbi, blockNumber: head.number } as const;
    const breachedAt = await this.#client.readContract({ ...at, functionName: "breachedAt" });
    if (breachedAt === 0n && !isHedgeStuck) return;
    const { ripcordDrift } = await this.#client.readContract({ ...at, functionName: "limits" });
    const functionName = decideBreach({
      ...{ timestamp: head.timestamp, breachedAt, isHedgeStuck },
      isBreached: isBreached(snapshot, ripcordDrift),
    });
    if (functionName === null) return;
    yield {
      kind: functionName === "recordBreach" ? "record-breach" : "clear-breach",
      to: this.#vault,
      data: encodeFunctionData({ abi: vaultDutyAbi, functionName }),
    };
  }
}
