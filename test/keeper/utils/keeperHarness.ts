import { mnemonicToAccount } from "viem/accounts";
import type { Hex, LocalAccount } from "viem";

import { createChainClient } from "../../../keeper/chain/client.ts";
import { readHead } from "../../../keeper/chain/head.ts";
import { createKeeper, type KeeperOptions } from "../../../keeper/keeper.ts";
import type { VaultMode } from "../../../keeper/fleet/status.ts";
import type { Reorg } from "../../../keeper/chain/headTracker.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { Journal } from "../../../keeper/store/journal.ts";
import { acquireLease } from "../../../keeper/store/leases.ts";
import type { ExecutionTable } from "../../../keeper/store/schema.ts";
import { fixedBand } from "../../../keeper/strategy/fixedBand.ts";
import type { Strategy } from "../../../keeper/strategy/types.ts";
import { DAY, keelFixture, seriesId, USDC, WAD } from "../../contracts/utils/keel.ts";
import { emptyDatabase } from "./emptyDatabase.ts";
import { FaultyProvider, type Provider } from "./faultyProvider.ts";

/** Hardhat's third account, which the fixture gives the KEEPER role. */
export const ACCOUNT: LocalAccount = mnemonicToAccount(
  "test test test test test test test test test test test junk",
  { addressIndex: 2 },
);

/** Hedges to zero from the vault's own trigger on. */
export const toZero = fixedBand({ fraction: 1e-9 });

/**
 * A vault that is short 100 ETH of delta and has hardly any gamma, on a chain whose RPC can be made to fail, with an
 * empty journal: the same before every test of the suite that calls this.
 */
export function keeperHarness() {
  let keel: Awaited<ReturnType<typeof keelFixture>>;
  let expiry: number;
  let clean: Hex;
  let provider: FaultyProvider;
  let database: Database;
  let journal: Journal;

  before(async () => {
    database = await openDatabase();
    keel = await keelFixture();
    await keel.deposit(keel.alice, 5_000_000n * USDC);
    expiry = (await keel.networkHelpers.time.latest()) + 7 * DAY;
    await buy({ isPut: false, strike: 2_000, cap: 6_000 }, 100n);
    clean = await rpc<Hex>("evm_snapshot");
  });

  beforeEach(async () => {
    await rpc("evm_revert", [clean]);
    clean = await rpc<Hex>("evm_snapshot");
    provider = new FaultyProvider(keel.provider as Provider);
    await emptyDatabase(database);
    journal = new Journal(database);
  });

  after(() => database.close());

  function rpc<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    return keel.provider.request({ method, params: [...params] }) as Promise<T>;
  }
  function buy(terms: { isPut: boolean; strike: number; cap: number }, quantity: bigint) {
    return keel.buy(keel.taker, seriesId({ ...terms, expiry }), quantity * WAD);
  }
  const executions = async (): Promise<ExecutionTable[]> =>
    (await journal.executions({ limit: 100 })).toReversed();

  return {
    get keel() {
      return keel;
    },
    get provider() {
      return provider;
    },
    get database() {
      return database;
    },
    get journal() {
      return journal;
    },
    rpc,
    buy,
    executions,
    async start(strategy: Strategy, changes: Partial<KeeperOptions> = {}) {
      const client = createChainClient({ provider: provider as never });
      // A keeper of before is dead, and its lease has run out.
      await database.db.deleteFrom("leases").execute();
      const lease = await acquireLease(database, { key: "lane", holder: "test", ttl: 600, log: silentLog });
      const keeper = await createKeeper({
        client,
        signer: ACCOUNT,
        lease: lease!,
        privateRoute: null,
        deployment: { chainId: 31337, block: 0, contracts: keel.contracts },
        strategy,
        journal,
        log: silentLog,
        limits: { delta: 1000, gasUsd: 1000 },
        fees: { priorityFeePerGas: 10n ** 8n, maxBaseFeePerGas: null },
        checkInterval: 12,
        ...changes,
      });
      return {
        step: async (reorg: Reorg | null = null, mode: VaultMode = "live") =>
          keeper.onBlock(await readHead(client), reorg, mode),
      };
    },
    mine: () => rpc("evm_mine"),
    head: () => readHead(createChainClient({ provider: provider as never })),
    drift: async () => Number((await keel.vault.getFunction("drift")()) as bigint) / 1e18,
    nonceOf: async (tag = "latest") =>
      Number(await rpc<Hex>("eth_getTransactionCount", [ACCOUNT.address, tag])),
    rebalances: async () => Number((await keel.vault.getFunction("rebalanceNonce")()) as bigint),
    statuses: async () => (await executions()).map(({ status }) => status),
  };
}
