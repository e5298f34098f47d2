import { expect } from "chai";
import { numberToHex, type Hex } from "viem";

import { packLeg, type BookLeg } from "../../keeper/chain/legs.ts";
import { decisionInput } from "../../keeper/market/decisionInput.ts";
import { bookRisk } from "../../keeper/strategy/bookRisk.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import type { Decision, Strategy } from "../../keeper/strategy/types.ts";
import { DAY, WAD } from "../contracts/utils/keel.ts";
import { movePool } from "../contracts/utils/market.ts";
import { expectNear } from "../support/near.ts";
import { keeperHarness, toZero } from "./utils/keeperHarness.ts";

const SPOT = 0;
const SHORT = 1;

/** Asks for one trade at every block, whatever the state. */
function always(trade: number): Strategy {
  const decision: Decision = {
    action: "rebalance",
    reason: "rule",
    drift: -trade,
    trade,
    band: null,
    gain: null,
    cost: null,
  };
  return { name: "always", params: {}, decide: () => decision };
}

describe("keeper", () => {
  const harness = keeperHarness();
  const { rpc, buy, start, drift, nonceOf, rebalances, executions } = harness;
  const legsOf = (events: unknown) =>
    (events as { name: string; args: { venue: number; filled: bigint } }[])
      .filter(({ name }) => name === "LegExecuted")
      .map(({ args }) => [args.venue, Math.round(Number(args.filled) / 1e18)]);

  it("simulates, sends, and sees the confirmation at a later block", async () => {
    const { step } = await start(toZero);
    let gas = 0n;
    harness.provider.faults.set("eth_estimateGas", async (forward) => {
      const estimate = (await forward()) as Hex;
      gas = BigInt(estimate);
      return estimate;
    });
    const first = await step();
    expect(first.sent).to.match(/^0x/);
    // Units × (base fee + tip) × price.
    const { baseFeePerGas } = await rpc<{ baseFeePerGas: Hex }>("eth_getBlockByNumber", [
      numberToHex(first.snapshot.blockNumber),
      false,
    ]);
    const wei = gas * (BigInt(baseFeePerGas) + 10n ** 8n);
    const price = Number(first.snapshot.price) / 1e18;
    expectNear(first.input!.gasUsd, (Number(wei) / 1e18) * price, 1e-9);
    expect(Math.abs(await drift())).to.be.below(0.01);

    const second = await step();
    expect(second.settled?.outcome.status).to.equal("confirmed");
    expect(second.decision).to.include({ action: "hold" });
    const [execution] = await executions();
    const receipt = await rpc<{ gasUsed: Hex; effectiveGasPrice: Hex }>("eth_getTransactionReceipt", [
      first.sent,
    ]);
    expect(execution).to.include({
      status: "confirmed",
      hash: first.sent,
      rebalance_nonce: 0n,
      gas_used: BigInt(receipt.gasUsed),
      fee: BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice),
    });
    expect(legsOf(execution!.events)).to.deep.equal([[SPOT, 100]]);
    expect(await harness.journal.summary(harness.keel.contracts.Vault)).to.deep.include({
      decisions: 2,
      holds: 1,
      rebalances: 1,
    });
  });

  it("records what it decided on, so that the same decision can be made again", async () => {
    const strategy = optimalImpulse({ riskAversion: 1e-5 });
    const { step } = await start(strategy);
    await step();
    await step();
    const recorded = await harness.journal.decisions({ limit: 10 });
    expect(recorded).to.have.length(2);
    for (const { input, decision } of recorded) expect(strategy.decide(input)).to.deep.equal(decision);
    expect(recorded.map(({ decision }) => decision.action)).to.deep.equal(["hold", "rebalance"]);
  });

  it("turns the hedge around: sells spot, then opens the short", async () => {
    const { step } = await start(toZero);
    await step();
    // Deep in the money puts: the book's delta turns to +50.
    await buy({ isPut: true, strike: 5_000, cap: 500 }, 150n);
    const before = await drift();
    expect(before).to.be.above(100);
    await step();
    await step();
    const [, turned] = await executions();
    expect(turned!.status).to.equal("confirmed");
    expect(legsOf(turned!.events)).to.deep.equal([
      [SPOT, -100],
      [SHORT, Math.round(-(before - 100))],
    ]);
    expect(Math.abs(await drift())).to.be.below(0.01);
  });

  it("sells the spot alone while the vault refuses to open the short", async () => {
    const { step } = await start(toZero);
    await step();
    await buy({ isPut: true, strike: 5_000, cap: 500 }, 150n);
    // As a lending market does at its borrow cap: every call with an opening leg reverts.
    let isWhole = true;
    harness.provider.faults.set("eth_estimateGas", (forward) => {
      const refuses = isWhole;
      isWhole = !isWhole;
      return refuses ? Promise.reject(new Error("execution reverted: 50")) : forward();
    });
    const { sent, blocked } = await step();
    expect([sent === null, blocked]).to.deep.equal([false, null]);
    harness.provider.faults.clear();
    await step();
    expect(legsOf((await executions())[1]!.events)).to.deep.equal([[SPOT, -100]]);
  });

  it("mends a margin from cash while the pool is past the limit, whatever the base fee", async () => {
    // Enough to make delta negative: the vault owes ETH from then on.
    await buy({ isPut: true, strike: 4_000, cap: 100 }, 300n);
    const { step } = await start(toZero);
    await step();
    await step();
    const { keel } = harness;
    expect((await keel.short.getFunction("delta")()) as bigint).to.be.below(-100n * WAD);
    // A jump: the feed is two per cent behind the pool, so the short cannot be bought back yet.
    await movePool(keel, 3_900);
    await keel.mainnet.submitEthUsd(3_820);
    const urgent = await start(toZero, { fees: { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: 1n } });
    const { decision, blocked } = await urgent.step();
    expect(decision).to.include({ action: "rebalance", reason: "margin" });
    expect(decision!.trade).to.be.above(0);
    expect(blocked).to.equal(null);
    expect((await keel.short.getFunction("healthFactor")()) as bigint).to.be.above((13n * WAD) / 10n);
  });

  it("sees the delta that the vault sees, on a surface with skew and term structure", async () => {
    const { step } = await start(toZero);
    const { snapshot } = await step();
    const pillars = [
      {
        tenor: 2 * DAY,
        atmVol: 700_000_000,
        skew: -120_000_000,
        curvature: 90_000_000,
        forwardRatio: 999_000_000,
      },
      {
        tenor: 30 * DAY,
        atmVol: 550_000_000,
        skew: -60_000_000,
        curvature: 40_000_000,
        forwardRatio: 1_004_000_000,
      },
    ];
    const usd = (price: number) => BigInt(price) * 10n ** 8n;
    const legs: BookLeg[] = [
      [false, 3200, 4000, -100, 9],
      [false, 2900, 3100, 40, 1],
      [true, 2800, 2200, -250, 20],
      [true, 3300, 0, 30, 45],
    ].map(([isPut, strike, cap, quantity, days]) => ({
      isPut: isPut as boolean,
      strike: usd(strike as number),
      cap: usd(cap as number),
      quantity: BigInt(quantity as number) * WAD,
      expiry: snapshot.timestamp + BigInt((days as number) * DAY),
    }));
    const greeks = (await harness.keel.engine.getFunction("book")(
      legs.map(packLeg),
      snapshot.price,
      snapshot.timestamp,
      {
        pillars,
      },
    )) as { delta: bigint; gamma: bigint };
    const facts = { gasUsd: 1, checkInterval: 12, deltaLimit: 1 };
    const input = decisionInput({ ...snapshot, legs, pillars }, facts);
    const risk = bookRisk(input.legs, input.spot, input.timestamp);
    expect(Math.abs(risk.delta - Number(greeks.delta) / 1e18)).to.be.below(1e-9);
    expect(Math.abs(risk.gamma - Number(greeks.gamma) / 1e18)).to.be.below(1e-9);
    expect(Math.abs(risk.delta)).to.be.above(1);
  });

  it("asks once for each thing it needs, and for nothing while it holds", async () => {
    const { step } = await start(toZero);
    await step();
    await step();
    harness.provider.asked.length = 0;
    await step();
    expect(harness.provider.asked).to.deep.equal(["eth_getBlockByNumber", "eth_call"]);
    await buy({ isPut: false, strike: 2_000, cap: 6_000 }, 10n);
    harness.provider.asked.length = 0;
    await step();
    expect(harness.provider.asked).to.deep.equal([
      "eth_getBlockByNumber",
      "eth_call",
      "eth_estimateGas",
      "eth_sendRawTransaction",
    ]);
  });

  it("records why the vault would refuse, and sends nothing", async () => {
    const { step } = await start(always(-1));
    const { blocked, sent } = await step();
    expect(sent).to.equal(null);
    expect(blocked).to.match(/^DriftNotReduced\(-\d+, -\d+\)$/);
    expect(await nonceOf("pending")).to.equal(0);
    expect(await executions()).to.have.length(1);
    expect((await executions())[0]).to.include({ status: "blocked", error: blocked, hash: null });
  });

  it("waits for a cheaper base fee, but not with a limit breached", async () => {
    const fees = { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: 1n };
    const patient = await start(toZero, { fees });
    expect((await patient.step()).blocked).to.match(/^The base fee \d+ is above the cap 1\.$/);
    const urgent = await start(optimalImpulse({ riskAversion: 1e-12 }), {
      fees,
      limits: { delta: 50, gasUsd: 1000 },
    });
    expect((await urgent.step()).decision?.reason).to.equal("delta-limit");
    expect(await rebalances()).to.equal(1);
  });

  it("heeds a limit breached above the cap also where the band asks for the trade anyway", async () => {
    const fees = { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: 1n };
    const { step } = await start(optimalImpulse({ riskAversion: 1e-5 }), {
      fees,
      limits: { delta: 50, gasUsd: 1000 },
    });
    const { decision, blocked } = await step();
    expect([decision?.reason, blocked]).to.deep.equal(["gain-over-gas", null]);
    expect(await rebalances()).to.equal(1);
  });
});
