import type { Address, PublicClient } from "viem";

import type { Head } from "../chain/head.ts";
import type { FeePolicy } from "../execution/fees.ts";
import { isMinable } from "../execution/fees.ts";
import { gasLimitOf, type NonceLane } from "../execution/lane.ts";
import { LIFETIME, simulate } from "../execution/rebalanceCall.ts";
import type { Settlement } from "../execution/settlement.ts";
import type { Slot } from "../execution/slot.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import { gasCost } from "../market/gasCost.ts";
import { fromWad, toWad } from "../math/units.ts";
import type { Cycle } from "../vaultKeeper.ts";
import type { Duty, DutyCall, Past, Scene } from "./duty.ts";
import { Pause } from "./pause.ts";

export interface DutiesOptions {
  readonly client: PublicClient;
  readonly vault: Address;
  /** In whose name calls are simulated. */
  readonly account: Address;
  /** The most urgent first. */
  readonly duties: readonly Duty[];
  readonly fees: FeePolicy;
  /** USD that the gas of one transaction may cost. */
  readonly gasUsd: number;
  readonly log: Log;
}

/** What hedging has made of a block, and where duties can be sent. */
export interface Occasion {
  readonly head: Head;
  readonly cycle: Pick<Cycle, "snapshot" | "blocked">;
  readonly lane: NonceLane;
}

/** Seconds after which a pending rebalance counts as stuck. */
const HEDGE_PATIENCE = 60n;
/** Seconds after which a duty that could have been mined is looked at again. */
const DUTY_PATIENCE = 120n;

/**
 * Does what anybody may do for a vault, beside its hedging and never in its way: it works on its own while the next blocks are hedged at,
 * has a nonce of its own, one transaction at a time, and keeps its failures to itself. It remembers nothing that matters: what there is to
 * do is read from the chain each time.
 */
export class Duties {
  readonly #options: DutiesOptions;
  readonly #states: readonly DutyState[];
  #working: Promise<void> | null = null;
  /** USDC per ETH, the last that was known. */
  #spot = 0;

  constructor(options: DutiesOptions) {
    this.#options = options;
    this.#states = options.duties.map((duty) => ({
      duty,
      pause: new Pause(),
      past: { lookedAt: -Infinity, sentAt: -Infinity },
    }));
  }

  /** Hands it a block that has been hedged at; ignored while it is busy with an earlier one. Never throws. */
  offer(occasion: Occasion): void {
    this.#working ??= this.#work(occasion).finally(() => {
      this.#working = null;
    });
  }

  /** Waits until it has nothing left to do. */
  async rest(): Promise<void> {
    await this.#working;
  }

  /** Takes in how a transaction ended: one without effect is not tried again at once. */
  onSettled({ attempt, outcome }: Settlement, now: number): void {
    const state = this.#states.find(({ duty }) => duty.kinds.includes(attempt.kind));
    if (state === undefined) return;
    if (outcome.status === "confirmed") state.pause.succeed();
    else state.pause.fail(now);
  }

  async #work({ head, cycle: { snapshot, blocked }, lane }: Occasion): Promise<void> {
    const { vault, log } = this.#options;
    const price = fromWad(snapshot.price === 0n ? snapshot.ethUsd : snapshot.price);
    if (price > 0) this.#spot = price;
    if (lane.isBehind(vault, head)) return;
    const slot = lane.slotOf(vault, "duty");
    if (slot !== null && isUnderWay(slot, head)) return;
    const hedge = lane.slotOf(vault);
    const isHedgeStuck =
      blocked !== null ||
      (hedge?.openedAt !== undefined &&
        hedge.openedAt !== null &&
        head.timestamp - hedge.openedAt > HEDGE_PATIENCE);
    const scene: Scene = { head, snapshot, isHedgeStuck };
    for (const state of this.#states.filter((each) => this.#isDue(each, scene))) {
      const { duty, pause } = state;
      const now = Number(head.timestamp);
      state.past = { ...state.past, lookedAt: now };
      try {
        if (!(await this.#perform(duty, scene, lane))) continue;
        state.past = { ...state.past, sentAt: now };
        return;
      } catch (error) {
        const seconds = pause.fail(now);
        const fields = { vault, block: head.number, duty: duty.name, seconds, error: describeError(error) };
        log.warn(fields, "A duty could not be done and is tried again later.");
      }
    }
    if (slot !== null) await this.#takeBack(slot, head, lane);
  }

  /** As with a rebalance: what nothing takes the place of is pending no longer than its time, and is not mined on a day when it only reverts. */
  async #takeBack(slot: Slot, head: Head, lane: NonceLane): Promise<void> {
    const { vault, log } = this.#options;
    // It may have been mined since the block was offered.
    const isPending = lane.pending.includes(slot);
    if (!isPending || !slot.isSpent(head.timestamp, null)) return;
    try {
      await lane.cancel(slot, head);
    } catch (error) {
      const fields = { vault, block: head.number, error: describeError(error) };
      log.warn(fields, "A duty whose time is up could not be taken back.");
    }
  }

  #isDue({ duty, pause, past }: DutyState, scene: Scene): boolean {
    const { timestamp, baseFeePerGas } = scene.head;
    const now = Number(timestamp);
    if (!pause.isOver(now) || duty.dueAt(scene, past) > now) return false;
    const cap = this.#options.fees.maxBaseFeePerGas;
    return duty.isUrgent || cap === null || baseFeePerGas <= cap;
  }

  /** @returns Whether something was sent. Throws why not, where something should have been. */
  async #perform(duty: Duty, scene: Scene, lane: NonceLane): Promise<boolean> {
    let refusal: string | null = null;
    for await (const call of duty.calls(scene)) {
      const { client, account: from } = this.#options;
      const simulated = await simulate(client, { from, to: call.to, data: call.data });
      if ("gas" in simulated) {
        await this.#send(call, simulated.gas, scene.head, lane);
        return true;
      }
      refusal ??= simulated.revert.text;
    }
    if (refusal !== null) throw new Error(refusal);
    return false;
  }

  async #send({ kind, to, data }: DutyCall, gas: bigint, head: Head, lane: NonceLane): Promise<void> {
    const { vault, fees, gasUsd, log } = this.#options;
    const { priorityFeePerGas } = fees;
    if (this.#spot === 0) throw new Error("No price of ETH is known to price its gas with.");
    const cost = gasCost(
      gasLimitOf(gas),
      { baseFeePerGas: head.baseFeePerGas, priorityFeePerGas },
      this.#spot,
    );
    if (cost > gasUsd)
      throw new Error(`Its gas may cost ${cost.toFixed(2)} USD, more than duties.gasUsd, ${String(gasUsd)}.`);
    const sent = await lane.send({
      ...{ vault, to, kind, data, gas, head, fees },
      ...{ deadline: head.timestamp + LIFETIME, decisionId: null, rebalanceNonce: null },
      worth: toWad(gasUsd / this.#spot),
    });
    if ("refused" in sent) throw new Error(sent.refused);
    log.info({ vault, block: head.number, kind, hash: sent.hash }, "Does a duty.");
  }
}

interface DutyState {
  readonly duty: Duty;
  readonly pause: Pause;
  past: Past;
}

/** Whether it can be waited for: the newest block could have held it, and it was made not long ago. */
function isUnderWay({ newest }: Slot, head: Head): boolean {
  return (
    newest !== null &&
    isMinable(newest, head.baseFeePerGas) &&
    head.timestamp < newest.deadline - LIFETIME + DUTY_PATIENCE
  );
}
