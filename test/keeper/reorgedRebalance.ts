import { expect } from "chai";
import type { Hash } from "viem";

import type { NonceLane } from "../../keeper/execution/lane.ts";
import { GainMeter } from "../../keeper/fleet/gainMeter.ts";
import { noObserver } from "../../keeper/fleet/observer.ts";
import { VaultSeat } from "../../keeper/fleet/vaultSeat.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { headAt, reorgTo } from "./utils/fakeChain.ts";
import { laneHarness, signer } from "./utils/laneHarness.ts";
import { decided, inputAt } from "./utils/recordedDecisions.ts";

const RISK_AVERSION = 1e-4;
const NOTHING = [0, 0, 0, 0, 0];

describe("a rebalance that a reorg takes back", () => {
  const harness = laneHarness();
  const strategy = optimalImpulse({ riskAversion: RISK_AVERSION });
  const made = decided(0, strategy);
  const { vault, chainId } = made;
  const reorg = reorgTo(1n);
  let lane: NonceLane;
  let seat: VaultSeat;
  let hash: Hash;
  let told: string[];
  /** The block at which the strategy trades again. */
  let tradesAt: bigint;

  /** A vault's seat of a process of its own. */
  async function sit(): Promise<VaultSeat> {
    const { database, journal } = harness;
    const opened = new VaultSeat({
      ...{ name: "v", account: signer.address, strategy: "s", deltaLimit: 1, build: "b", log: silentLog },
      ...{ observer: noObserver, priorityFeePerGas: 1n, journal, check: async () => undefined },
      duties: { onSettled: () => told.push("duties"), rest: async () => undefined } as never,
      gains: new GainMeter({ database, journal, riskAversion: RISK_AVERSION, vault, chainId }),
      keeper: {
        subject: { vault, chainId },
        onBlock: async ({ number }: { number: bigint }) => {
          const action = number >= tradesAt ? "rebalance" : "hold";
          const decision = { ...made.decision, action, drift: -10 - Number(number) };
          const spot = 3000 + 10 * Number(number);
          const snapshot = { price: 3000n * 10n ** 18n, venues: [] };
          return { snapshot, decision, input: { ...inputAt(0), spot }, blocked: null };
        },
      } as never,
      seat: { isHeld: true, lane, account: signer.address } as never,
    });
    await opened.start();
    return opened;
  }
  /** A block as a chain's seat hands it to lanes and vaults. */
  async function block(number: bigint, branch = "main", taken: typeof reorg | null = null): Promise<void> {
    const head = headAt(number, branch);
    for (const settlement of await lane.onHead(head, taken)) await seat.onSettled(settlement);
    seat.offer({ head, seenAt: 0, rpcSeconds: 0 });
    await seat.rest();
  }
  /** Its gains and what is counted of it; the same for a process that starts now. */
  async function counts(): Promise<number[]> {
    const of = (each: VaultSeat) => {
      const { gains, rebalances, reverted, gasUsd } = each.status(0);
      return [gains.count, gains.open, rebalances, reverted, Math.ceil(gasUsd)];
    };
    expect(of(await sit())).to.deep.equal(of(seat));
    return of(seat);
  }
  /** Takes the rebalance off the chain. */
  async function takeBack(): Promise<void> {
    harness.chain.unmine(hash);
    harness.chain.count = 0n;
    await block(3n, "other", reorg);
    expect(await counts()).to.deep.equal(NOTHING);
    expect((await harness.journal.executions({ limit: 1 }))[0]?.status).to.equal("sent");
  }

  beforeEach(async () => {
    told = [];
    tradesAt = 4n;
    lane = await harness.open();
    seat = await sit();
    const decision = { ...made.decision, action: "rebalance", drift: -50, trade: 40 } as const;
    const decisionId = await harness.journal.recordDecision({ ...made, block: headAt(1n), decision });
    hash = await harness.hashOf(harness.send(lane, vault, 1n, { decisionId }));
    await block(1n);
    harness.chain.count = 1n;
    harness.chain.mine(hash, 2n, "lost");
    for (const number of [2n, 3n, 4n]) await block(number, "lost");
    expect(await counts()).to.deep.equal([1, 0, 1, 0, 1]);
    told = [];
  });

  it("is counted for nothing once it has reverted elsewhere", async () => {
    await takeBack();
    // Its duties have nothing to learn from what has not ended.
    expect(told).to.deep.equal([]);
    harness.chain.count = 1n;
    harness.chain.mine(hash, 4n, "other", "0x0");
    await block(4n, "other");
    expect(await counts()).to.deep.equal([0, 0, 0, 1, 1]);
    expect(told).to.deep.equal(["duties"]);
  });

  it("is counted for nothing where the same reorg has it revert in another block", async () => {
    harness.chain.mine(hash, 3n, "other", "0x0");
    await block(3n, "other", reorg);
    expect(await counts()).to.deep.equal([0, 0, 0, 1, 1]);
  });

  it("is counted for nothing once it was cancelled", async () => {
    await takeBack();
    await lane.cancel(lane.slotOf(vault)!, headAt(3n, "other"));
    const cancel = lane.slotOf(vault)!.newest!;
    expect(cancel.kind).to.equal("cancel");
    harness.chain.count = 1n;
    harness.chain.mine(cancel.hash, 4n, "other");
    await block(4n, "other");
    expect((await counts()).slice(0, 4)).to.deep.equal([0, 0, 0, 0]);
  });

  it("is counted for nothing once another transaction has its nonce", async () => {
    await takeBack();
    harness.chain.count = 1n;
    for (const number of [4n, 5n, 6n]) await block(number, "other");
    expect(await harness.statuses()).to.deep.equal(["superseded"]);
    expect(await counts()).to.deep.equal(NOTHING);
  });

  it("is counted once where it takes effect in another block, from there on", async () => {
    await takeBack();
    harness.chain.count = 1n;
    harness.chain.mine(hash, 4n, "other");
    tradesAt = 6n;
    await block(4n, "other");
    expect(await counts()).to.deep.equal([0, 1, 1, 0, 1]);
    for (const number of [5n, 6n]) await block(number, "other");
    expect(await counts()).to.deep.equal([1, 0, 1, 0, 1]);
  });

  it("is uncounted where only a later process sees that it is gone", async () => {
    harness.chain.unmine(hash);
    harness.chain.count = 0n;
    lane = await harness.open();
    seat = await sit();
    expect((await counts())[2]).to.equal(1);
    await block(3n, "other");
    expect(await counts()).to.deep.equal(NOTHING);
  });
});
