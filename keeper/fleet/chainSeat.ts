import type { PublicClient } from "viem";

import { readHead, type Head } from "../chain/head.ts";
import { createHeadTracker, watchHeads, type HeadEvent, type HeadOptions } from "../chain/headSource.ts";
import type { HeadTracker, Reorg } from "../chain/headTracker.ts";
import { CheckInterval } from "../market/checkInterval.ts";
import type { RpcPool } from "../rpc/pool.ts";
import type { Disagreement } from "../rpc/witness.ts";
import { describeError } from "../log/describeError.ts";
import type { Database } from "../store/database.ts";
import { controls } from "../store/controls.ts";
import { LaneFollower } from "./laneFollower.ts";
import type { LaneSeat } from "./laneSeat.ts";
import type { ChainStatus } from "./status.ts";
import type { VaultSeat } from "./vaultSeat.ts";

export interface ChainSeatOptions extends Omit<HeadOptions, "signal"> {
  readonly chainId: number;
  readonly client: PublicClient;
  readonly pool: RpcPool;
  readonly database: Database;
  readonly lanes: readonly LaneSeat[];
  readonly vaults: readonly VaultSeat[];
}

/** One chain in this process: its head, and the lanes and vaults that follow it. */
export class ChainSeat {
  readonly #options: ChainSeatOptions;
  readonly #interval: CheckInterval;
  #head: { readonly head: Head; readonly at: number } | null = null;
  #startedAt = Date.now() / 1000;
  #headInterval: number;
  readonly #tracker: HeadTracker;
  readonly #followers: readonly LaneFollower[];
  #webSocket: ChainStatus["webSocket"];
  #reorgs = 0;
  #deepest = 0;
  #lastDeepReorg: ChainStatus["lastDeepReorg"] = null;
  #lastDisagreement: ChainStatus["lastDisagreement"] = null;

