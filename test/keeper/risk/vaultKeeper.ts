import { expect } from "chai";

import { riskSchema } from "../../../keeper/config/riskSettings.ts";
import { lastRisk } from "../../../keeper/fleet/lastRisk.ts";
import type { Log } from "../../../keeper/log/logger.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { replay } from "../../../keeper/replay/replay.ts";
import { recordedStrategy } from "../../../keeper/replay/recordedStrategy.ts";
import { RiskManager } from "../../../keeper/risk/riskManager.ts";
import { stateAfter, type RiskTransition } from "../../../keeper/risk/riskRecord.ts";
import { selectStrategy } from "../../../keeper/strategy/select.ts";
import type { Strategy } from "../../../keeper/strategy/types.ts";
import { MAINNET } from "../../../scripts/localMainnet/addresses.ts";
import { movePool, movePrice, passTime } from "../../contracts/utils/market.ts";
import { keeperHarness } from "../utils/keeperHarness.ts";

/** Quicker than the defaults: within three hours of the chain its surface turns stale. */
const SETTINGS = riskSchema.parse({ halfLife: 600, dwell: 900 });

describe("the risk manager of a keeper", () => {
  const harness = keeperHarness();
  const { start, drift, executions } = harness;
  let lazy: Strategy;
  before(async () => {
    // Trades what a limit asks for and nothing else: the vault is 100 ETH short, and the limit 150.
    const choice = { name: "threshold", params: { delta: 1e9, inner: 0 } } as const;
    lazy = await selectStrategy(choice, { riskAversion: undefined });
  });

  const limits = { delta: 150, gasUsd: 1000 };
  function manager() {
    const told: string[] = [];
    const log = {
      ...silentLog,
      warn: (fields: { from: string; to: string }) => told.push(`${fields.from} → ${fields.to}`),
      info: (fields: { from: string; to: string }) => told.push(`${fields.from} → ${fields.to}`),
    } as unknown as Log;
    return { risk: new RiskManager(SETTINGS, log), told };
  }
  const subject = () => ({ vault: harness.keel.contracts.Vault, chainId: 31337 });
  /** Steps of five minutes in which nothing happens, until the level is left. */
  async function waitOut(step: () => Promise<unknown>, risk: RiskManager): Promise<number> {
    const { level } = risk.state;
    for (let steps = 1; steps < 40; steps += 1) {
      await passTime(harness.keel, 300);
      await step();
      if (risk.state.level !== level) return steps * 300;
    }
    return Infinity;
  }

  it("turns defensive in a crash, hedges at the tightened limit, and relaxes after the dwell", async () => {
    const { keel } = harness;
    const { risk, told } = manager();
    const { step } = await start(lazy, { limits, risk });
    for (let block = 0; block < 3; block += 1) {
      const { decision, input } = await step();
      expect([decision!.action, input!.limits.delta]).to.deep.equal(["hold", 150]);
      await harness.mine();
    }
    expect(risk.state).to.include({ level: "normal", why: null });

    await movePrice(keel, 2_850);
    const crash = await step();
    expect(risk.state.level).to.equal("defensive");
    expect(risk.state.why).to.match(
      /^realised over implied volatility rose to 1\d\.\d, from 0: defensive from 3/,
    );
    expect(crash.decision).to.include({ action: "rebalance", reason: "delta-limit" });
    expect(crash.input!.limits).to.include({ delta: 75, maxAge: (7 * 86_400) / 4 });
    expect(crash.sent).to.match(/^0x/);
    expect(Math.abs(await drift())).to.be.below(0.01);

    const untilCautious = await waitOut(step, risk);
    expect(risk.state.level).to.equal("cautious");
    expect(risk.state.why).to.match(
      /^calm for 900 s: .*realised over implied volatility [12]\.\d+, below 2\.1; /,
    );
    // A keeper that is started again goes on where the record ends.
    await harness.journal.flush();
    const again = manager();
    again.risk.restore(await lastRisk(harness.journal, subject()));
    expect(again.risk.state).to.deep.equal(risk.state);
    const restarted = await start(lazy, { limits, risk: again.risk });
    const untilNormal = await waitOut(restarted.step, again.risk);
    expect(again.risk.state.level).to.equal("normal");
    expect(untilCautious).to.be.within(SETTINGS.dwell, 7200);
    expect(untilNormal).to.be.within(SETTINGS.dwell, 7200);
    const { input } = await restarted.step();
    expect(input!.limits.delta).to.equal(150);
    expect([...told, ...again.told]).to.deep.equal([
      "normal → defensive",
      "defensive → cautious",
      "cautious → normal",
    ]);

    // The journal alone tells it all again: every decision, and every change of the state.
    const records = (await harness.journal.decisions({ ...subject(), limit: 1000 })).toReversed();
    const seen: RiskTransition[] = [];
    const totals = await replay({
      records: (async function* () {
        for (const record of records) yield await Promise.resolve(record);
      })(),
      strategyFor: ({ strategy, params }) => recordedStrategy(strategy, params),
      onDifference: (difference) => expect.fail(JSON.stringify(difference, (_, v: unknown) => String(v))),
      onTransition: (transition) => seen.push(transition),
    });
    expect(totals).to.deep.equal({ decisions: records.length, same: records.length, different: 0 });
    expect(seen.map(({ from, to }) => `${from} → ${to}`)).to.deep.equal([...told, ...again.told]);
    for (const [index, { input: made }] of records.entries()) {
      const { why = null, ...recorded } = made.risk!;
      const after = stateAfter(recorded);
      expect([after.level, after.level === recorded.before.level ? null : after.why]).to.deep.equal([
        recorded.level,
        why,
      ]);
      const next = records[index + 1]?.input.risk;
      if (next !== undefined) expect(next.before).to.deep.equal(after);
    }
  }).timeout(60_000);

  it("halts where the pool has left the oracle, and still hedges", async () => {
    const { keel } = harness;
    const { risk } = manager();
    const { step } = await start(lazy, { limits, risk });
    await step();
    // The pool is dearer than the vault may pay; the trade is wanted all the same, and asked of the chain.
    await movePool(keel, 3_170);
    const { decision, blocked } = await step();
    expect(risk.state.level).to.equal("halt");
    expect(risk.state.why).to.match(
      /the gap of pool and oracle rose to 0\.0567, from [\d.e-]+: halt from 0\.05/,
    );
    expect(decision).to.include({ action: "rebalance", reason: "delta-limit" });
    expect(blocked).to.not.equal(null);
    await movePool(keel, 3_000);
    const mended = await step();
    expect(risk.state.level).to.equal("halt");
    expect([mended.decision!.action, mended.sent === null]).to.deep.equal(["rebalance", false]);
    expect(Math.abs(await drift())).to.be.below(0.01);
  });

  it("halts after a time without any price, and hedges", async () => {
    const { networkHelpers, ethers } = harness.keel;
    const { risk } = manager();
    const { step } = await start(lazy, { limits: { ...limits, delta: 90 }, risk });
    const code = await ethers.provider.getCode(MAINNET.ethUsdFeed);
    await networkHelpers.setCode(MAINNET.ethUsdFeed, "0x");
    expect((await step()).decision).to.equal(null);
    expect(risk.state.level).to.equal("normal");
    await networkHelpers.setCode(MAINNET.ethUsdFeed, code);
    await harness.mine();
    const { decision, sent } = await step();
    expect(risk.state).to.include({
      ...{ level: "halt", why: "there was no price, or no liquidity in the pool" },
    });
    expect([decision!.action, decision!.reason, sent === null]).to.deep.equal([
      ...["rebalance", "delta-limit", false],
    ]);
    // One look at it: from the next on the state may calm down.
    await step();
    expect(risk.state.facts).to.not.have.property("blind");
  });

  it("takes margin along with a hedge while it is careful and a venue is short of it", async () => {
    // Enough to make delta negative: the vault owes ETH from then on, at a health factor of 1.6.
    await harness.buy({ isPut: true, strike: 4_000, cap: 100 }, 300n);
    const { keel } = harness;
    const health = async () => Number((await keel.short.getFunction("healthFactor")()) as bigint) / 1e18;
    const hedged = await start(lazy, { limits: { ...limits, delta: 1 } });
    await hedged.step();
    const at = async (delta: number, price: number) => {
      const { risk } = manager();
      const { step } = await start(lazy, { limits: { ...limits, delta }, risk });
      await step();
      await movePrice(keel, price);
      const { decision } = await step();
      // With a limit this tight the price outruns it, too.
      expect([risk.state.level, decision!.reason]).to.deep.equal(["halt", "delta-limit"]);
      return { facts: risk.state.facts!, health: await health() };
    };
    expect(await health()).to.be.within(1.59, 1.61);
    // A health factor of 1.5 is none the vault would mend by itself, nor one that is put first.
    const well = await at(0.2, 3_200);
    expect(well.facts.margin).to.be.below(SETTINGS.margin.cautious);
    expect(well.health).to.be.below(1.57);
    const short = await at(0.2, 3_480);
    expect(short.facts.margin).to.be.within(SETTINGS.margin.cautious, 1);
    expect(short.health).to.be.within(1.59, 1.61);
  });

  it("does not let a limit that it has tightened pass the operator's cap on the base fee", async () => {
    const fees = { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: 1n };
    const { risk } = manager();
    const { step } = await start(lazy, { limits, risk, fees });
    await step();
    await movePrice(harness.keel, 2_850);
    const { decision, blocked } = await step();
    expect(decision).to.include({ action: "rebalance", reason: "delta-limit" });
    expect(blocked).to.match(/^The base fee \d+ is above the cap 1\.$/);
    expect(await executions()).to.have.length(1);
    // The operator's own does.
    const own = await start(lazy, { limits: { ...limits, delta: 90 }, risk, fees });
    expect((await own.step()).sent).to.match(/^0x/);
  });
});
