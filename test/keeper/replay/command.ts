import { expect } from "chai";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { strategyOf } from "../../../keeper/replay/recordedStrategy.ts";
import { phaseOf } from "../../../keeper/strategy/jitter.ts";
import { openJournal } from "../../../keeper/store/journal.ts";
import type { Strategy } from "../../../keeper/strategy/types.ts";
import { records, VAULT } from "../utils/recordedDecisions.ts";
import { runCli } from "../utils/runCli.ts";

interface Answer {
  readonly decisions: number;
  readonly same: number;
  readonly different: number;
  readonly differences: readonly Record<"id" | "block" | "recorded" | "now", unknown>[];
  readonly transitions: readonly Record<"from" | "to" | "at" | "why", unknown>[];
}

const TOKEN = "token-of-the-operator";

describe("keeper replay", function () {
  this.timeout(60_000);
  let directory: string;
  let config: string;
  let impulse: Strategy;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "keel-replay-"));
    impulse = await strategyOf("optimal-impulse", { riskAversion: 1e-4 });
    const journal = await openJournal({ directory: join(directory, "store") });
    for (const record of records(30, impulse)) await journal.recordDecision(record);
    await journal.close();
    config = write("config.json", { riskAversion: 1e-4 });
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  function write(name: string, changes: object): string {
    const path = join(directory, name);
    const settings = {
      rpcUrl: `http://127.0.0.1:1/${TOKEN}`,
      limits: { delta: 20 },
      storeDir: join(directory, "store"),
    };
    writeFileSync(path, JSON.stringify({ ...settings, ...changes }));
    return path;
  }
  async function run(...flags: string[]) {
    return runCli(["replay", "--config", config, ...flags]);
  }
  async function answered(...flags: string[]): Promise<{ code: number | null; answer: Answer }> {
    const { code, stdout, stderr } = await run("--json", ...flags);
    expect(stderr).to.equal("");
    return { code, answer: JSON.parse(stdout) as Answer };
  }

  it("finds a stretch the same with exit code 0, without a chain", async () => {
    expect(await run()).to.deep.equal({
      code: 0,
      stdout: "30 decisions: 30 the same, 0 different\n",
      stderr: "",
    });
  });

  it("takes the stretch that was asked for", async () => {
    const some = await answered("--from", "19000004", "--to", "19000013", "--vault", VAULT.toLowerCase());
    expect(some).to.deep.equal({
      code: 0,
      answer: { decisions: 10, same: 10, different: 0, differences: [], transitions: [] },
    });
    const deployment = join(directory, "deployment.json");
    const contracts = { Vault: VAULT, Lens: VAULT };
    writeFileSync(deployment, JSON.stringify({ chainId: 31337, block: 1, contracts }));
    const named = write("named.json", { riskAversion: 1e-4, vaults: [{ name: "eth-weekly", deployment }] });
    const byName = await runCli(["replay", "--config", named, "--vault", "eth-weekly", "--limit", "7"]);
    expect(byName.stdout).to.equal("7 decisions: 7 the same, 0 different\n");
    const from = new Date((1_722_643_200 + 12 * 28) * 1000).toISOString();
    expect((await answered("--from", from)).answer.decisions).to.equal(2);
    const newest = await answered("--limit", "3", "--strategy", "time", "--params", '{"seconds":1}');
    expect(newest.answer.differences.map(({ block }) => block)).to.deep.equal([
      "19000027",
      "19000028",
      "19000029",
    ]);
  });

  it("shows what another strategy decides, with exit code 1", async () => {
    const flags = ["--strategy", "fixed-band", "--params", '{"fraction":0.02}', "--limit", "2"];
    const { code, answer } = await answered(...flags);
    const [last] = records(30, impulse).slice(-2);
    const fixed = await strategyOf("fixed-band", { fraction: 0.02 });
    expect({ code, ...answer }).to.deep.include({ code: 1, decisions: 2, same: 0, different: 2 });
    expect(answer.differences[0]).to.deep.equal({
      id: "29",
      block: "19000028",
      recorded: last!.decision,
      now: fixed.decide(last!.input),
    });
    const { stdout } = await run(...flags);
    expect(stdout).to.match(
      /^block 19000028 \(decision 29\): .+ → .+\nblock .+\n2 decisions: 0 the same, 2 different\n$/,
    );
  });

  it("notices that the settings would decide otherwise today", async () => {
    config = write("bolder.json", { riskAversion: 1e-6 });
    // By the parameters it was decided with, and then by those of the settings.
    expect((await run()).code).to.equal(0);
    const { code, stdout } = await run("--strategy", "optimal-impulse");
    config = join(directory, "config.json");
    expect(code).to.equal(1);
    expect(stdout).to.match(/30 decisions: 0 the same, 30 different\n$/);
  });

  it("decides by the jitter of the settings, each vault by its own", async () => {
    const storeDir = join(directory, "jittered");
    const jittered = await strategyOf("optimal-impulse", {
      ...{ riskAversion: 1e-4, jitter: 0.5, phase: phaseOf(VAULT, 31337) },
    });
    const journal = await openJournal({ directory: storeDir });
    for (const record of records(30, jittered)) await journal.recordDecision(record);
    await journal.close();
    const played = async (jitter: number) => {
      const path = write("jittered.json", { riskAversion: 1e-4, jitter, storeDir });
      const { stdout } = await runCli(["replay", "--config", path, "--strategy", "optimal-impulse"]);
      return stdout.trimEnd().split("\n").at(-1);
    };
    expect(await played(0.5)).to.equal("30 decisions: 30 the same, 0 different");
    expect(await played(0)).to.equal("30 decisions: 0 the same, 30 different");
  });

  it("says where a stretch is empty", async () => {
    expect(await run("--to", "5")).to.deep.equal({
      code: 0,
      stdout: "0 decisions: 0 the same, 0 different\n",
      stderr: "replay: no decision is recorded in this stretch\n",
    });
  });

  it("makes no store where there is none", async () => {
    const missing = join(directory, "missing");
    const path = write("elsewhere.json", { riskAversion: 1e-4, storeDir: missing });
    const { code, stderr } = await runCli(["replay", "--config", path]);
    expect({ code, stderr }).to.deep.equal({
      code: 2,
      stderr: `replay: storeDir: there is no store at ${missing}\n`,
    });
    expect(existsSync(missing)).to.equal(false);
  });

  for (const [flags, problem] of [
    [["--from", "soon"], "--from: is neither a block number nor a time such as 2026-01-31T12:00:00Z"],
    [["--vault", "eth"], "--vault: there is none of that name, but vault"],
    [["--strategy", "time"], /^The strategy time cannot be made: params\.seconds: /],
    [["--params", "{}"], "--params: belongs to --strategy, which is not given"],
    [["--config", "/nowhere.json"], "/nowhere.json: cannot be read (ENOENT)"],
  ] as const) {
    it(`refuses ${flags.join(" ")} in one line with exit code 2`, async () => {
      const { code, stdout, stderr } = await run(...flags);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
      expect(stderr).to.match(/^replay: [^\n]+\n$/);
      const said = stderr.slice("replay: ".length, -1);
      if (typeof problem === "string") expect(said).to.equal(problem);
      else expect(said).to.match(problem);
    });
  }
});
