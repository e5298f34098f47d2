import { expect } from "chai";
import { getAddress, type Address } from "viem";

import { activate, controls, pause, resume } from "../../../keeper/store/controls.ts";
import { expectNear } from "../../support/near.ts";
import { describeEngines } from "../utils/engines.ts";
import { ACCOUNT, CHAIN, OTHER_VAULT } from "../utils/journalRecords.ts";

describeEngines("controls", (fixture) => {
  const vault = getAddress("0x5fbdb2315678afecb367f032d93f642f64180aa3");
  const subject = { chainId: CHAIN, vault };
  const lower = { chainId: CHAIN, vault: vault.toLowerCase() as Address };

  const activationOf = async (chainId: number) =>
    (await controls(fixture.database, chainId, [vault])).get(vault)?.activation;

  it("activate a vault for one build and account, the last of them", async () => {
    expect(await activationOf(CHAIN)).to.equal(null);
    await activate(fixture.database, { ...lower, build: "1", account: ACCOUNT });
    await activate(fixture.database, { ...lower, build: "2", account: ACCOUNT });
    const { activatedAt, ...found } = (await activationOf(CHAIN))!;
    expect(found).to.deep.equal({ ...subject, build: "2", account: getAddress(ACCOUNT) });
    expectNear(Number(activatedAt), Date.now() / 1000, 5);
    expect(await activationOf(1)).to.equal(null);
  });

  it("pause a vault, whether or not it is active", async () => {
    await pause(fixture.database, lower, "maintenance");
    await fixture.database.db.updateTable("pauses").set({ paused_at: 5n }).execute();
    await pause(fixture.database, subject, "still");
    await activate(fixture.database, { chainId: CHAIN, vault: OTHER_VAULT, build: "1", account: ACCOUNT });
    await pause(fixture.database, { chainId: 1, vault: OTHER_VAULT }, "another chain's");
    const found = await controls(fixture.database, CHAIN, [lower.vault, OTHER_VAULT, ACCOUNT]);
    expect([...found.keys()]).to.deep.equal([lower.vault, OTHER_VAULT, ACCOUNT]);
    expect(found.get(lower.vault)).to.deep.equal({
      activation: null,
      pause: { reason: "still", pausedAt: 5n },
    });
    expect(found.get(OTHER_VAULT)!.pause).to.equal(null);
    expect(found.get(OTHER_VAULT)!.activation).to.include({ vault: OTHER_VAULT, build: "1" });
    expect(found.get(ACCOUNT)).to.deep.equal({ activation: null, pause: null });
    expect(await resume(fixture.database, subject)).to.equal(true);
    expect(await resume(fixture.database, subject)).to.equal(false);
    expect((await controls(fixture.database, CHAIN, [vault])).get(vault)!.pause).to.equal(null);
    expect(await controls(fixture.database, CHAIN, [])).to.deep.equal(new Map());
  });
});
