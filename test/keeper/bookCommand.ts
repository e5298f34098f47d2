import { expect } from "chai";
import { PassThrough } from "node:stream";

import { renderBook } from "../../keeper/cli/bookTable.ts";
import { readingsOf } from "../../keeper/cli/readings.ts";
import {
  answerBook,
  showBook,
  type BreachAnswer,
  type FleetAnswer,
  type ShowBookOptions,
  type VaultAnswer,
} from "../../keeper/cli/showBook.ts";
import { loadConfig } from "../../keeper/config/load.ts";
import { DAY, WAD, type keelFixture } from "../contracts/utils/keel.ts";
import { driftOf, putOf, rebalance, SHORT } from "../contracts/utils/vault.ts";
import { expectNear } from "../support/near.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { FaultyProvider, lost, type Provider } from "./utils/faultyProvider.ts";
import { runCli } from "./utils/runCli.ts";
import { scratch } from "./utils/scratch.ts";
import { shortCalls } from "./utils/shortCalls.ts";

describe("keeper book", function () {
  this.timeout(30_000);
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let provider: FaultyProvider;
  let served: ServedProvider;
  let price: number;
  const { at, write } = scratch();

  before(async () => {
    ({ keel } = await shortCalls(3_100));
    provider = new FaultyProvider(keel.provider as Provider);
    served = await serveProvider(provider);
    price = 3_000;
  });
  after(() => served.close());
  afterEach(() => {
    provider.faults.clear();
  });

  /** @returns Path of a configuration. No key is given with it. */
  function configure(limit: number, deployment: Record<string, unknown> = {}): string {
    return write("config.json", {
      strategy: { name: "fixed-band", params: { fraction: 0.01 } },
      limits: { delta: limit },
      deployment: write("deployment.json", {
        chainId: 31337,
        block: 0,
        contracts: keel.contracts,
        ...deployment,
      }),
    });
  }
  async function show(configFile: string, changes: Partial<ShowBookOptions> = {}) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await showBook({
      ...{ configFile, vault: undefined, all: true, horizon: 3600, json: true },
      ...{ env: { KEEL_RPC_URL: served.url }, stdout, stderr },
      ...changes,
    });
    return { code, text: String(stdout.read() ?? ""), errors: String(stderr.read() ?? "") };
  }
  async function ask(limit: number, changes: Partial<ShowBookOptions> = {}) {
    const { code, text, errors } = await show(configure(limit), changes);
    expect([code, errors]).to.deep.equal([0, ""]);
    const answer = JSON.parse(text) as FleetAnswer;
    return { answer, row: answer.vaults[0] as VaultAnswer };
  }
  const drift = async () => Number((await keel.vault.getFunction("drift")()) as bigint) / 1e18;

  it("shows what the chain says of the vault, from one read pinned to a block", async () => {
    provider.asked.length = 0;
    const { answer, row } = await ask(80);
    expect(provider.asked.filter((method) => method === "eth_call")).to.have.length(1);
    expect(answer).to.have.all.keys("at", "horizon", "vaults", "fleet");
    expect(Math.abs(answer.at - Date.now() / 1000) < 60).to.equal(true);
    expect(row).to.have.all.keys(
      ...[
        "name",
        "chainId",
        "vault",
        "block",
        "timestamp",
        "price",
        "sigma",
        "nav",
        "delta",
        "gamma",
        "vega",
      ],
      ...["theta", "hedge", "drift", "limit", "margin", "breach"],
    );
    expect(row).to.include({ name: "vault", chainId: 31337, vault: keel.contracts.Vault, limit: 80, price });
    expect(row.block).to.equal(await keel.ethers.provider.getBlockNumber());
    expectNear(row.drift, await drift(), 1e-9);
    expectNear(row.drift, row.delta + row.hedge, 1e-9);
    expectNear(row.sigma, 0.6, 1e-9);
    expectNear(row.nav, Number((await keel.vault.getFunction("nav")()) as bigint) / 1e6, 1e-6);
    expect(row.delta < -30 && row.gamma < 0 && row.vega < 0 && row.theta > 0).to.equal(true);
    expect(row.margin).to.equal(null);
  });

  it("is the fleet where it is the only vault", async () => {
    const { answer, row } = await ask(80);
    const { name, chainId, vault, block, ...book } = row;
    expect([name, chainId, vault, block].length).to.equal(4);
    expect(answer.fleet).to.deep.equal(book);
  });

  it("finds the price at which the chain itself sees the limit reached", async () => {
    const { row } = await ask(60, { horizon: 30 * DAY });
    const high = row.breach.high!;
    expect(row.breach.low).to.equal(null);
    const clean = await keel.provider.request({ method: "evm_snapshot" });
    for (const [at, isPast] of [
      [0.999 * high, false],
      [1.001 * high, true],
    ] as const) {
      await keel.mainnet.submitEthUsd(at);
      expect(Math.abs(await drift()) >= 60, String(at)).to.equal(isPast);
    }
    await keel.provider.request({ method: "evm_revert", params: [clean] });
    expect(row.breach.delta).to.be.within(0.01, 0.99);
    expect(row.breach).to.include({ margin: 0, any: row.breach.delta });
  });

  it("finds the price at which Aave itself would liquidate the short", async () => {
    const clean = await keel.provider.request({ method: "evm_snapshot" });
    await keel.buy(keel.taker, await putOf(keel, 7, 3_400, 2_400), 150n * WAD);
    await rebalance(keel, [{ venue: SHORT, dDelta: -(await driftOf(keel)) }]);
    const { row, answer } = await ask(1_000, { horizon: 30 * DAY });
    expect(row.breach).to.include({ delta: 0, low: null, any: row.breach.margin });
    expect(row.breach.margin).to.be.within(0.001, 0.9);
    expect(answer.fleet!.margin).to.equal(row.margin);
    const high = row.breach.high!;
    expectNear(high, row.price * (1 + row.margin!), 1e-9);
    for (const [at, isHealthy] of [
      [0.999 * high, true],
      [1.001 * high, false],
    ] as const) {
      await keel.mainnet.submitEthUsd(at);
      const health = (await keel.short.getFunction("healthFactor")()) as bigint;
      expect(health > WAD, String(at)).to.equal(isHealthy);
    }
    await keel.provider.request({ method: "evm_revert", params: [clean] });
  });

  it("knows a limit that is broken, and takes longer for likelier", async () => {
    const now: BreachAnswer = (await ask(1, { horizon: 0 })).row.breach;
    expect(now).to.deep.equal({ delta: 1, margin: 0, any: 1, low: price, high: price });
    const odds: number[] = [];
    for (const horizon of [0, 3600, 7 * DAY]) odds.push((await ask(60, { horizon })).row.breach.any);
    expect(odds[0]).to.equal(0);
    expect(odds[1]! < odds[2]!).to.equal(true);
  });

  it("prints a table for people", async () => {
    const { code, text } = await show(configure(60), { json: false });
    expect(code).to.equal(0);
    const lines = text.trimEnd().split("\n");
    expect(lines.at(-1)).to.include("within 3,600 s");
    expect(lines.filter((line) => /^vault +31337 +\d+ +3,000\.00 /.test(line))).to.have.length(1);
    expect(lines.filter((line) => /^fleet +3,000\.00 /.test(line))).to.have.length(1);
    expect(lines.filter((line) => /^(vault|fleet) .* -\d+\.\d\d +60\.00 +- .* %$/.test(line))).to.have.length(
      2,
    );
    expect(Math.max(...lines.map((line) => line.length)) <= 100).to.equal(true);
    expect(text).to.not.include("token-of-the-operator");
  });

  it("says of a vault that cannot be read why, without the endpoint's token: exit code 1", async () => {
    provider.faults.set("eth_call", lost);
    const { code, text, errors } = await show(configure(60));
    expect([code, errors]).to.deep.equal([1, ""]);
    const { vaults, fleet } = JSON.parse(text) as {
      vaults: { name: string; error: string }[];
      fleet: unknown;
    };
    expect(fleet).to.equal(null);
    expect(vaults).to.have.length(1);
    expect(vaults[0]!.name).to.equal("vault");
    expect(vaults[0]!.error).to.include("socket hang up");
    const table = await show(configure(60), { json: false });
    expect([table.code, table.errors]).to.deep.equal([1, ""]);
    expect(table.text).to.match(/\nvault not read: [^\n]*socket hang up[^\n]*\n$/);
    expect(text + table.text).to.not.include("token-of-the-operator");
  });

  it("sums the vaults it can read, and leaves each in its place", async () => {
    const config = loadConfig({ file: configure(60), env: { KEEL_RPC_URL: served.url } });
    const [reading] = readingsOf(config);
    const broken = { ...reading!, name: "broken", read: () => Promise.reject(new Error("no answer")) };
    const readings = [{ ...reading!, name: "a" }, broken, { ...reading!, name: "b", deltaLimit: 50 }];
    const answer = await answerBook(readings, 3600, (error) => (error as Error).message);
    expect(answer.vaults.map(({ name }) => name)).to.deep.equal(["a", "broken", "b"]);
    expect(answer.vaults[1]).to.deep.equal({ name: "broken", error: "no answer" });
    const [a, , b] = answer.vaults as VaultAnswer[];
    expectNear(answer.fleet!.drift, 2 * a!.drift, 1e-9);
    expect(answer.fleet).to.deep.include({ limit: 110, breach: b!.breach });
    expect(a!.breach.any < b!.breach.any).to.equal(true);
    const lines = renderBook(answer).split("\n");
    expect(lines.filter((line) => line.startsWith("broken not read: no answer"))).to.have.length(2);
    expect(lines.filter((line) => /^(a|b|fleet) /.test(line))).to.have.length(6);
  });

  for (const [what, deployment, problem] of [
    ["another chain", { chainId: 1 }, "The RPC serves chain 31337, the deployment is of chain 1."],
    [
      "addresses without code",
      { contracts: { Vault: `0x${"ab".repeat(20)}`, Lens: `0x${"cd".repeat(20)}` } },
      "There is no Lens at ",
    ],
  ] as const) {
    it(`says so of ${what}`, async () => {
      const { code, text } = await show(configure(60, deployment));
      expect(code).to.equal(1);
      const [row] = (JSON.parse(text) as { vaults: { error: string }[] }).vaults;
      expect(row!.error).to.include(problem);
    });
  }

  it("refuses a name that no vault has: exit code 2, one line", async () => {
    const { code, text, errors } = await show(configure(60), { all: false, vault: "other" });
    expect([code, text]).to.deep.equal([2, ""]);
    expect(errors).to.equal("keeper: --vault: there is none of that name, only vault\n");
  });

  it("works from the command line, without a key", async () => {
    const args = ["book", "--config", configure(60), "--horizon", "86400", "--json"];
    const { code, stdout, stderr } = await runCli(args, "", { KEEL_RPC_URL: served.url });
    expect([code, stderr]).to.deep.equal([0, ""]);
    const answer = JSON.parse(stdout) as FleetAnswer;
    expect(answer.horizon).to.equal(86_400);
    expect(answer.fleet!.breach.any).to.be.within(0, 1);
  });

  it("refuses a horizon that is none, and settings that are wrong: exit code 2, one line", async () => {
    for (const horizon of ["-1", "soon", "", "1e12"]) {
      const { code, stdout, stderr } = await runCli(["book", `--horizon=${horizon}`]);
      expect([code, stdout], horizon).to.deep.equal([2, ""]);
      expect(stderr).to.match(/^error: [^\n]*--horizon[^\n]*\n$/);
    }
    const { code, stdout, stderr } = await runCli(["book", "--config", at("none.json")]);
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.match(/^keeper: [^\n]*none\.json: cannot be read[^\n]*\n$/);
  });

  it("shows examples of book on request", async () => {
    const { code, stdout } = await runCli(["book", "--help"]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/Examples:[^]*keeper -- book/);
  });
});
