import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { inspect } from "node:util";
import { getAddress } from "viem";

import { loadDeployment } from "../../keeper/config/deployment.ts";
import { ConfigError, loadConfig, secretsOf, type Config } from "../../keeper/config/load.ts";
import { Secret } from "../../keeper/config/secret.ts";
import { createLogger } from "../../keeper/log/logger.ts";
import { calibrateRiskAversion } from "../../keeper/math/calibration.ts";

const KEY = `0x${"4f".repeat(32)}`;
const URL_WITH_TOKEN = "https://rpc.example/v2/token-of-the-operator";
const minimal = { rpcUrl: URL_WITH_TOKEN, riskAversion: 1e-4, limits: { delta: 50 } };

describe("configuration", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "keel-config-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function write(name: string, content: unknown): string {
    const path = join(directory, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  }
  function load(content: unknown, env: Record<string, string> = {}) {
    return loadConfig({ file: write("config.json", content), env });
  }
  const keyOf = (config: Config) => config.vaults[0].key;
  function problems(content: unknown, env: Record<string, string> = {}): readonly string[] {
    try {
      load(content, env);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as ConfigError).problems;
    }
    return [];
  }

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

  it("takes the webhook of alerts from the environment only, and never shows it", () => {
    const url = "https://hooks.example/services/T012/B345/abcdefghijklmnopqrstuvwx";
    const config = load({ ...minimal, alerts: { balanceRebalances: 3 } }, { KEEL_ALERT_WEBHOOK: url });
    expect(config.alerts).to.include({ balanceRebalances: 3, stuckAfter: 300 });
    expect(config.alertWebhook?.reveal()).to.equal(url);
    expect(JSON.stringify(config) + inspect(config)).to.not.include("hooks.example");
    const blotted = secretsOf(config).reduce((text, secret) => secret.blot(text), `404 at ${url.slice(21)}`);
    expect(blotted).to.equal("404 at [secret]");
    expect(load(minimal).alertWebhook).to.equal(null);
    expect(problems({ ...minimal, alerts: { webhook: url } })).to.deep.equal(["alerts.webhook: unknown key"]);
    expect(problems(minimal, { KEEL_ALERT_WEBHOOK: "ftp://secret-host" })).to.deep.equal([
      "KEEL_ALERT_WEBHOOK: is not an http(s) URL",
    ]);
    expect(problems(minimal, { KEEL_ALERT_WEBHOOK: "https://me:pass@hooks.example" })).to.deep.equal([
      "KEEL_ALERT_WEBHOOK: holds a user name or password, which cannot be sent",
    ]);
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
          strategy: { name: "clock", params: { seconds: 9, x: 1 } },
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

  it("refuses a key in the file without repeating it", () => {
    const [problem, ...more] = problems({ ...minimal, privateKey: KEY });
    expect([problem, more]).to.deep.equal(["privateKey: unknown key", []]);
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

  it("asks for a risk aversion where the strategy needs one, and only there", () => {
    const { rpcUrl, limits } = minimal;
    expect(problems({ rpcUrl, limits }).join()).to.match(/^riskAversion: required/);
    expect(problems({ rpcUrl, limits, strategy: { name: "clock", params: { seconds: 60 } } })).to.deep.equal(
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

  it("takes the key from the environment, and only one", () => {
    const password = write("password", "correct horse\n");
    expect(keyOf(load(minimal, { KEEL_PRIVATE_KEY: KEY.slice(2) }))).to.have.property("privateKey");
    const key = keyOf(load(minimal, { KEEL_KEYSTORE: "k.json", KEEL_KEYSTORE_PASSWORD_FILE: password }));
    expect(key !== null && "password" in key && key.password.reveal()).to.equal("correct horse");
    expect(problems({ ...minimal, keystore: "k.json" })).to.deep.equal([
      "KEEL_KEYSTORE_PASSWORD: a keystore needs it, or KEEL_KEYSTORE_PASSWORD_FILE",
    ]);
    expect(problems({ ...minimal, keystore: "k.json" }, { KEEL_PRIVATE_KEY: KEY }).join()).to.include(
      "one of them",
    );
    expect(problems(minimal, { KEEL_PRIVATE_KEY: "0x12" })).to.deep.equal([
      "KEEL_PRIVATE_KEY: is not 32 bytes in hex",
    ]);
    expect(
      problems(minimal, { KEEL_KEYSTORE: "k.json", KEEL_KEYSTORE_PASSWORD_FILE: join(directory, "none") }),
    ).to.deep.equal(["KEEL_KEYSTORE_PASSWORD_FILE: cannot be read (ENOENT)"]);
  });

  it("takes a remote signer in the place of a key, its URL from the environment if it must be secret", () => {
    const address = getAddress(`0x${"ab".repeat(20)}`);
    const remoteSigner = { url: "http://127.0.0.1:9000", address: address.toLowerCase() };
    const key = keyOf(load({ ...minimal, remoteSigner }));
    if (key === null || !("remoteSigner" in key)) throw new Error("It has no remote signer.");
    expect(key.remoteSigner.url.reveal()).to.equal("http://127.0.0.1:9000");
    expect(key.remoteSigner.address).to.equal(address);

    const url = "https://bearer:token-of-the-signer@signer.example/v1";
    const config = load({ ...minimal, remoteSigner: { address } }, { KEEL_REMOTE_SIGNER_URL: url });
    const remote = keyOf(config);
    expect(remote !== null && "remoteSigner" in remote && remote.remoteSigner.url.reveal()).to.equal(url);
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).to.not.include("token-of-the-signer");
    const blot = (text: string) => secretsOf(config).reduce((current, secret) => secret.blot(current), text);
    expect(blot(`GET ${url} token-of-the-signer`)).to.not.include("token-of-the-signer");
  });

  it("refuses a remote signer that is wrong, or beside another key", () => {
    const remoteSigner = { url: "http://127.0.0.1:9000", address: `0x${"ab".repeat(20)}` };
    const beside = (more: object, env: Record<string, string>) =>
      problems({ ...minimal, remoteSigner, ...more }, env);
    expect(beside({}, { KEEL_PRIVATE_KEY: KEY })).to.deep.equal([
      "KEEL_PRIVATE_KEY: given beside remoteSigner; give one of them",
    ]);
    expect(beside({ keystore: "k.json" }, { KEEL_KEYSTORE_PASSWORD: "secret" })).to.deep.equal([
      "remoteSigner: given beside a keystore; give one of them",
    ]);
    expect(beside({ keystore: "k.json" }, { KEEL_PRIVATE_KEY: KEY })).to.deep.equal([
      "KEEL_PRIVATE_KEY: given beside remoteSigner and a keystore; give one of them",
    ]);
    const paths = (content: unknown, env = {}) =>
      problems({ ...minimal, remoteSigner: content }, env).map((line) => line.split(":")[0]);
    expect(paths({ url: "unix:/signer.ipc", address: "0x12", key: 1 })).to.have.members([
      "remoteSigner.url",
      "remoteSigner.address",
      "remoteSigner.key",
    ]);
    expect(paths(undefined, { KEEL_REMOTE_SIGNER_URL: "http://x" })).to.deep.equal(["remoteSigner.address"]);
    expect(paths("http://x", { KEEL_REMOTE_SIGNER_URL: "http://x" })).to.deep.equal(["remoteSigner"]);
  });

  it("takes a private route, and waits a minute unless told otherwise", () => {
    expect(load(minimal).chains[0].private).to.equal(null);
    const url = "https://rpc.example/fast?key=token-of-the-relay";
    const byDefault = load(minimal, { KEEL_PRIVATE_RPC_URL: url });
    expect(byDefault.chains[0].private).to.include({ method: "eth_sendRawTransaction", publicAfter: 60 });
    expect(byDefault.chains[0].private).to.not.have.property("statusUrl");
    expect(byDefault.chains[0].private?.url.reveal()).to.equal(url);
    expect(inspect(byDefault, { depth: 9 }) + JSON.stringify(byDefault)).to.not.include("token-of-the-relay");
    const blot = (config: typeof byDefault, text: string) =>
      secretsOf(config).reduce((current, secret) => secret.blot(current), text);
    expect(blot(byDefault, "key token-of-the-relay")).to.equal("key [secret]");

    const method = "eth_sendPrivateTransaction";
    const statusUrl = "https://relay.example/token-of-the-operator/tx/{hash}";
    const full = load({ ...minimal, private: { url, method, statusUrl, publicAfter: 25 } });
    expect(full.chains[0].private).to.include({ method, publicAfter: 25 });
    expect(full.chains[0].private?.statusUrl?.reveal()).to.equal(statusUrl);
    expect(blot(full, statusUrl)).to.not.include("token-of-the-operator");

    const wrong = {
      url: "ftp://x",
      method: "eth_call",
      statusUrl: "https://x/tx",
      publicAfter: -1,
      fast: true,
    };
    expect(problems({ ...minimal, private: wrong }).map((problem) => problem.split(":")[0])).to.have.members([
      "private.url",
      "private.method",
      "private.statusUrl",
      "private.publicAfter",
      "private.fast",
    ]);
    expect(problems({ ...minimal, private: { publicAfter: 5 } }).join()).to.match(/^private\.url: /);
  });

  it("refuses an empty password: a keystore under it is as good as open", () => {
    const keystore = { ...minimal, keystore: "k.json" };
    expect(problems(keystore, { KEEL_KEYSTORE_PASSWORD: "" })).to.deep.equal([
      "KEEL_KEYSTORE_PASSWORD: is empty",
    ]);
    const file = write("password", "\n");
    expect(problems(keystore, { KEEL_KEYSTORE_PASSWORD_FILE: file })).to.deep.equal([
      "KEEL_KEYSTORE_PASSWORD_FILE: is empty",
    ]);
  });

  it("says what is wrong with the file, without quoting it", () => {
    expect(problems(`{"rpcUrl": "${URL_WITH_TOKEN}" "limits"}`).join()).to.match(
      /config\.json: is not valid JSON$/,
    );
    expect(problems("[]").join()).to.match(/must hold a JSON object$/);
    expect(() => loadConfig({ file: join(directory, "none.json"), env: {} })).to.throw(ConfigError, "ENOENT");
  });

  it("never shows a secret: not printed, not in errors, not in logs", () => {
    const config = load(minimal, { KEEL_PRIVATE_KEY: KEY });
    const bare = KEY.slice(2);
    const shown = [
      inspect(config, { depth: 9, showHidden: true }),
      JSON.stringify(config),
      String(secretsOf(config)[1]),
      `${secretsOf(config)[0]!}`,
      problems(
        { ...minimal, limits: 1, rpcUrl: `nonsense ${URL_WITH_TOKEN}` },
        { KEEL_PRIVATE_KEY: `${KEY}00` },
      ).join(),
    ];
    for (const text of shown) {
      expect(text).to.not.include(bare);
      expect(text).to.not.include("token-of-the-operator");
    }
  });

  it("blots the token out of what a server says of the path it was asked for", () => {
    const config = load({
      ...minimal,
      rpcUrl: "https://name:password@rpc.example/v2/token-of-the-operator?key=k3y-of-the-operator",
    });
    const blot = (text: string) => secretsOf(config).reduce((current, secret) => secret.blot(current), text);
    const said =
      "Cannot POST /v2/token-of-the-operator?key=k3y-of-the-operator; unknown k3y-of-the-operator, token-of-the-operator; name:password";
    expect(blot(said)).to.not.match(/token-of|k3y-of|password/);
    expect(blot("Cannot be reached: rpc.example")).to.equal("Cannot be reached: rpc.example");
  });

  it("blots secrets out of every log line, however they got there", () => {
    const config = load(minimal, { KEEL_PRIVATE_KEY: KEY });
    for (const text of [true, false]) {
      const destination = new PassThrough();
      const log = createLogger({ level: "info", secrets: secretsOf(config), destination, text });
      log.error({ error: new Error(`POST ${URL_WITH_TOKEN} failed`).message, config, n: 3n }, `key ${KEY}`);
      const line = String(destination.read());
      expect(line).to.not.include("token-of-the-operator").and.not.include(KEY.slice(2));
      expect(line).to.include("[secret]").and.include("3");
    }
  });
});

describe("deployment file", () => {
  it("gives the addresses, and names what is wrong", () => {
    const directory = mkdtempSync(join(tmpdir(), "keel-deployment-"));
    const path = join(directory, "1.json");
    const contracts = {
      Vault: "0x00000000000000000000000000000000000000aa",
      Lens: "0x00000000000000000000000000000000000000bb",
      OptionBook: "0x00000000000000000000000000000000000000cc",
    };
    try {
      writeFileSync(path, JSON.stringify({ chainId: 31337, block: 5, commit: "abc", contracts }));
      expect(loadDeployment(path).contracts.Lens).to.equal(contracts.Lens);
      // However it is written, the journal must know the vault again.
      const deployment = (Vault: string) => {
        writeFileSync(path, JSON.stringify({ chainId: 1, block: 5, contracts: { ...contracts, Vault } }));
        return loadDeployment(path).contracts.Vault;
      };
      const mixed = getAddress(`0x${"ab".repeat(20)}`);
      expect(deployment(mixed.toLowerCase())).to.equal(deployment(mixed)).and.to.equal(mixed);
      writeFileSync(path, JSON.stringify({ chainId: 31337, block: 5, contracts: { Vault: "0x1" } }));
      expect(() => loadDeployment(path)).to.throw(ConfigError, /contracts\.Vault: is not an address/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("Secret", () => {
  it("leaves short words in other text alone", () => {
    expect(new Secret("ab").blot("a cab")).to.equal("a cab");
    expect(new Secret("0xabcdef").blot("0xabcdef and abcdef")).to.equal("[secret] and [secret]");
  });
});
