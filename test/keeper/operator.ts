import { expect } from "chai";

import { commandsOf, remoteOperator, type Operator } from "../../keeper/fleet/operator.ts";
import { callControl, serveControl } from "../../keeper/server/control.ts";
import { openDatabase, type Database } from "../../keeper/store/database.ts";
import { controls } from "../../keeper/store/controls.ts";
import { scratch } from "./utils/scratch.ts";

const SUBJECT = { chainId: 31337, vault: `0x${"00".repeat(19)}aa` } as const;
const ACCOUNT = `0x${"00".repeat(19)}cc` as const;

describe("an operator beside a keeper that runs", () => {
  const files = scratch();
  let database: Database;
  let close: () => Promise<void>;
  let operator: Operator;
  before(async () => {
    database = await openDatabase();
  });
  beforeEach(async () => {
    close = await serveControl(files.directory, commandsOf(database));
    operator = remoteOperator((name, body) => callControl(files.directory, name, body));
  });
  afterEach(() => close());
  after(() => database.close());

  const said = async () => {
    const [answer] = (await controls(database, SUBJECT.chainId, [SUBJECT.vault])).values();
    return answer;
  };

  it("activates, and hears that it was done", async () => {
    await operator.activate({ ...SUBJECT, build: "b1", account: ACCOUNT });
    expect((await said())?.activation).to.deep.include({ build: "b1" });
  });

  it("pauses and resumes, and hears whether that changed anything", async () => {
    expect(await operator.pause({ ...SUBJECT, reason: "maintenance" })).to.equal(true);
    expect((await said())?.pause).to.deep.include({ reason: "maintenance" });
    expect(await operator.pause({ ...SUBJECT, reason: "again" })).to.equal(false);
    expect([await operator.resume(SUBJECT), await operator.resume(SUBJECT)]).to.deep.equal([true, false]);
    expect((await said())?.pause).to.equal(null);
  });

  it("is told in words what cannot be done", async () => {
    const error = await callControl(files.directory, "pause", { vault: "none" }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.match(/chainId/);
  });

  it("reads the record of a vault nothing is recorded of", async () => {
    const [record] = await operator.record({ vaults: [SUBJECT] });
    expect(record).to.deep.include({ lastDecision: null });
  });
});
