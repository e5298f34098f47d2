import { expect } from "chai";

import { markNotified, open, raise, resolve } from "../../../keeper/store/alerts.ts";
import { describeEngines } from "../utils/engines.ts";
import { CHAIN, VAULT } from "../utils/journalRecords.ts";

describeEngines("alerts", (fixture) => {
  const alert = { key: "drift:1", name: "drift", message: "12 ETH", chainId: CHAIN, vault: VAULT };
  const general = { key: "memory", name: "memory", message: "full", chainId: null, vault: null };

  it("are news once until they are resolved", async () => {
    const raised = (await raise(fixture.database, alert))!;
    expect(await raise(fixture.database, { ...alert, message: "15 ETH" })).to.equal(null);
    await markNotified(fixture.database, raised.id);
    const [found] = await open(fixture.database);
    const { raisedAt, notifiedAt } = found!;
    expect(found).to.deep.equal({ ...raised, message: "15 ETH", notifiedAt });
    expect(notifiedAt! >= raisedAt).to.equal(true);

    expect((await resolve(fixture.database, alert.key))!.id).to.equal(raised.id);
    expect(await resolve(fixture.database, alert.key)).to.equal(null);
    expect(await open(fixture.database)).to.deep.equal([]);
    const again = (await raise(fixture.database, alert))!;
    expect(again.id).not.to.equal(raised.id);
    expect(again.notifiedAt).to.equal(null);
  });

  it("are news to one of several processes", async () => {
    const raised = await Promise.all(Array.from({ length: 10 }, () => raise(fixture.database, alert)));
    expect(raised.filter((news) => news !== null)).to.have.length(1);
    const resolved = await Promise.all(
      Array.from({ length: 10 }, () => resolve(fixture.database, alert.key)),
    );
    expect(resolved.filter((news) => news !== null)).to.have.length(1);
  });

  it("are listed by chain", async () => {
    await raise(fixture.database, alert);
    await raise(fixture.database, general);
    await raise(fixture.database, { ...alert, key: "drift:2", chainId: 1 });
    expect((await open(fixture.database)).map(({ key }) => key)).to.deep.equal([
      "drift:1",
      "memory",
      "drift:2",
    ]);
    expect((await open(fixture.database, 1)).map(({ key }) => key)).to.deep.equal(["drift:2"]);
  });
});
