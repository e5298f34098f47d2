import type { PublicClient } from "viem";

import { readHead, type Head } from "../../keeper/chain/head.ts";
import { createKeeper, type KeeperCycle } from "../../keeper/keeper.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { openDatabase } from "../../keeper/store/database.ts";
import { Journal } from "../../keeper/store/journal.ts";
import { acquireLease } from "../../keeper/store/leases.ts";
import type { Summary } from "../../keeper/store/summary.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { ACTORS } from "./actors.ts";
import type { Stage } from "./stage.ts";

const PRIORITY_FEE = 100_000_000n;
/** Seconds between the market's blocks. */
const BLOCK_SECONDS = 60;
/** Longer than any pause of this process. */
const LEASE_SECONDS = 3600;
/** USD that one transaction may cost. */
const GAS_LIMIT = 1000;

/** The keeper of `npm run keeper -- run`, handed each block instead of polling for it, its journal in memory. */
export interface DemoKeeper {
  onBlock(head: Head): Promise<KeeperCycle>;
  /** Closes the journal. @returns what it holds, in total. */
  stop(): Promise<Summary>;
}

/** Starts a keeper on the stage's vault. */
export async function startKeeper(
  stage: Stage,
  client: PublicClient,
  { strategy, deltaLimit }: { readonly strategy: Strategy; readonly deltaLimit: number },
): Promise<DemoKeeper> {
  const { Vault, Lens } = stage.contracts;
  const chainId = await client.getChainId();
  const database = await openDatabase();
  const journal = new Journal(database);
  const lease = await acquireLease(database, {
    ...{ key: `${String(chainId)}:${ACTORS.keeper.address}`, holder: "demo" },
    ...{ ttl: LEASE_SECONDS, log: silentLog },
  });
  if (lease === null) throw new Error("A journal of its own is held by nobody else.");
  const keeper = await createKeeper({
    client,
    signer: ACTORS.keeper,
    lease,
    privateRoute: null,
    deployment: { chainId, block: 0, contracts: { Vault, Lens } },
    strategy,
    journal,
    // Every cycle is handed to the caller, who tells what there is to tell.
    log: silentLog,
    limits: { delta: deltaLimit, gasUsd: GAS_LIMIT },
    fees: { priorityFeePerGas: PRIORITY_FEE, maxBaseFeePerGas: null },
    checkInterval: BLOCK_SECONDS,
  });
  return {
    onBlock: (head) => keeper.onBlock(head),
    async stop() {
      // What the last block mined is looked at by nobody else.
      await keeper.settle(await readHead(client));
      const summary = await journal.summary(Vault);
      await lease.release();
      await journal.close();
      return summary;
    },
  };
}
