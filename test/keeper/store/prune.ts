import { expect } from "chai";

import { Journal } from "../../../keeper/store/journal.ts";
import { describeEngines } from "../utils/engines.ts";
import { ACCOUNT, decisionRecord, hold, intentRecord, lease, trade } from "../utils/journalRecords.ts";
import type { Decision } from "../../../keeper/strategy/types.ts";

const DAY = 86_400;

describeEngines("pruning", (fixture) => {
  it("deletes what is old and no transaction was made of, and nothing else", async () => {
    const journal = new Journal(fixture.database);
    const record = (decision: Decision, age: number) => {
      const { block } = decisionRecord(decision);
      const timestamp = BigInt(Math.floor(Date.now() / 1000 - age * DAY));
      return journal.recordDecision(decisionRecord(decision, { block: { ...block, timestamp } }));
    };
    const { vault, chainId } = decisionRecord(hold);
    const blocked = { vault, chainId, account: ACCOUNT, rebalanceNonce: null, error: "margin" };
    await record(hold, 31);
    await record(trade, 31);
    await journal.recordBlocked({ ...blocked, decisionId: await record(trade, 31) });
    const young = [await record(hold, 29), await record(trade, 29)];
    await journal.recordBlocked({ ...blocked, decisionId: young[1]! });
    const traded = await record(trade, 31);
    const held = await lease(fixture.database);
    const execution = await journal.recordIntent(intentRecord(traded), held);
    expect(await journal.prune(30)).to.equal(3);
    const left = (await journal.decisions({ limit: 9 })).map(({ id }) => id);
    expect(new Set(left)).to.deep.equal(new Set([...young, traded]));
    const attempts = await journal.executions({ limit: 9 });
    expect(new Set(attempts.map(({ decision_id }) => decision_id))).to.deep.equal(
      new Set([young[1], traded]),
    );
    expect(attempts.map(({ id }) => id)).to.include(execution);
    expect(await journal.prune(30)).to.equal(0);
    await held.release();
  });

  it("deletes more than one statement's worth", async () => {
    const journal = new Journal(fixture.database, { batchSize: 1_000 });
    for (let i = 0; i < 11_000; i += 1) await journal.recordDecision(decisionRecord(hold));
    await journal.flush();
    expect(await journal.prune(30)).to.equal(11_000);
    expect(await journal.decisions({ limit: 1 })).to.deep.equal([]);
  });
});
