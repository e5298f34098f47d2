import type { PublicClient } from "viem";

import { ChainSeat } from "../../../keeper/fleet/chainSeat.ts";
import { Fleet } from "../../../keeper/fleet/fleet.ts";
import { LaneSeat } from "../../../keeper/fleet/laneSeat.ts";
import { noObserver } from "../../../keeper/fleet/observer.ts";
import { VaultSeat } from "../../../keeper/fleet/vaultSeat.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import type { VaultKeeper } from "../../../keeper/vaultKeeper.ts";
import { GWEI, signer, type laneHarness } from "./laneHarness.ts";

/**
 * A fleet of one vault, "weekly", on one lane of a harness, as a process of its own has it.
 * @param reader Reads the chain's heads; by default what the lane reads by.
 */
export function oneVaultFleet(
  { database, journal, chain: { client } }: ReturnType<typeof laneHarness>,
  keeper: VaultKeeper,
  reader: PublicClient = client,
): { readonly lane: LaneSeat; readonly chain: ChainSeat; readonly fleet: Fleet } {
  const log = silentLog;
  const lane = new LaneSeat({
    ...{ chainId: 31337, client, signer, journal, privateRoute: null, log },
    ...{ priorityFeePerGas: GWEI, database, holder: "h", leaseTime: 600 },
  });
  const vault = new VaultSeat({
    ...{ name: "weekly", keeper, account: signer.address, seat: lane, journal, log, build: "b" },
    ...{ strategy: "s", deltaLimit: 1, check: async () => undefined, gains: null, duties: null },
    ...{ observer: noObserver, priorityFeePerGas: GWEI },
  });
  const chain = new ChainSeat({
    ...{ chainId: 31337, client: reader, pool: { health: () => [] } as never, database, lanes: [lane] },
    ...{ vaults: [vault], pollInterval: 1, finalityBlocks: 64, log },
  });
  const fleet = new Fleet({ chains: [chain], database, build: "b", log, pollInterval: 1, alerts: () => [] });
  return { lane, chain, fleet };
}
