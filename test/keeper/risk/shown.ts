import { expect } from "chai";

import { runStatus } from "../../../keeper/cli/runStatus.ts";
import { loadConfig } from "../../../keeper/config/load.ts";
import { checkRisk } from "../../../keeper/doctor/controls.ts";
import { noObserver } from "../../../keeper/fleet/observer.ts";
import { VaultSeat } from "../../../keeper/fleet/vaultSeat.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { strategyOf } from "../../../keeper/replay/recordedStrategy.ts";
import { RiskManager } from "../../../keeper/risk/riskManager.ts";
import { openDatabase } from "../../../keeper/store/database.ts";
import { Journal } from "../../../keeper/store/journal.ts";
import { headAt } from "../utils/fakeChain.ts";
import { decided, inputAt, VAULT } from "../utils/recordedDecisions.ts";
import { RISK } from "../utils/riskFacts.ts";
import { minimal } from "../utils/settings.ts";
import { scratch } from "../utils/scratch.ts";

const WAD = 10n ** 18n;
const timed = await strategyOf("time", { seconds: 1e6 });
const away = { fresh: true, open: true, price: WAD, poolPrice: (103n * WAD) / 100n, venues: [] };
const WHY = "the gap of pool and oracle rose to 0.03: defensive from 0.02";
const NOW = inputAt(0).timestamp;

/** A decision made defensively. */
function defensive() {
  const manager = new RiskManager(RISK, silentLog);
  const input = manager.assess(inputAt(0), away);
  return { ...decided(0, timed), input, decision: timed.decide(input) };
}

describe("the risk state, shown", function () {
  this.timeout(60_000);
  const { at, write } = scratch();

  it("in `keeper status`, also while no keeper runs", async () => {
    const deployment = write("deployment.json", {
      ...{ chainId: 31337, block: 1 },
      contracts: { Vault: VAULT, Lens: VAULT },
    });
    const file = write("config.json", { ...minimal, deployment, storeDir: at("store") });
    const config = loadConfig({ file, env: {} });
    const record = async (changes: object) => {
      const database = await openDatabase({ directory: at("store") });
      const journal = new Journal(database);
      await journal.recordDecision({ ...defensive(), ...changes });
      await journal.close();
    };
    await record({});
    expect(await runStatus(config, {})).to.contain(
      `  risk       defensive since ${new Date(NOW * 1000).toISOString()}, acts from 10.00 ETH: ${WHY}\n`,
    );
    const { vaults } = JSON.parse(await runStatus(config, { json: true })) as { vaults: { risk: unknown }[] };
    expect(vaults[0]!.risk).to.deep.equal({ level: "defensive", since: NOW, why: WHY, limit: 10 });
    // A step of another build, which this one cannot take again, is shown as it was recorded: here as one that stayed where it was.
    const { block, input } = defensive();
    const before = { ...input.risk!.before, level: "halt", since: NOW - 60, why: "another reason" };
    const other = { ...input, risk: { ...input.risk!, before, level: "halt", policy: {} } };
    await record({ input: other, block: { ...block, number: block.number + 1n } });
    expect(await runStatus(config, {})).to.contain(
      `  risk       halt since ${new Date((NOW - 60) * 1000).toISOString()}, acts from 10.00 ETH: another reason\n`,
    );
    // A decision of before there was a risk manager says nothing of it.
    await record({ input: inputAt(0), block: { ...block, number: block.number + 2n } });
    expect(await runStatus(config, {})).to.not.contain("  risk ");
  });

  it("by the doctor, with a warning once it is defensive", () => {
    const state = { since: NOW, why: WHY, limit: 10 };
    expect(checkRisk("vault weekly", { risk: { ...state, level: "cautious" } })).to.include({ ok: true });
    expect(checkRisk("vault weekly", { risk: { ...state, level: "defensive" } })).to.deep.equal({
      name: "vault weekly: risk state",
      ok: "warn",
      detail: `defensive since ${new Date(NOW * 1000).toISOString().replace(".000", "")}: ${WHY}; acts from 10 ETH of drift`,
      mend: "see docs/runbook.md, risk-defensive: it relaxes by itself",
    });
    expect(checkRisk("vault weekly", { risk: null })).to.equal(null);
  });

  it("in /status, where a keeper that starts goes on from the record, and one on standby takes it up", async () => {
    const made = defensive();
    let recorded: object[] = [made];
    const risk = new RiskManager(RISK, silentLog);
    const cycle = { snapshot: { price: 0n, venues: [] }, ...made, blocked: null };
    const lane = { isHeld: true, lane: { slotOf: () => null } as object | null, account: VAULT };
    const seat = new VaultSeat({
      ...{ name: "v", strategy: "time", deltaLimit: 20, priorityFeePerGas: 1n, build: "b", account: VAULT },
      ...{ duties: null, gains: null, observer: noObserver, log: silentLog, check: async () => undefined },
      keeper: { subject: { vault: VAULT, chainId: 31337 }, onBlock: async () => cycle } as never,
      seat: lane as never,
      journal: { summary: async () => ({}), decisions: async () => recorded } as never,
      risk,
    });
    await seat.start();
    expect(seat.status(0).risk).to.deep.include({ level: "defensive", since: NOW, why: WHY });
    const offer = async (block: bigint) => {
      seat.offer({ head: headAt(block), seenAt: 0, rpcSeconds: 0 });
      await seat.rest();
    };
    await offer(1n);
    expect(seat.status(0).risk!.limit).to.equal(10);
    // Another process has had the lane, and has recorded something else.
    Object.assign(lane, { isHeld: false });
    await offer(2n);
    recorded = [];
    Object.assign(lane, { isHeld: true });
    await offer(3n);
    expect(seat.status(0).risk!.level).to.equal("normal");
  });
});