  constructor(options: ChainSeatOptions) {
    this.#options = options;
    this.#headInterval = options.pollInterval;
    this.#interval = new CheckInterval(options.pollInterval);
    this.#tracker = createHeadTracker(options.client, options.finalityBlocks);
    this.#webSocket = options.webSocketUrl === undefined ? "none" : "silent";
    this.#followers = options.lanes.map(
      (lane) =>
        new LaneFollower({
          settle: (head, reorg) => this.#settle(lane, head, reorg),
          offer: (offer) => {
            for (const vault of options.vaults) if (vault.isOn(lane)) vault.offer(offer);
          },
        }),
    );
  }

  get chainId(): number {
    return this.#options.chainId;
  }

  get head(): Head | null {
    return this.#head?.head ?? null;
  }

  get lanes(): readonly LaneSeat[] {
    return this.#options.lanes;
  }

  get vaults(): readonly VaultSeat[] {
    return this.#options.vaults;
  }

  get pool(): RpcPool {
    return this.#options.pool;
  }

  /** Follows the chain until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    this.#startedAt = Date.now() / 1000;
    const onSocketState = (state: "live" | "silent") => {
      this.#webSocket = state;
    };
    const options = { ...this.#options, signal, tracker: this.#tracker, onSocketState };
    for await (const event of watchHeads(client, options)) await this.#onHead(event);
    await this.#rest();
  }

  /** Decides once, at the newest block. Throws what the RPC throws. */
  async decideOnce(): Promise<void> {
    await this.#onHead({ head: await readHead(this.#options.client), reorg: null });
    await this.#rest();
  }

  /** Looks after what is pending, at the newest block. @returns Whether any of it can still take effect. */
  async isAwaiting(): Promise<boolean> {
    const { client, lanes } = this.#options;
    if (lanes.every(({ lane }) => lane === null || lane.pending.length === 0)) return false;
    const head = await readHead(client);
    await Promise.all(lanes.map((lane) => this.#settle(lane, head, null)));
    const slots = lanes.flatMap(({ lane }) => lane?.pending ?? []);
    return slots.some((slot) => !slot.isSpent(head.timestamp, null));
  }

  /** Gives the lanes back. */
  async release(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.release()));
  }

  /** Wei that the dearest rebalance of a lane's vaults would cost now; null while not known. */
  rebalanceCost(lane: LaneSeat): bigint | null {
    const { head } = this;
    if (head === null) return null;
    const costs = this.vaults
      .filter((vault) => vault.isOn(lane))
      .map((vault) => vault.rebalanceCost(head.baseFeePerGas))
      .filter((cost) => cost !== null);
    return costs.length === 0 ? null : costs.reduce((a, b) => (a > b ? a : b));
  }

  /** Notes what the RPC pool has found. */
  onDisagreement(report: Disagreement): void {
    this.#lastDisagreement = { at: Date.now() / 1000, ...report };
    this.#options.log.warn({ chainId: this.chainId, ...report }, "RPC endpoints disagree.");
  }

  status(now: number): ChainStatus {
    const { pool, finalityBlocks } = this.#options;
    const number = this.head?.number ?? null;
    const depth = BigInt(finalityBlocks);
    return {
      chainId: this.chainId,
      head: number,
      headAge: now - (this.#head?.at ?? this.#startedAt),
      headInterval: this.#headInterval,
      finalized: number === null ? null : number > depth ? number - depth : 0n,
      reorgs: this.#reorgs,
      deepestReorg: this.#deepest,
      lastDeepReorg: this.#lastDeepReorg,
      endpoints: pool.health(),
      lastDisagreement: this.#lastDisagreement,
      webSocket: this.#webSocket,
    };
  }

  /** Tells lanes and vaults of a head, and waits for none of them. */
  async #onHead({ head, reorg }: HeadEvent): Promise<void> {
    const { lanes, vaults, log, pollInterval } = this.#options;
    const seenAt = performance.now();
    this.#head = { head, at: Date.now() / 1000 };
    this.#headInterval = Math.max(pollInterval, this.#interval.observe(Number(head.timestamp)));
    if (reorg !== null) {
      const { depth, ancestor, pastFinality } = reorg;
      this.#reorgs += 1;
      this.#deepest = Math.max(this.#deepest, depth);
      if (pastFinality) this.#lastDeepReorg = { at: Date.now() / 1000, depth, ancestor };
      log[pastFinality ? "error" : "warn"](
        { chainId: this.chainId, depth, ancestor },
        "The chain was reorganised.",
      );
    }
    const isHeard = this.#readControls();
    for (const follower of this.#followers) follower.follow({ head, reorg, seenAt, isHeard });
    await isHeard;
    const shadows = vaults.filter((vault) => !lanes.some((lane) => vault.isOn(lane)));
    for (const shadow of shadows) shadow.offer({ head, seenAt, rpcSeconds: 0 });
  }

  /** Waits until lanes and vaults are done with what they are at. */
  async #rest(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.stop()));
    await Promise.all(this.vaults.map((vault) => vault.rest()));
  }

  async #settle(lane: LaneSeat, head: Head, reorg: Reorg | null): Promise<void> {
    const { vaults, finalityBlocks, log } = this.#options;
    const finalized = head.number - BigInt(finalityBlocks);
    for (const settlement of await lane.onHead(head, reorg, finalized)) {
      const { vault, hash } = settlement.attempt;
      try {
        await vaults.find(({ subject }) => subject.vault === vault)?.onSettled(settlement);
      } catch (error) {
        log.error(
          { vault, hash, error: describeError(error) },
          "The end of a transaction could not be noted.",
        );
      }
    }
  }

  /** While the database is away what it said last goes on to hold: nothing can be sent without it. */
  async #readControls(): Promise<void> {
    const { database, vaults, log } = this.#options;
    try {
      const said = await controls(
        database,
        this.chainId,
        vaults.map(({ subject }) => subject.vault),
      );
      for (const vault of vaults) vault.controls = said.get(vault.subject.vault)!;
    } catch (error) {
      log.error(
        { chainId: this.chainId, error: describeError(error) },
        "The operator's word could not be read.",
      );
    }
  }
}
