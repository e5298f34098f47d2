import { expect } from "chai";
import { inspect } from "node:util";
import { getAddress } from "viem";

import { loadDeployment } from "../../keeper/config/deployment.ts";
import { ConfigError, loadConfig } from "../../keeper/config/load.ts";
import { calibrateRiskAversion } from "../../keeper/math/calibration.ts";
import { scratch } from "./utils/scratch.ts";
import { minimal, settings, URL_WITH_TOKEN } from "./utils/settings.ts";

const KEY = `0x${"4f".repeat(32)}`;

describe("configuration", () => {
  const { files, load, problems } = settings();

  it("fills in what is not set", () => {
    const config = load(minimal);
    expect(config.vaults[0].strategy).to.deep.equal({ name: "optimal-impulse", params: {} });
    expect(config).to.include({ storeDir: ".keel/keeper", logLevel: "info", databaseUrl: null });
    expect(config.chains[0]).to.include({ pollInterval: 12, finalityBlocks: 64, private: null });
    expect(config.vaults[0]).to.include({ name: "vault", key: null });
    expect(config.vaults[0].limits).to.deep.equal({ delta: 50, gasUsd: 1000 });
    expect(config.chains[0].rpcUrls.map((url) => url.reveal())).to.deep.equal([URL_WITH_TOKEN]);
  });

  it("serves nothing unless told where, and then to this machine only", () => {
    expect(load(minimal).server).to.equal(undefined);
    expect(load({ ...minimal, server: { port: 0 } }).server).to.deep.equal({ host: "127.0.0.1", port: 0 });
    expect(problems({ ...minimal, server: { port: 65_536 } })[0]).to.match(/^server\.port: /);
  });

  it("lets the environment override the file", () => {
    const config = load(minimal, {
      KEEL_RPC_URL: "http://127.0.0.1:8545",
      KEEL_STORE_DIR: "elsewhere",
      KEEL_LOG_LEVEL: "debug",
      KEEL_DEPLOYMENT: "other.json",
    });
    expect(config.chains[0].rpcUrls.map((url) => url.reveal())).to.deep.equal(["http://127.0.0.1:8545"]);
    expect(config).to.include({ storeDir: "elsewhere", logLevel: "debug" });
    expect(config.vaults[0].deployment).to.equal("other.json");
  });

  describe("of several chains and vaults", () => {
    const chains = [
      { chainId: 1, rpcUrl: ["https://one.example/token-of-the-operator", "https://two.example"] },
      { chainId: 10, rpcUrl: "https://ten.example", pollInterval: 2 },
    ];
    const vaults = [
      { name: "first", deployment: "1.json" },
      { name: "second", deployment: "10.json", limits: { delta: 5 }, riskAversion: 1e-3 },
    ];
    const several = { riskAversion: 1e-4, limits: { delta: 50 }, pollInterval: 6, chains, vaults };

    it("lays what stands beside the lists under each of their entries", () => {
      const config = load(several);
      expect(config.chains.map(({ chainId, pollInterval }) => [chainId, pollInterval])).to.deep.equal([
        [1, 6],
        [10, 2],
      ]);
      expect(config.chains[0].rpcUrls).to.have.length(2);
      expect(
        config.vaults.map(({ name, limits, riskAversion }) => [name, limits.delta, riskAversion]),
      ).to.deep.equal([
        ["first", 50, 1e-4],
        ["second", 5, 1e-3],
      ]);
      expect(inspect(config, { depth: 9 })).to.not.include("token-of-the-operator");
    });

    it("names the entry that is wrong", () => {
      const wrong = {
        ...several,
        chains: [chains[0], { ...chains[1], chainId: 1, colour: 1 }],
        vaults: [{ name: "first" }, { name: "first", limits: { delta: -1 } }, { name: "a b" }],
      };
      expect(problems(wrong).map((problem) => problem.split(": ")[0])).to.have.members([
        "chains.1.colour",
        "vaults.1.limits.delta",
        "vaults.2.name",
      ]);
      const twins = {
        ...several,
        chains: [chains[0], { rpcUrl: "https://x" }],
        vaults: [vaults[0], vaults[0]],
      };
      expect(problems(twins)).to.deep.equal([
        "chains.1.chainId: required where there are several",
        "vaults.1.name: is that of an earlier one",
      ]);
      expect(problems({ ...several, vaults: [] })).to.deep.equal([
        "vaults: must be a list with at least one entry",
      ]);
    });

    it("takes several endpoints from one variable", () => {
      const { chains: read } = load(minimal, { KEEL_RPC_URL: "http://a.example, http://b.example" });
      expect(read[0].rpcUrls.map((url) => url.reveal())).to.deep.equal([
        "http://a.example",
        "http://b.example",
      ]);
    });

    it("puts variables of the environment where the file names them", () => {
      const text = { ...minimal, rpcUrl: "https://rpc.example/${TOKEN}" };
      expect(load(text, { TOKEN: "t-o-k-e-n" }).chains[0].rpcUrls[0]?.reveal()).to.equal(
        "https://rpc.example/t-o-k-e-n",
      );
      expect(problems(text)).to.include("rpcUrl: the environment has no TOKEN");
    });
  });

  it("refuses unknown keys by name, at every depth and in the environment", () => {
    expect(
      problems(
        {
          ...minimal,
          polInterval: 3,
          limits: { delta: 1, gama: 2 },
          strategy: { name: "time", params: { seconds: 9, x: 1 } },
        },
        { KEEL_RPCURL: "http://x" },
      ),
    ).to.have.members([
      "polInterval: unknown key",
      "limits.gama: unknown key",
      "strategy.params.x: unknown key",
      "KEEL_RPCURL: unknown environment variable",
    ]);
  });

  it("leaves the variables of other commands alone", () => {
    const config = load(minimal, { KEEL_DEPLOYER_KEY: KEY, KEEL_RECORDED_DATA: "/data" });
    expect(config.vaults[0].key).to.equal(null);
  });

  it("names the path of every wrong value, one line each", () => {
    const found = problems({
      rpcUrl: "ftp://x",
      riskAversion: -1,
      limits: {},
      strategy: { name: "fixed-band", params: { fraction: 0 } },
      pollInterval: 2_592_000,
      logLevel: "loud",
    });
    expect(found.map((line) => line.split(":")[0])).to.have.members([
      "rpcUrl",
      "riskAversion",
      "limits.delta",
      "strategy.params.fraction",
      "pollInterval",
      "logLevel",
    ]);
    for (const line of found)
      expect(line)
        .to.match(/^[\w.]+: \S/)
        .and.not.include("\n");
  });

  it("takes each strategy with its parameters, and limits of gamma and vega", () => {
    const { rpcUrl } = minimal;
    const strategyOf = (strategy: object) =>
      load({ rpcUrl, limits: { delta: 50, gamma: 0.1, vega: 900 }, strategy }).vaults[0];
    expect(strategyOf({ name: "threshold", params: { delta: 5 } })).to.deep.include({
      strategy: { name: "threshold", params: { delta: 5, inner: 0 } },
      limits: { delta: 50, gamma: 0.1, vega: 900, gasUsd: 1000 },
    });
    const { strategy } = strategyOf({ name: "volatility", params: { fraction: 0.05, reference: 0.6 } });
    expect(strategy.params).to.deep.equal({ fraction: 0.05, reference: 0.6, exponent: -0.5 });
    const wrong = (params: object, name: string) =>
      problems({ rpcUrl, limits: { delta: 1, gamma: 0 }, strategy: { name, params } }).map(
        (problem) => problem.split(": ")[0],
      );
    expect(wrong({ delta: 5, inner: 5 }, "threshold")).to.have.members([
      ...["limits.gamma", "strategy.params.inner"],
    ]);
    expect(wrong({ trigger: 1.6, restore: 1.5, delta: 1 }, "margin")).to.include("strategy.params.restore");
    expect(wrong({ seconds: 5 }, "clock")).to.include("strategy.name");
  });

  it("takes jitter up to a half, and none unless asked for", () => {
    const of = (jitter?: unknown) => ({
      ...minimal,
      riskAversion: 1e-7,
      ...(jitter === undefined ? {} : { jitter }),
    });
    expect([load(of()), load(of(0.2))].map(({ vaults }) => vaults[0].jitter)).to.deep.equal([0, 0.2]);
    for (const wrong of [-0.1, 0.51, "0.2"]) expect(problems(of(wrong)).join()).to.match(/^jitter: /);
  });

  it("takes no directory so deep that the keeper could not be asked in it", () => {
    expect(problems({ ...minimal, riskAversion: 1e-7, storeDir: "d".repeat(90) })).to.deep.equal([]);
    expect(problems({ ...minimal, riskAversion: 1e-7, storeDir: "ä".repeat(46) }).join()).to.match(
      /^storeDir: is longer than 90 bytes/,
    );
  });

  it("asks for a risk aversion where the strategy needs one, and only there", () => {
    const { rpcUrl, limits } = minimal;
    expect(problems({ rpcUrl, limits }).join()).to.match(/^riskAversion: required/);
    expect(problems({ rpcUrl, limits, strategy: { name: "time", params: { seconds: 60 } } })).to.deep.equal(
      [],
    );
  });

  it("accepts a risk aversion that its calibration gives, and no other", () => {
    const market = { spot: 3000, sigma: 0.6, gasUsd: 30, feeRate: 0.0005, kappa: 0.01 };
    const riskAversion = calibrateRiskAversion({ targetStd: 20_000, gammaCap: 0.2, ...market });
    const calibration = { pnlDeviation: 20_000, gamma: 0.2, ...market };
    expect(
      problems({ ...minimal, riskAversion: Number(riskAversion.toPrecision(5)), calibration }),
    ).to.deep.equal([]);
    expect(problems({ ...minimal, riskAversion: riskAversion * 1.01, calibration }).join()).to.match(
      /^riskAversion: is not what its calibration gives/,
    );
  });

  it("says what is wrong with the file, without quoting it", () => {
    expect(problems(`{"rpcUrl": "${URL_WITH_TOKEN}" "limits"}`).join()).to.match(
      /config\.json: is not valid JSON$/,
    );
    expect(problems("[]").join()).to.match(/must hold a JSON object$/);
    expect(() => loadConfig({ file: files.at("none.json"), env: {} })).to.throw(ConfigError, "ENOENT");
  });
});

describe("deployment file", () => {
  const { write } = scratch();

  it("gives the addresses, and names what is wrong", () => {
    const contracts = {
      Vault: "0x00000000000000000000000000000000000000aa",
      Lens: "0x00000000000000000000000000000000000000bb",
      OptionBook: "0x00000000000000000000000000000000000000cc",
    };
    const load = (fields: object) => loadDeployment(write("1.json", { chainId: 31337, block: 5, ...fields }));
    expect(load({ commit: "abc", contracts }).contracts.Lens).to.equal(contracts.Lens);
    // However it is written, the journal must know the vault again.
    const vaultOf = (Vault: string) => load({ contracts: { ...contracts, Vault } }).contracts.Vault;
    const mixed = getAddress(`0x${"ab".repeat(20)}`);
    expect(vaultOf(mixed.toLowerCase())).to.equal(vaultOf(mixed)).and.to.equal(mixed);
    expect(() => load({ contracts: { Vault: "0x1" } })).to.throw(
      ConfigError,
      /contracts\.Vault: is not an address/,
    );
  });
});
