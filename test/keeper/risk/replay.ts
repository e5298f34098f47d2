import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lastRisk } from "../../../keeper/fleet/lastRisk.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { strategyOf } from "../../../keeper/replay/recordedStrategy.ts";
import { replay, type Difference } from "../../../keeper/replay/replay.ts";
import { RiskManager } from "../../../keeper/risk/riskManager.ts";
import type { RiskSight } from "../../../keeper/risk/riskFacts.ts";
import { stateAfter, type RiskTransition } from "../../../keeper/risk/riskRecord.ts";
import { openJournal, type StoredDecision } from "../../../keeper/store/journal.ts";
import { parseJson, toJson } from "../../../keeper/store/json.ts";
import { runCli } from "../utils/runCli.ts";
import { decided, inputAt, VAULT } from "../utils/recordedDecisions.ts";
import { RISK } from "../utils/riskFacts.ts";

const WAD = 10n ** 18n;
/** Seconds between looks. */
const EVERY = 300;
const impulse = await strategyOf("optimal-impulse", { riskAversion: 1e-4 });

/** A day in which the pool leaves the oracle for a quarter of an hour, and the oracle goes stale for two looks. */
function sightAt(step: number): RiskSight {
  const gap = step >= 20 && step < 23 ? 3n : 0n;
  const fresh = step < 100 || step >= 102;
  return { fresh, open: fresh, price: 3000n * WAD, poolPrice: (3000n + 30n * gap) * WAD, venues: [] };
}

function recorded(count: number): { records: StoredDecision[]; manager: RiskManager } {
  const manager = new RiskManager(RISK, silentLog);
  const records = Array.from({ length: count }, (_, step) => {
    const plain = decided(step, impulse);
    const own = {
      ...inputAt(step),
      spot: 3000 + 3 * Math.sin(step),
      timestamp: inputAt(0).timestamp + EVERY * step,
    };
    const input = manager.assess(own, sightAt(step));
    manager.commit(input.risk!, {});
    const block = { ...plain.block, timestamp: BigInt(own.timestamp) };
    return { ...plain, block, input, decision: impulse.decide(input) };
  });
  return { records, manager };
}

async function replayed(records: readonly StoredDecision[]) {
  const differences: Difference[] = [];
  const transitions: RiskTransition[] = [];
  const totals = await replay({
    records: (async function* () {
      for (const record of records) yield await Promise.resolve(record);
    })(),
    strategyFor: () => impulse,
    onDifference: (difference) => differences.push(difference),
    onTransition: (transition) => transitions.push(transition),
  });
  return { totals, differences, transitions };
}
const arrows = (transitions: readonly { from: unknown; to: unknown }[]) =>
  transitions.map(({ from, to }) => `${String(from)} → ${String(to)}`);

const EXPECTED = [
  "normal → defensive",
  "defensive → cautious",
  "cautious → normal",
  "normal → halt",
  "halt → defensive",
  "defensive → cautious",
  "cautious → normal",
];

