import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { privateKeyToAccount } from "viem/accounts";

import { runKeeper } from "../../keeper/cli/runKeeper.ts";
import { buildId } from "../../keeper/config/build.ts";
import { activate } from "../../keeper/store/controls.ts";
import { openDatabase } from "../../keeper/store/database.ts";
import { openJournal } from "../../keeper/store/journal.ts";
import { DAY, keelFixture, seriesId, USDC, WAD } from "../contracts/utils/keel.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { FaultyProvider, type Provider } from "./utils/faultyProvider.ts";

/** Hardhat's account 2, the keeper of the fixture. Everybody knows it. */
const KEEPER_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const ABSENT = `0x${"ab".repeat(20)}`;
const NOWHERE = "http://127.0.0.1:1";

describe("a keeper of many vaults and chains", () => {
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let provider: FaultyProvider;
  let chain: ServedProvider;
  let directory: string;

  before(async () => {
    keel = await keelFixture();
    await keel.deposit(keel.alice, 5_000_000n * USDC);
    const expiry = (await keel.networkHelpers.time.latest()) + 7 * DAY;
    await keel.buy(keel.taker, seriesId({ isPut: false, strike: 2_000, cap: 6_000, expiry }), 100n * WAD);
    provider = new FaultyProvider(keel.provider as Provider);
    chain = await serveProvider(provider);
  });
  after(() => chain.close());
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "keel-many-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function write(name: string, content: unknown): string {
    const path = join(directory, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  }
  const deployment = (name: string, chainId: number, vault: string) =>
    write(name, { chainId, block: 0, contracts: { ...keel.contracts, Vault: vault } });

  async function run(vaults: readonly object[]) {
    const storeDir = join(directory, "store");
    const database = await openDatabase({ directory: storeDir });
    const account = privateKeyToAccount(KEEPER_KEY).address;
    const activation = { chainId: 31337, vault: keel.contracts.Vault, build: buildId(), account };
    await activate(database, activation);
    await database.close();
    const configFile = write("config.json", {
      ...{ storeDir, pollInterval: 0.05, limits: { delta: 100 } },
      strategy: { name: "fixed-band", params: { fraction: 0.01 } },
      chains: [
        { chainId: 31337, rpcUrl: chain.url },
        { chainId: 5, rpcUrl: NOWHERE },
      ],
      vaults,
    });
    let text = "";
    const stderr = new PassThrough().on("data", (chunk) => (text += String(chunk)));
    const env = { KEEL_PRIVATE_KEY: KEEPER_KEY };
    const { signal } = new AbortController();
    const code = await runKeeper({ configFile, once: true, shadowOf: null, env, signal, stderr });
    return { code, text };
  }

  it("keeps one vault while another is broken and another's chain is out of reach", async () => {
    const { code, text } = await run([
      { name: "good", deployment: deployment("good.json", 31337, keel.contracts.Vault) },
      { name: "absent", deployment: deployment("absent.json", 31337, ABSENT) },
      { name: "unreached", deployment: deployment("far.json", 5, keel.contracts.Vault) },
    ]);
    expect(code, text).to.equal(0);
    expect(text).to.include("There is no code at Vault").and.include("A chain could not be read.");
    expect(text).to.include("A rebalance took effect.");
    const journal = await openJournal({ directory: join(directory, "store") });
    expect(await journal.summary(keel.contracts.Vault, 31337)).to.include({ decisions: 1, rebalances: 1 });
    await journal.close();
  });

  it("keeps one vault while another's signer is away", async () => {
    const away = { url: NOWHERE, address: ABSENT };
    const { code, text } = await run([
      { name: "good", deployment: deployment("good.json", 31337, keel.contracts.Vault) },
      { name: "away", deployment: deployment("away.json", 31337, ABSENT), remoteSigner: away },
    ]);
    expect(code, text).to.equal(0);
    expect(text)
      .to.match(/A vault cannot be kept for now\./)
      .and.include("The remote signer cannot be reached");
    expect(text).to.match(/"action":"(hold|rebalance)"/);
  });

  it("does not start when it can keep none of them: one line", async () => {
    const { code, text } = await run([
      { name: "absent", deployment: deployment("absent.json", 31337, ABSENT) },
      { name: "unreached", deployment: deployment("far.json", 5, keel.contracts.Vault) },
    ]);
    expect(code).to.equal(1);
    expect(text).to.match(/^keeper: There is no code at Vault 0x[aA][bB]\w+ on chain 31337\.\n$/);
  });

  it("refuses one vault named twice", async () => {
    const file = deployment("good.json", 31337, keel.contracts.Vault);
    const { code, text } = await run([
      { name: "one", deployment: file },
      { name: "two", deployment: file },
    ]);
    expect([code, text]).to.deep.equal([
      1,
      `keeper: two: ${keel.contracts.Vault} on chain 31337 is named twice.\n`,
    ]);
  });
});
