import { decodeFunctionResult, encodeFunctionData, type Address, type PublicClient } from "viem";

import { revertReason } from "../execution/revertReason.ts";
import { vaultDutyAbi } from "./abi.ts";
import type { Duty, DutyCall, Past, Scene } from "./duty.ts";

/** Seconds between looks at who waits. */
const LOOK_EVERY = 300;
/** Seconds between releases. */
const RELEASE_EVERY = 1_800;
const USDC = 1e6;

/**
 * Whether a release is worth its gas.
 * @param assets USDC, 6 decimals, that it would set aside; null where the vault refuses it.
 * @param minUsd USD.
 */
export function isWorthReleasing(assets: bigint | null, minUsd: number): boolean {
  return assets !== null && Number(assets) / USDC >= minUsd;
}

/**
 * Prices the exits that wait, as far as the vault's free cash goes.
 *
 * A spammer's exits of dust cannot drain the keeper's gas: it pays for at most one release in {@link RELEASE_EVERY}, and only for one
 * of `minUsd` or more; to feed it another, somebody must enter at the ask with as much, wait in line and leave at the bid, for more
 * gas than the keeper's. Whoever waits with less may have the line processed by anybody.
 *
 * RPC calls: one in {@link LOOK_EVERY} while nobody waits, else two, beside the simulation.
 */
export class QueueDuty implements Duty {
  readonly name = "queue";
  readonly kinds = ["process-queue"] as const;
  readonly isUrgent = false;
  readonly #client: PublicClient;
  readonly #vault: Address;
  readonly #minUsd: number;

  /** @param minUsd USD that a release must set aside. */
  constructor(client: PublicClient, vault: Address, minUsd: number) {
    this.#client = client;
    this.#vault = vault;
    this.#minUsd = minUsd;
  }

  dueAt(_: Scene, { lookedAt, sentAt }: Past): number {
    return Math.max(lookedAt + LOOK_EVERY, sentAt + RELEASE_EVERY);
  }

  async *calls({ head: { number: blockNumber } }: Scene): AsyncIterable<DutyCall> {
    const { waiting } = await this.#client.readContract({
      ...{ address: this.#vault, abi: vaultDutyAbi, blockNumber },
      functionName: "queue",
    });
    if (waiting === 0n) return;
    const data = encodeFunctionData({ abi: vaultDutyAbi, functionName: "processQueue" });
    if (!isWorthReleasing(await this.#released(data, blockNumber), this.#minUsd)) return;
    yield { kind: "process-queue", to: this.#vault, data };
  }

  async #released(data: `0x${string}`, blockNumber: bigint): Promise<bigint | null> {
    try {
      const { data: answer = "0x" } = await this.#client.call({ to: this.#vault, data, blockNumber });
      const [, assets] = decodeFunctionResult({
        abi: vaultDutyAbi,
        functionName: "processQueue",
        data: answer,
      });
      return assets;
    } catch (error) {
      if (revertReason(error) === null) throw error;
      return null;
    }
  }
}
