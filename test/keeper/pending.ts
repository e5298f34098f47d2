import { expect } from "chai";
import { getAddress, type Address } from "viem";

import { alertsOf } from "../../keeper/alerts/rules.ts";
import { runStatus } from "../../keeper/cli/runStatus.ts";
import { alertsSchema } from "../../keeper/config/alertSettings.ts";
import { loadConfig } from "../../keeper/config/load.ts";
import type { Fleet } from "../../keeper/fleet/fleet.ts";
import type { LaneSeat } from "../../keeper/fleet/laneSeat.ts";
import { activate } from "../../keeper/store/controls.ts";
import { openDatabase } from "../../keeper/store/database.ts";
import { Journal } from "../../keeper/store/journal.ts";
import { headAt } from "./utils/fakeChain.ts";
import { hashOf, intentRecord, lease } from "./utils/journalRecords.ts";
import { A, B, laneHarness, signer } from "./utils/laneHarness.ts";
import { oneVaultFleet } from "./utils/oneVaultFleet.ts";
import { minimal } from "./utils/settings.ts";
import { scratch } from "./utils/scratch.ts";

const settings = alertsSchema.parse({});
const NOTHING = { decisionId: null, rebalanceNonce: null, error: "" };

describe("what is pending", () => {
  describe("of a lane", () => {
    const harness = laneHarness();
    let lane: LaneSeat;
    let fleet: Fleet;
    const look = (at: bigint) => lane.onHead(headAt(at), null, 0n);
    const shown = () =>
      fleet.status().lanes[0]!.transactions.map(({ kind, vault, nonce }) => [kind, vault, nonce]);
    /** What the operator is told once so many seconds have passed. */
    const told = (after: number) =>
      alertsOf(fleet.status(), Date.now() / 1000 + after, settings)
        .filter(({ name }) => name === "stuck-transaction")
        .map(({ message }) => message);

    beforeEach(() => {
      const keeper = { subject: { vault: A, chainId: 31337 } } as never;
      ({ lane, fleet } = oneVaultFleet(harness, keeper));
    });
    afterEach(() => lane.release());

    it("is a rebalance, which the vault waits for too, and called stuck in time", async () => {
      await look(1n);
      const hash = await harness.hashOf(harness.send(lane.lane!, A, 1n));
      const [seen] = fleet.status().lanes[0]!.transactions;
      expect(fleet.status().vaults[0]!.pending).to.deep.equal(seen);
      expect(seen).to.deep.include({ kind: "rebalance", vault: A, hash, nonce: 0n, route: "public" });
      expect(Date.now() / 1000 - seen!.since).to.be.within(-2, 2);
      expect(told(settings.stuckAfter - 5)).to.deep.equal([]);
      expect(told(settings.stuckAfter + 1)).to.have.length(1);
      harness.chain.count = 1n;
      harness.chain.mine(hash, 2n);
      await look(2n);
      expect([shown(), told(settings.stuckAfter + 1)]).to.deep.equal([[], []]);
    });

    it("is a duty, which no vault's hedging waits for", async () => {
      await look(1n);
      const hash = await harness.hashOf(
        harness.send(lane.lane!, A, 1n, { kind: "settle", rebalanceNonce: null }),
      );
      expect(fleet.status().vaults[0]!.pending).to.equal(null);
      expect(shown()).to.deep.equal([["settle", A, 0n]]);
      expect(told(settings.stuckAfter - 5)).to.deep.equal([]);
      const [message] = told(settings.stuckAfter + 1);
      expect(message).to.include(
        `The settle transaction ${hash} of weekly, nonce 0 of ${signer.address}, has been pending`,
      );
    });

    it("is a transfer that fills a gap, of no vault", async () => {
      harness.chain.count = 5n;
      await look(1n);
      await harness.send(lane.lane!, A, 1n);
      harness.chain.count = 4n;
      for (const at of [2n, 3n, 4n]) await look(at);
      expect(shown()).to.deep.equal([
        ["cancel", signer.address, 4n],
        ["rebalance", A, 5n],
      ]);
      expect(told(settings.stuckAfter + 1)[0]).to.match(/ has been pending for .*, of 2 that are pending\.$/);
    });

    it("is stuck also where no node has ever taken it", async () => {
      await look(1n);
      harness.chain.provider.faults.set("eth_sendRawTransaction", () =>
        Promise.reject(new Error("socket hang up")),
      );
      await harness.send(lane.lane!, A, 1n, { kind: "settle", rebalanceNonce: null });
      expect(fleet.status().lanes[0]!.transactions[0]!.since).to.equal(Number(headAt(1n).timestamp));
    });
  });

  describe("in the text and JSON of `status`", () => {
    const files = scratch();
    const directory = () => files.at("store");
    const vault = getAddress(A);
    const account: Address = signer.address;

    /** Does something with a store that no keeper has. */
    async function withStore(
      work: (journal: Journal, database: Awaited<ReturnType<typeof openDatabase>>) => Promise<void>,
    ): Promise<void> {
      const database = await openDatabase({ directory: directory() });
      await work(new Journal(database), database);
      await database.close();
    }
    async function status(json?: true): Promise<string> {
      const names = ["Vault", "Lens"];
      const contracts = Object.fromEntries(names.map((name) => [name, vault]));
      const deployment = files.write("deployment.json", { chainId: 31337, block: 0, contracts });
      const file = files.write("config.json", { ...minimal, deployment, storeDir: directory() });
      return runStatus(loadConfig({ file, env: {} }), json === undefined ? {} : { json });
    }
    const lines = async () => (await status()).split("\n").filter((line) => line.startsWith("  pending"));

    it("is all of the lane, whatever was blocked since, with kind, nonce, hash and age", async () => {
      await withStore(async (journal, database) => {
        await activate(database, { chainId: 31337, vault, build: "b", account });
        const held = await lease(database);
        for (const [whose, kind, nonce] of [
          [vault, "rebalance", 3n],
          [vault, "cancel", 3n],
          [vault, "settle", 4n],
          [B, "rebalance", 5n],
          [account, "cancel", 6n],
        ] as const) {
          const id = await journal.recordIntent(
            intentRecord(null, { vault: whose, kind, txNonce: nonce, account }),
            held,
          );
          await journal.recordSigned(id, { raw: "0x02", hash: hashOf(Number(id)) }, held);
          if (nonce !== 6n) await journal.recordOutcome(id, { status: "sent" });
        }
        await journal.recordIntent(intentRecord(null, { vault, txNonce: 7n, account }), held);
        const other = intentRecord(null, { vault: B, txNonce: 1n });
        await journal.recordIntent(other, held);
        for (let blocked = 0; blocked < 6; blocked += 1)
          await journal.recordBlocked({ vault, chainId: 31337, account, ...NOTHING });
        await database.db
          .updateTable("executions")
          .set((row) => ({
            created_at: row("created_at", "-", 4_000n),
            sent_at: row("sent_at", "-", 3_200n),
          }))
          .execute();
      });
      const found = (await lines()).map((line) => line.replace(/for (32|40)\d\d s/, "for $1. s"));
      expect(found).to.deep.equal([
        `  pending    cancel sent, nonce 3 of ${account}, ${hashOf(2)}, for 32. s`,
        `  pending    settle sent, nonce 4 of ${account}, ${hashOf(3)}, for 32. s`,
        `  pending    rebalance sent, nonce 5 of ${account}, ${hashOf(4)}, for 32. s, for vault ${B}`,
        `  pending    cancel signed, nonce 6 of ${account}, ${hashOf(5)}, for 40. s, for a gap between nonces`,
        `  pending    rebalance intent, nonce 7 of ${account}, for 40. s`,
      ]);
      const { vaults } = JSON.parse(await status(true)) as {
        vaults: { pending: { nonce: string; age: number }[] }[];
      };
      expect(vaults[0]!.pending.map(({ nonce }) => nonce)).to.deep.equal(["3", "4", "5", "6", "7"]);
      expect(vaults[0]!.pending[0]!.age).to.be.within(3_200, 3_299);
    });

    it("is nothing once all of it has ended", async () => {
      await withStore(async (journal, database) => {
        const held = await lease(database);
        const id = await journal.recordIntent(intentRecord(null, { vault, account }), held);
        await journal.recordSigned(id, { raw: "0x02", hash: hashOf(1) }, held);
        await journal.recordOutcome(id, { status: "confirmed" });
      });
      expect(await lines()).to.deep.equal(["  pending    nothing"]);
    });
  });
});
