import { privateKeyToAccount } from "viem/accounts";
import type { Address } from "viem";

import { buildId } from "../../../keeper/config/build.ts";
import { activate } from "../../../keeper/store/controls.ts";
import { openDatabase } from "../../../keeper/store/database.ts";
import { KEEPER_KEY } from "./keys.ts";

/** Lets the keeper of the fixture send for a vault from the store in that directory, as its operator would. */
export async function activateStore(directory: string, vault: Address, chainId = 31337): Promise<void> {
  const database = await openDatabase({ directory });
  const account = privateKeyToAccount(KEEPER_KEY).address;
  await activate(database, { chainId, vault, build: buildId(), account });
  await database.close();
}
