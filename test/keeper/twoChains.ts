import { expect } from "chai";

import { openJournal } from "../../keeper/store/journal.ts";
import { WAD, type keelFixture } from "../contracts/utils/keel.ts";
import { serveProvider, type ServedProvider } from "../support/serveProvider.ts";
import { activateStore } from "./utils/activateStore.ts";
import { KEEPER_KEY } from "./utils/keys.ts";
import { RunningKeeper } from "./utils/runningKeeper.ts";
import { scratch } from "./utils/scratch.ts";
import { shortCalls } from "./utils/shortCalls.ts";

interface Chain {
  readonly id: number;
  readonly keel: Awaited<ReturnType<typeof keelFixture>>;
  readonly series: bigint;
  rpc: ServedProvider;
}

/** The account has this many transactions behind it on the second chain, and as many more than on the first. */
const AHEAD = 3;

describe("one keeper of vaults on two chains", function () {
  this.timeout(120_000);
  let near: Chain;
  let far: Chain;
  const { at, write } = scratch();

  async function open(id: number): Promise<Chain> {
    const { keel, series } = await shortCalls(2_000, { chainId: id });
    return { id, keel, series, rpc: await serveProvider(keel.provider) };
  }
  before(async () => {
    near = await open(31337);
    far = await open(31338);
    const { keeper } = far.keel;
    for (let sent = 0; sent < AHEAD; sent += 1) await keeper.sendTransaction({ to: keeper.address });
  });
  after(() => Promise.all([near.rpc.close(), far.rpc.close()]));

  function configure(): string {
    const deployment = ({ id, keel }: Chain) =>
      write(`${String(id)}.json`, { chainId: id, block: 0, contracts: keel.contracts });
    return write("config.json", {
      ...{ storeDir: at("store"), pollInterval: 0.05, limits: { delta: 100 } },
      strategy: { name: "fixed-band", params: { fraction: 0.01 } },
      chains: [near, far].map(({ id, rpc }) => ({ chainId: id, rpcUrl: rpc.url })),
      vaults: [
        { name: "near", deployment: deployment(near) },
        { name: "far", deployment: deployment(far) },
      ],
    });
  }
  const drift = async ({ keel }: Chain) => Number((await keel.vault.getFunction("drift")()) as bigint) / 1e18;
  const nonce = ({ keel }: Chain) => keel.ethers.provider.getTransactionCount(keel.keeper.address);
  const rebalances = async ({ keel }: Chain) => Number(await keel.vault.getFunction("rebalanceNonce")());
  const sell = ({ keel, series }: Chain) => keel.buy(keel.taker, series, 10n * WAD);

  it("hedges both with one key, and the one that answers while the other's RPC is dead", async () => {
    // The same addresses and the same key: only the chain tells them apart.
    const { Vault } = near.keel.contracts;
    expect(far.keel.contracts.Vault).to.equal(Vault);
    for (const { id } of [near, far]) await activateStore(at("store"), Vault, id);
    const before = { near: await nonce(near), far: await nonce(far) };
    expect(before.far).to.equal(before.near + AHEAD);

    const running = new RunningKeeper({ configFile: configure(), env: { KEEL_PRIVATE_KEY: KEEPER_KEY } });
    const { log } = running;
    try {
      const tookEffect = "A rebalance took effect.";
      await log.until(tookEffect, { count: 2 });
      for (const chain of [near, far]) {
        expect(await rebalances(chain)).to.equal(1);
        expect(Math.abs(await drift(chain))).to.be.lessThan(1);
      }

      far.rpc.isDead = true;
      await sell(far);
      await sell(near);
      await log.until(tookEffect, { count: 3 });
      await log.until("The head could not be read.");
      expect(await Promise.all([near, far].map(rebalances))).to.deep.equal([2, 1]);
      expect(Math.abs(await drift(near))).to.be.lessThan(1);
      expect(Math.abs(await drift(far))).to.be.greaterThan(5);

      far.rpc.isDead = false;
      await log.until(tookEffect, { count: 4 });
      expect(await rebalances(far)).to.equal(2);
      expect(Math.abs(await drift(far))).to.be.lessThan(1);
    } finally {
      expect(await running.stop(), log.text).to.equal(0);
    }
    expect(log.text).to.not.include("token-of-the-operator");

    const journal = await openJournal({ directory: at("store") });
    const sent = await journal.executions({ limit: 9 });
    await journal.close();
    const nonces = ({ id }: Chain) =>
      sent.filter(({ chain_id }) => Number(chain_id) === id).map(({ tx_nonce }) => Number(tx_nonce));
    expect(nonces(near)).to.have.members([before.near, before.near + 1]);
    expect(nonces(far)).to.have.members([before.far, before.far + 1]);
    expect(await nonce(near)).to.equal(before.near + 2);
    expect(await nonce(far)).to.equal(before.far + 2);
  });
});