describe("the risk state on record", function () {
  this.timeout(60_000);
  const { records, manager } = recorded(160);

  it("comes out again, through the store's text: every decision and every transition", async () => {
    const stored = records.map((each) => parseJson(toJson(each)) as StoredDecision);
    const { totals, differences, transitions } = await replayed(stored);
    expect(differences).to.deep.equal([]);
    expect(totals).to.deep.equal({ decisions: 160, same: 160, different: 0 });
    expect(arrows(transitions)).to.deep.equal(EXPECTED);
    for (const { why } of transitions) expect(why).to.match(/^(the |calm for 1800 s: )/);
    for (const [index, { input }] of stored.entries())
      if (index > 0) expect(input.risk!.before).to.deep.equal(stateAfter(stored[index - 1]!.input.risk!));
  });

  it("is found to differ where a record of it was tampered with", async () => {
    const at = records.findIndex(({ input }) => input.risk!.level === "defensive") + 1;
    const tampered = records.map((each, index) =>
      index === at
        ? { ...each, input: { ...each.input, risk: { ...each.input.risk!, level: "normal" as const } } }
        : each,
    );
    const { totals, differences } = await replayed(tampered);
    expect(totals.different).to.equal(1);
    expect(differences[0]!.risk).to.deep.equal({
      recorded: { level: "normal", why: null },
      now: { level: "defensive", why: null },
    });
  });

  it("is found to differ, and the rest goes on, where a step is of a build this one knows nothing of", async () => {
    const [first, second, ...rest] = records.slice(0, 9);
    const foreign = {
      ...second!,
      input: { ...second!.input, risk: { ...second!.input.risk!, policy: {} as never } },
    };
    const { totals, differences } = await replayed([first!, foreign, ...rest]);
    expect(totals).to.deep.equal({ decisions: 9, same: 8, different: 1 });
    expect(differences[0]!.risk!.recorded).to.deep.equal({ level: "normal", why: null });
    expect(differences[0]!.risk!.now).to.have.property("error").that.matches(/\w/);
  });

  it("is restored from a keeper that decided without sending, where that was the last", async () => {
    const [before, last] = [records.at(20)!, records.at(-1)!];
    const restored = async (...kept: readonly StoredDecision[]) => {
      const again = new RiskManager(RISK, silentLog);
      const decisions = ({ mode }: { readonly mode?: string }) =>
        Promise.resolve(kept.filter((record) => record.mode === mode));
      again.restore(await lastRisk({ decisions }, { vault: VAULT, chainId: 31337 }));
      return again.state;
    };
    const dry = { ...last, mode: "dry" } as const;
    expect(before.mode).to.equal("live");
    expect(before.input.risk!.level).to.not.equal(last.input.risk!.level);
    expect(await restored(dry)).to.deep.equal(manager.state);
    expect(await restored(before, dry)).to.deep.equal(manager.state);
    expect(await restored({ ...before, mode: "dry" }, last)).to.deep.equal(manager.state);
  });

  it("is restored from a journal, of the process that wrote last and no shadow, and shown by the command", async () => {
    const directory = mkdtempSync(join(tmpdir(), "keel-risk-"));
    try {
      const journal = await openJournal({ directory: join(directory, "store") });
      for (const record of records) await journal.recordDecision(record);
      const last = records.at(-1)!;
      const shadow = { ...last, block: { ...last.block, timestamp: last.block.timestamp + 9n } };
      const [other] = recorded(21).records.slice(-1);
      await journal.recordDecision({
        ...shadow,
        mode: "shadow",
        input: other!.input,
        decision: other!.decision,
      });
      // One whose facts could not be told has no step: the one before it counts.
      const untold = { ...last.input };
      delete untold.risk;
      const later = { ...last.block, timestamp: last.block.timestamp + 3n, number: last.block.number + 1n };
      await journal.recordDecision({ ...last, block: later, input: untold });
      const again = new RiskManager(RISK, silentLog);
      again.restore(await lastRisk(journal, { vault: VAULT, chainId: 31337 }));
      expect(again.state).to.deep.equal(manager.state);
      // From here on both see the same.
      const next = { ...inputAt(0), timestamp: Number(last.block.timestamp) + EVERY };
      expect(again.assess(next, sightAt(20))).to.deep.equal(manager.assess(next, sightAt(20)));
      again.restore(await lastRisk(journal, { vault: VAULT, chainId: 1 }));
      expect(again.state).to.include({ level: "normal", since: null });
      await journal.close();

      const config = join(directory, "config.json");
      const storeDir = join(directory, "store");
      writeFileSync(
        config,
        JSON.stringify({ rpcUrl: "http://127.0.0.1:1", limits: { delta: 20 }, riskAversion: 1e-4, storeDir }),
      );
      const { code, stdout } = await runCli(["replay", "--config", config]);
      const lines = stdout.trimEnd().split("\n");
      expect([code, lines.at(-1)]).to.deep.equal([0, "162 decisions: 162 the same, 0 different"]);
      const told = lines.map((line) => /risk (\w+ → \w+):/.exec(line)?.[1]);
      expect(told.slice(0, 7)).to.deep.equal(EXPECTED);
      expect(lines[0]).to.equal(
        "block 19000020: risk normal → defensive: the gap of pool and oracle rose to 0.03, from 0: defensive from 0.02",
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("halts at the look after one that showed nothing, on record, and relaxes as from any other", () => {
    const watched = new RiskManager(RISK, silentLog);
    const at = (seconds: number) => {
      const { risk } = watched.assess(
        { ...inputAt(0), timestamp: inputAt(0).timestamp + seconds },
        sightAt(0),
      );
      return risk!;
    };
    watched.commit(at(0), {});
    watched.missed();
    // What is not recorded has not been taken in.
    expect(at(12).level).to.equal("halt");
    const step = parseJson(toJson(at(24))) as ReturnType<typeof at>;
    expect(stateAfter(step)).to.include({ level: "halt", why: step.why! });
    expect(step.why).to.equal("there was no price, or no liquidity in the pool");
    watched.commit(step, {});
    let seconds = 24;
    while (watched.state.level === "halt" && seconds < 10_000) watched.commit(at((seconds += EVERY)), {});
    expect(watched.state.level).to.equal("defensive");
    expect(seconds - 24).to.be.within(RISK.dwell, RISK.dwell + 2 * EVERY);
  });

  it("does not stop a hedge where it cannot be told, nor loosen what it had tightened", () => {
    const lines: string[] = [];
    const log = { ...silentLog, error: (_: object, text: string) => lines.push(text) };
    const broken = new RiskManager(RISK, log as unknown as typeof silentLog);
    broken.restore(records.find(({ input }) => input.risk!.level === "defensive")!.input.risk!);
    const input = broken.assess({ ...inputAt(0), spot: -1, timestamp: 2e9 }, sightAt(0));
    expect(lines).to.deep.equal(["The risk state cannot be told."]);
    expect(input.limits.delta).to.equal(10);
    expect(input).to.not.have.property("risk");
  });
});
