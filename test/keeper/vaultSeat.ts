import { expect } from "chai";
import type { Address } from "viem";

import { noObserver } from "../../keeper/fleet/observer.ts";
import { VaultSeat, type VaultSeatOptions } from "../../keeper/fleet/vaultSeat.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import type { Summary } from "../../keeper/store/summary.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import type { Leave } from "../../keeper/vaultKeeper.ts";
import { headAt } from "./utils/fakeChain.ts";
import { decided } from "./utils/recordedDecisions.ts";

const ACCOUNT = `0x${"aa".repeat(20)}` as const;
const SUMMARY: Summary = {
  ...{ decisions: 1, holds: 1, rebalances: 0, blocked: 0, reverted: 0, gasUsed: 0n, gasUsd: 0 },
  lastRebalanceGas: null,
};

describe("a vault's seat", () => {
  const { input, decision, vault, chainId } = decided(0, optimalImpulse({ riskAversion: 1e-4 }));
  /** What its gains were told. */
  let told: string[];
  let summary: Summary;

  beforeEach(() => {
    told = [];
    summary = SUMMARY;
  });

  function open(
    seat: { isHeld: boolean; lane: object | null; account: string } | null,
    changes: { readonly [K in "duties" | "journal" | "keeper"]?: object } = {},
  ): VaultSeat {
    const cycle = { snapshot: { rebalanceNonce: 0n, price: 0n, venues: [] }, input, decision };
    const gains = {
      sums: null,
      resume: async () => void told.push("resume"),
      observe: async () => void told.push("observe"),
      onSettled: async () => undefined,
    };
    return new VaultSeat({
      ...{
        name: "v",
        strategy: "s",
        deltaLimit: 1,
        priorityFeePerGas: 1n,
        build: "b",
        account: ACCOUNT,
        duties: null,
        observer: noObserver,
      },
      ...{ log: silentLog, check: async () => undefined },
      keeper: { subject: { vault, chainId }, onBlock: async () => ({ ...cycle, blocked: null }) } as never,
      seat: seat as VaultSeatOptions["seat"],
      journal: { summary: async () => summary } as never,
      gains: gains as never,
      ...(changes as Partial<VaultSeatOptions>),
    });
  }
  async function offer(seat: VaultSeat, at: bigint): Promise<void> {
    seat.offer({ head: headAt(at), seenAt: 0, rpcSeconds: 0 });
    await seat.rest();
  }

  it("of a shadow leaves the gains of the keeper beside it alone, and counts nothing of its", async () => {
    summary = { ...SUMMARY, decisions: 500, rebalances: 7 };
    const seat = open(null);
    await seat.start();
    await offer(seat, 1n);
    expect(told).to.deep.equal([]);
    expect(seat.status(0)).to.include({ mode: "shadow", account: ACCOUNT, decisions: 1, rebalances: 0 });
  });

  it("takes up from the journal what another process did while it had the lane", async () => {
    const lane = { isHeld: false, lane: null as object | null, account: "0xaa" };
    const seat = open(lane);
    await seat.start();
    await offer(seat, 1n);
    summary = { ...SUMMARY, decisions: 500, rebalances: 7 };
    Object.assign(lane, { isHeld: true, lane: { slotOf: () => null } });
    await offer(seat, 2n);
    expect(seat.status(0)).to.include({ decisions: 501, rebalances: 7 });
    expect(told).to.deep.equal(["resume", "resume", "observe"]);
  });

  it("reads all of the journal again when it could not as a transaction ended", async () => {
    const journal = { summary: async () => summary, attempts: () => Promise.reject(new Error("down")) };
    const lane = { slotOf: () => null };
    const seat = open({ isHeld: true, lane, account: "0xaa" }, { journal });
    await offer(seat, 1n);
    const ended = { attempt: { id: 1n, kind: "rebalance" }, outcome: { status: "confirmed" } };
    await seat.onSettled(ended as never).catch(() => undefined);
    summary = { ...SUMMARY, rebalances: 7 };
    await offer(seat, 2n);
    expect(seat.status(0).rebalances).to.equal(7);
    expect(told).to.deep.equal(["resume", "observe", "resume", "observe"]);
  });

  describe("says and does", () => {
    const activation = { chainId, vault, build: "b", account: "0xaa" as Address, activatedAt: 1n };
    const pause = { reason: "maintenance", pausedAt: 1n };
    const lane = { slotOf: () => null };

    for (const [mode, what, controls, seated] of [
      ["live", "activated for this build and account", { activation, pause: null }, {}],
      ["dry", "never activated", { activation: null, pause: null }, {}],
      ["dry", "activated for another build", { activation: { ...activation, build: "a" }, pause: null }, {}],
      [
        "dry",
        "activated for another account",
        { activation: { ...activation, account: ACCOUNT }, pause: null },
        {},
      ],
      ["paused", "activated and paused", { activation, pause }, {}],
      ["paused", "paused", { activation: null, pause }, {}],
      ["standby", "activated, where another has the lane", { activation, pause: null }, { isHeld: false }],
    ] as const) {
      it(`what is ${mode} where it is ${what}`, async () => {
        const asked: string[] = [];
        const seat = open(
          { isHeld: true, lane, account: "0xaa", ...seated },
          {
            keeper: {
              subject: { vault, chainId },
              onBlock: async (_: unknown, leave: Leave) => {
                asked.push(leave.mode);
                return { snapshot: { venues: [] }, input, decision, sent: null, blocked: null };
              },
            },
            duties: { offer: () => asked.push("duties"), rest: async () => undefined },
          },
        );
        seat.controls = controls;
        await offer(seat, 1n);
        expect(seat.mode).to.equal(mode);
        const done = mode === "live" ? ["live", "duties"] : mode === "standby" ? [] : [mode];
        expect(asked).to.deep.equal(done);
      });
    }
  });

  it("decides nothing before its lane has brought journal and chain together", async () => {
    const seat = open({ isHeld: true, lane: null, account: "0xaa" });
    await offer(seat, 1n);
    expect([seat.status(0).lastDecision, told]).to.deep.equal([null, []]);
  });
});
