import { expect } from "chai";

import { Journal } from "../../../keeper/store/journal.ts";
import { describeEngines } from "../utils/engines.ts";
import { ACCOUNT, decisionRecord, hold, trade } from "../utils/journalRecords.ts";
import type { Decision } from "../../../keeper/strategy/types.ts";

const DAY = 86_400;

describeEngines("pruning", (fixture) => {
  it("deletes old holds that nothing refers to, and nothing else", async () => {
    const journal = new Journal(fixture.database);
    const record = (decision: Decision, age: number) => {
      const { block } = decisionRecord(decision);
      const timestamp = BigInt(Math.floor(Date.now() / 1000 - age * DAY));
      return journal.recordDecision(decisionRecord(decision, { block: { ...block, timestamp } }));
    };
    const old = await record(hold, 31);
    const young = await record(hold, 29);
    const traded = await record(trade, 31);
    const referred = await record(hold, 31);
    const { vault, chainId } = decisionRecord(hold);
    const blocked = { vault, chainId, account: ACCOUNT, rebalanceNonce: null, error: "margin" };
    await journal.recordBlocked({ ...blocked, decisionId: referred });
    expect(await journal.prune(30)).to.equal(1);
    const left = (await journal.decisions({ limit: 9 })).map(({ id }) => id);
    expect(new Set(left)).to.deep.equal(new Set([young, traded, referred]));
    expect(left).not.to.include(old);
    expect(await journal.prune(30)).to.equal(0);
  });

  it("deletes more than one statement's worth", async () => {
    const journal = new Journal(fixture.database, { batchSize: 1_000 });
    for (let i = 0; i < 11_000; i += 1) await journal.recordDecision(decisionRecord(hold));
    await journal.flush();
    expect(await journal.prune(30)).to.equal(11_000);
    expect(await journal.decisions({ limit: 1 })).to.deep.equal([]);
  });
});
