import { expect } from "chai";

import { gainSums, openGain, saveGain } from "../../../keeper/store/gains.ts";
import { Journal } from "../../../keeper/store/journal.ts";
import { sumGains } from "../../../keeper/strategy/realisedGain.ts";
import { expectNear } from "../../support/near.ts";
import { describeEngines } from "../utils/engines.ts";
import { ACCOUNT, CHAIN, HASH, intentRecord, lease, OTHER_VAULT, VAULT } from "../utils/journalRecords.ts";
import { openGains } from "../utils/openGains.ts";

describeEngines("gains", (fixture) => {
  const subject = { chainId: CHAIN, vault: VAULT };
  const expected = { ...subject, expectedGain: 12.5, expectedCost: 3.25, realisedCost: 3.5 };

  async function execution(): Promise<bigint> {
    const journal = new Journal(fixture.database);
    const nothing = { decisionId: null, rebalanceNonce: null, error: "" };
    return journal.recordBlocked({ ...subject, account: ACCOUNT, ...nothing });
  }

  it("are counted from a rebalance to the next, once", async () => {
    const executionId = await execution();
    await openGain(fixture.database, { ...expected, executionId });
    await saveGain(fixture.database, executionId, {
      realisedGain: -0.1,
      observations: 2,
    });
    // Said again after a restart: what was counted stays.
    await openGain(fixture.database, { ...expected, executionId });
    const [open] = await openGains(fixture.database, subject);
    const { opened_at, ...found } = open!;
    expectNear(Number(opened_at), Date.now() / 1000, 5);
    expect(found).to.deep.equal({
      ...{ execution_id: executionId, vault: VAULT, chain_id: BigInt(CHAIN) },
      ...{ expected_gain: 12.5, expected_cost: 3.25, realised_cost: 3.5 },
      ...{ realised_gain: -0.1, observations: 2, closed_at: null },
    });
    const last = { realisedGain: 7, observations: 3 };
    await saveGain(fixture.database, executionId, last, { close: true });
    await saveGain(fixture.database, executionId, { ...last, realisedGain: 1e9 });
    expect(await openGains(fixture.database, subject)).to.deep.equal([]);
    expect((await gainSums(fixture.database, subject)).realised).to.equal(7);
  });

  it("are added up once they are closed, with the error of the sum", async () => {
    for (const [realisedGain, close] of [
      [9, true],
      [14, true],
      [100, false],
    ] as const) {
      const executionId = await execution();
      await openGain(fixture.database, { ...expected, executionId });
      await saveGain(fixture.database, executionId, { realisedGain, observations: 3 }, { close });
    }
    const other = await execution();
    await openGain(fixture.database, { ...expected, vault: OTHER_VAULT, executionId: other });
    const { error, ...sums } = await gainSums(fixture.database, subject);
    expect(sums).to.deep.equal({ expected: 25, realised: 23, cost: 7, count: 2, open: 1 });
    const ended = [9, 14].map((realised) => ({ expected: 12.5, realised, cost: 3.5 }));
    expectNear(error!, sumGains(ended).error, 1e-12);
    await new Journal(fixture.database).recordOutcome(other, { status: "rejected" });
    expect(await gainSums(fixture.database, { chainId: CHAIN, vault: OTHER_VAULT })).to.deep.equal({
      expected: 0,
      realised: 0,
      cost: 0,
      error: null,
      count: 0,
      open: 0,
    });
  });

  describe("of a rebalance that a reorg touches", () => {
    let journal: Journal;
    let executionId: bigint;
    const counted = async () => (await gainSums(fixture.database, subject)).count;

    beforeEach(async () => {
      journal = new Journal(fixture.database);
      const held = await lease(fixture.database);
      executionId = await journal.recordIntent(intentRecord(null), held);
      await journal.recordSigned(executionId, { raw: "0x02", hash: HASH }, held);
      await journal.recordOutcome(executionId, { status: "confirmed", blockNumber: 1n, blockHash: HASH });
      await openGain(fixture.database, { ...expected, executionId });
      await saveGain(fixture.database, executionId, { realisedGain: 9, observations: 3 }, { close: true });
      expect(await counted()).to.equal(1);
    });

    it("stay while a process that lags behind says that it was only sent", async () => {
      await journal.recordOutcome(executionId, { status: "sent" });
      expect(await counted()).to.equal(1);
    });

    for (const [what, touch] of [
      ["is pending again", () => journal.reopen(executionId)],
      ["reverts elsewhere", () => journal.recordOutcome(executionId, { status: "reverted" })],
      ["moves", () => journal.recordOutcome(executionId, { status: "confirmed", blockNumber: 2n })],
    ] as const)
      it(`are forgotten where it ${what}`, async () => {
        await touch();
        expect(await counted()).to.equal(0);
      });
  });
});
