import type { PublicClient } from "viem";

import type { Head } from "../../keeper/chain/head.ts";
import type { Snapshot } from "../../keeper/chain/snapshot.ts";
import { createKeeper } from "../../keeper/keeper.ts";
import { createLogger } from "../../keeper/log/logger.ts";
import { openJournal } from "../../keeper/store/journal.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { ACTORS } from "./actors.ts";
import type { Stage } from "./stage.ts";

/** |drift| in ETH at which the operator of the demo wants action whatever it costs. */
const DELTA_LIMIT = 200;
const PRIORITY_FEE = 100_000_000n;
/** Seconds between the market's blocks. */
const BLOCK_SECONDS = 60;

/** The keeper of `npm run keeper -- run`, handed each block instead of polling for it, its journal in memory. */
export interface DemoKeeper {
  onBlock(head: Head): Promise<Snapshot>;
  /** Closes the journal. @returns decisions to hold. */
  stop(): Promise<number>;
}

/** Starts a keeper on the stage's vault. */
export async function startKeeper(
  stage: Stage,
  client: PublicClient,
  strategy: Strategy,
): Promise<DemoKeeper> {
  const { Vault, Lens } = stage.contracts;
  const chainId = await client.getChainId();
  const journal = await openJournal();
  const keeper = await createKeeper({
    client,
    account: ACTORS.keeper,
    deployment: { chainId, block: 0, contracts: { Vault, Lens } },
    strategy,
    journal,
    log: createLogger({ level: "warn" }),
    deltaLimit: DELTA_LIMIT,
    fees: { priorityFeePerGas: PRIORITY_FEE, maxBaseFeePerGas: null },
    checkInterval: BLOCK_SECONDS,
  });
  return {
    onBlock: async (head) => (await keeper.onBlock(head)).snapshot,
    async stop() {
      const { holds } = await journal.summary(Vault);
      await journal.close();
      return holds;
    },
  };
}
