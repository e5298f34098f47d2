import { expect } from "chai";
import { PassThrough } from "node:stream";

import { runKeeper } from "../../keeper/cli/runKeeper.ts";
import { openJournal } from "../../keeper/store/journal.ts";
import type { keelFixture } from "../contracts/utils/keel.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { activateStore } from "./utils/activateStore.ts";
import { KEEPER_KEY } from "./utils/keys.ts";
import { scratch } from "./utils/scratch.ts";
import { shortCalls } from "./utils/shortCalls.ts";

const ABSENT = `0x${"ab".repeat(20)}`;
const NOWHERE = "http://127.0.0.1:1";

describe("a keeper of many vaults and chains", () => {
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let chain: ServedProvider;
  const { at, write } = scratch();

  before(async () => {
    ({ keel } = await shortCalls(2_000));
    chain = await serveProvider(keel.provider);
  });
  after(() => chain.close());

  const deployment = (name: string, chainId: number, vault: string) =>
    write(name, { chainId, block: 0, contracts: { ...keel.contracts, Vault: vault } });

  async function run(vaults: readonly object[]) {
    const storeDir = at("store");
    await activateStore(storeDir, keel.contracts.Vault);
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
    const journal = await openJournal({ directory: at("store") });
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
