import { expect } from "chai";
import { PassThrough } from "node:stream";
import { inspect } from "node:util";
import { getAddress } from "viem";

import { secretsOf, type Config } from "../../keeper/config/load.ts";
import { Secret } from "../../keeper/config/secret.ts";
import { createLogger } from "../../keeper/log/logger.ts";
import { minimal, settings, URL_WITH_TOKEN } from "./utils/settings.ts";

const KEY = `0x${"4f".repeat(32)}`;

const keyOf = (config: Config) => config.vaults[0].key;
/** The text without what no log may show. */
const blot = (config: Config, text: string): string =>
  secretsOf(config).reduce((current, secret) => secret.blot(current), text);

describe("secrets of the configuration", () => {
  const { files, load, problems } = settings();

  it("takes the webhook of alerts from the environment only, and never shows it", () => {
    const url = "https://hooks.example/services/T012/B345/abcdefghijklmnopqrstuvwx";
    const config = load({ ...minimal, alerts: { balanceRebalances: 3 } }, { KEEL_ALERT_WEBHOOK: url });
    expect(config.alerts).to.include({ balanceRebalances: 3, stuckAfter: 300 });
    expect(config.alertWebhook?.reveal()).to.equal(url);
    expect(JSON.stringify(config) + inspect(config)).to.not.include("hooks.example");
    expect(blot(config, `404 at ${url.slice(21)}`)).to.equal("404 at [secret]");
    expect(load(minimal).alertWebhook).to.equal(null);
    expect(problems({ ...minimal, alerts: { webhook: url } })).to.deep.equal(["alerts.webhook: unknown key"]);
    expect(problems(minimal, { KEEL_ALERT_WEBHOOK: "ftp://secret-host" })).to.deep.equal([
      "KEEL_ALERT_WEBHOOK: is not an http(s) URL",
    ]);
    expect(problems(minimal, { KEEL_ALERT_WEBHOOK: "https://me:pass@hooks.example" })).to.deep.equal([
      "KEEL_ALERT_WEBHOOK: holds a user name or password, which cannot be sent",
    ]);
  });

  it("refuses a key in the file without repeating it", () => {
    const [problem, ...more] = problems({ ...minimal, privateKey: KEY });
    expect([problem, more]).to.deep.equal(["privateKey: unknown key", []]);
  });

  it("takes the key from the environment, and only one", () => {
    const password = files.write("password", "correct horse\n");
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
      problems(minimal, { KEEL_KEYSTORE: "k.json", KEEL_KEYSTORE_PASSWORD_FILE: files.at("none") }),
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
    expect(blot(config, `GET ${url} token-of-the-signer`)).to.not.include("token-of-the-signer");
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
    const file = files.write("password", "\n");
    expect(problems(keystore, { KEEL_KEYSTORE_PASSWORD_FILE: file })).to.deep.equal([
      "KEEL_KEYSTORE_PASSWORD_FILE: is empty",
    ]);
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
    const said =
      "Cannot POST /v2/token-of-the-operator?key=k3y-of-the-operator; unknown k3y-of-the-operator, token-of-the-operator; name:password";
    expect(blot(config, said)).to.not.match(/token-of|k3y-of|password/);
    expect(blot(config, "Cannot be reached: rpc.example")).to.equal("Cannot be reached: rpc.example");
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

describe("Secret", () => {
  it("leaves short words in other text alone", () => {
    expect(new Secret("ab").blot("a cab")).to.equal("a cab");
    expect(new Secret("0xabcdef").blot("0xabcdef and abcdef")).to.equal("[secret] and [secret]");
  });
});
