import { expect } from "chai";
import { sql } from "kysely";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDatabase } from "../../../keeper/store/database.ts";
import { Journal, openJournal, type StoredDecision } from "../../../keeper/store/journal.ts";
import { describeEngines } from "../utils/engines.ts";
import { CHAIN, decisionRecord, hold, OTHER_VAULT, trade, VAULT } from "../utils/journalRecords.ts";

describeEngines("decisions", (fixture) => {
  const open = (batchSize = 256) => new Journal(fixture.database, { batchSize });
  const at = (number: bigint) => ({ ...decisionRecord(hold).block, number });
  const all = async (stream: AsyncIterable<StoredDecision>) => {
    const found: StoredDecision[] = [];
    for await (const decision of stream) found.push(decision);
    return found;
  };

  it("gives one back exactly as it was made", async () => {
    const journal = open();
    const id = await journal.recordDecision(decisionRecord(hold));
    const params = { fraction: 1e-9, cap: 2n ** 70n };
    const again = await journal.recordDecision(decisionRecord(trade, { params, mode: "shadow" }));
    expect(await journal.decisions({ limit: 2 })).to.deep.equal([
      { ...decisionRecord(trade), params, mode: "shadow", id: again },
      { ...decisionRecord(hold), params: null, mode: "live", id },
    ]);
  });

  it("takes them from several callers at once without losing or doubling one", async () => {
    const journal = open(3);
    const ids = await Promise.all(
      Array.from({ length: 600 }, () => journal.recordDecision(decisionRecord(hold))),
    );
    await Promise.all([journal.flush(), journal.flush()]);
    expect(new Set(ids).size).to.equal(600);
    expect(new Set((await journal.decisions({ limit: 1000 })).map(({ id }) => id))).to.deep.equal(
      new Set(ids),
    );
  });

  it("gives no two journals of a database the same id", async () => {
    const journals = [open(), open()];
    const ids = await Promise.all(
      Array.from({ length: 700 }, (_, i) => journals[i % 2]!.recordDecision(decisionRecord(hold))),
    );
    for (const journal of journals) await journal.flush();
    expect(new Set(ids).size).to.equal(700);
    expect(await journals[0]!.decisions({ limit: 1000 })).to.have.length(700);
  });

  it("keeps what could not be written, and writes it once", async () => {
    const journal = open();
    await journal.recordDecision(decisionRecord(hold));
    const { db } = fixture.database;
    await db.schema.alterTable("decisions").renameTo("gone").execute();
    await journal.flush().then(
      () => expect.fail("It did not fail."),
      () => undefined,
    );
    await db.schema.alterTable("gone").renameTo("decisions").execute();
    await journal.recordDecision(decisionRecord(hold));
    await journal.flush();
    expect(await journal.decisions({ limit: 9 })).to.have.length(2);
  });

  it("finds those of a vault in a stretch of blocks, newest first", async () => {
    const journal = open();
    for (const number of [1n, 2n, 3n, 4n]) {
      await journal.recordDecision(decisionRecord(hold, { block: at(number) }));
    }
    await journal.recordDecision(decisionRecord(hold, { block: at(2n), vault: OTHER_VAULT }));
    await journal.recordDecision(decisionRecord(hold, { block: at(2n), chainId: 1 }));
    await journal.recordDecision(decisionRecord(hold, { block: at(3n), mode: "shadow" }));
    const range = { vault: VAULT, chainId: CHAIN, mode: "live", from: 2n, to: 3n } as const;
    const numbers = (await journal.decisions({ ...range, limit: 9 })).map(({ block }) => block.number);
    expect(numbers).to.deep.equal([3n, 2n]);
    expect(await journal.decisions({ limit: 5 })).to.have.length(5);
  });

  it("streams a stretch of blocks oldest first, whichever process wrote it, over pages", async () => {
    const [first, second] = [open(), open()];
    // The second's ids are all higher, its blocks are not.
    for (let number = 0n; number < 1_100n; number += 1n) {
      await (number % 2n === 0n ? first : second).recordDecision(decisionRecord(hold, { block: at(number) }));
    }
    await second.flush();
    const streamed = await all(
      first.streamDecisions({ vault: VAULT, chainId: CHAIN, from: 10n, to: 1_050n }),
    );
    expect(streamed.map(({ block }) => block.number)).to.deep.equal(
      Array.from({ length: 1_041 }, (_, i) => BigInt(i + 10)),
    );
    expect(await all(first.streamDecisions({ vault: OTHER_VAULT, chainId: CHAIN }))).to.deep.equal([]);
  });

  it("streams all vaults and chains by time, both ends included, over pages", async () => {
    const journal = open();
    for (let number = 0n; number < 1_100n; number += 1n) {
      const [vault, chainId] = number % 2n === 0n ? [VAULT, CHAIN] : [OTHER_VAULT, CHAIN + 1];
      // The other chain's blocks have other numbers, and one time for two.
      const block = { ...at(number % 2n === 0n ? number : 9_000n - number), timestamp: 5_000n + number / 4n };
      await journal.recordDecision(decisionRecord(hold, { vault, chainId, block }));
    }
    const times = async (range: Parameters<typeof journal.allDecisions>[0]) =>
      (await all(journal.allDecisions(range))).map(({ block }) => block.timestamp);
    const expected = Array.from({ length: 1_100 }, (_, i) => 5_000n + BigInt(i >> 2));
    expect(await times({})).to.deep.equal(expected);
    const within = expected.filter((time) => time >= 5_003n && time <= 5_270n);
    expect(await times({ since: 5_003n, until: 5_270n })).to.deep.equal(within);
    expect(await times({ vault: OTHER_VAULT, since: 5_274n })).to.have.length(2);
    expect(await times({ from: 8_950n, to: 8_951n })).to.have.length(1);
  });

  it("counts on after the database is opened again", async () => {
    const directory = mkdtempSync(join(tmpdir(), "keel-journal-"));
    const location = fixture.url === undefined ? { directory } : { url: fixture.url };
    try {
      const journal = await openJournal(location);
      const ids = [await journal.recordDecision(decisionRecord(hold))];
      ids.push(await journal.recordDecision(decisionRecord(trade)));
      await journal.close();

      const again = await openJournal(location);
      ids.push(await again.recordDecision(decisionRecord(hold)));
      expect(ids[2]! > ids[1]! && ids[1]! > ids[0]!).to.equal(true);
      expect((await again.decisions({ limit: 10 })).map(({ id }) => id)).to.deep.equal(ids.toReversed());
      await again.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("records nothing without an id, and goes on once there are some", async () => {
    const database = await openDatabase(fixture.url === undefined ? {} : { url: fixture.url });
    const journal = new Journal(database);
    await database.db.schema.createSchema("aside").execute();
    const move = (from: string, to: string) =>
      sql`alter sequence ${sql.id(from, "decision_ids")} set schema ${sql.id(to)}`.execute(database.db);
    await move("public", "aside");
    await journal.recordDecision(decisionRecord(hold)).then(
      () => expect.fail("It did not fail."),
      () => undefined,
    );
    await move("aside", "public");
    await journal.recordDecision(decisionRecord(hold));
    expect(await journal.decisions({ limit: 9 })).to.have.length(1);
    await database.db.schema.dropSchema("aside").execute();
    await journal.close();
  });
});
