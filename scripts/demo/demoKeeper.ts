import type { PublicClient } from "viem";

import type { Head } from "../../keeper/chain/head.ts";
import { createKeeper, type Cycle } from "../../keeper/keeper.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { openJournal } from "../../keeper/store/journal.ts";
import type { Summary } from "../../keeper/store/summary.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { ACTORS } from "./actors.ts";
import type { Stage } from "./stage.ts";

const PRIORITY_FEE = 100_000_000n;
/** Seconds between the market's blocks. */
const BLOCK_SECONDS = 60;

/** The keeper of `npm run keeper -- run`, handed each block instead of polling for it, its journal in memory. */
export interface DemoKeeper {
  onBlock(head: Head): Promise<Cycle>;
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
  const journal = await openJournal();
  const keeper = await createKeeper({
    client,
    account: ACTORS.keeper,
    deployment: { chainId, block: 0, contracts: { Vault, Lens } },
    strategy,
    journal,
    // Every cycle is handed to the caller, who tells what there is to tell.
    log: silentLog,
    deltaLimit,
    fees: { priorityFeePerGas: PRIORITY_FEE, maxBaseFeePerGas: null },
    checkInterval: BLOCK_SECONDS,
  });
  return {
    onBlock: (head) => keeper.onBlock(head),
    async stop() {
      // What the last block mined is looked at by nobody else.
      await keeper.settle();
      const summary = await journal.summary(Vault);
      await journal.close();
      return summary;
    },
  };
}
