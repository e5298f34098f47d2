import { expect } from "chai";

import { alertsOf } from "../../keeper/alerts/rules.ts";
import { alertsSchema } from "../../keeper/config/alertSettings.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { VaultKeeper } from "../../keeper/vaultKeeper.ts";
import { headAt } from "./utils/fakeChain.ts";
import { hashOf, intentRecord, lease } from "./utils/journalRecords.ts";
import { A, GWEI, laneHarness, signer } from "./utils/laneHarness.ts";
import { oneVaultFleet } from "./utils/oneVaultFleet.ts";

const settings = alertsSchema.parse({});
const REBALANCES = BigInt(settings.balanceRebalances);
/** Wei: the base fee of every head here, and a tip of as much. */
const PRICE = 2n * GWEI;

describe("a keeper that has just started", () => {
  const harness = laneHarness();
  const limits = { delta: 10, gasUsd: 100 };
  const strategy = optimalImpulse({ riskAversion: 1e-4 });

  /** The alerts after the first head of a process whose account has that much. */
  async function told(balance: bigint): Promise<string[]> {
    const { database, journal, chain } = harness;
    const { client } = chain;
    chain.balance = balance;
    await database.db.deleteFrom("leases").execute();
    const account = signer.address;
    const keeper = new VaultKeeper({
      ...{ client, account, strategy, journal, log: silentLog, limits, checkInterval: 12 },
      deployment: { chainId: 31337, block: 0, contracts: { Vault: A, Lens: A } },
      fees: { priorityFeePerGas: GWEI, maxBaseFeePerGas: null },
    });
    const reader = { getBlock: () => Promise.resolve(headAt(1n)) } as never;
    const { lane, chain: seat, fleet } = oneVaultFleet(harness, keeper, reader);
    await fleet.check();
    await seat.decideOnce();
    expect(fleet.status().lanes[0]!.balance).to.equal(balance);
    const alerts = alertsOf(fleet.status(), Date.now() / 1000, settings);
    await lane.release();
    return alerts.filter(({ name }) => name === "low-balance").map(({ message }) => message);
  }

  it("and has never simulated a rebalance tells of a balance that the dearest kind would use up", async () => {
    const enough = REBALANCES * 830_000n * PRICE;
    expect(await told(enough)).to.deep.equal([]);
    const [message] = await told(enough - 1n);
    expect(message).to.include("enough for about 9 of the 10 rebalances");
  });

  it("prices a rebalance as the newest in the journal that took effect", async () => {
    const { journal, database } = harness;
    const held = await lease(database);
    for (const [kind, status, gasUsed] of [
      ["rebalance", "confirmed", 900_000n],
      ["rebalance", "confirmed", 300_000n],
      ["rebalance", "reverted", 50_000n],
      ["settle", "confirmed", 80_000n],
    ] as const) {
      const about = { vault: A, kind, account: signer.address };
      const id = await journal.recordIntent(intentRecord(null, about), held);
      await journal.recordSigned(id, { raw: "0x02", hash: hashOf(Number(id)) }, held);
      await journal.recordOutcome(id, { status, gasUsed, effectiveGasPrice: 1n });
    }
    await database.db.updateTable("executions").set({ final: true }).execute();
    const enough = REBALANCES * 300_000n * PRICE;
    expect(await told(enough)).to.deep.equal([]);
    expect(await told(enough - 1n)).to.have.length(1);
  });
});
