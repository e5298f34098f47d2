import { expect } from "chai";

import { closingAfter, type Closer } from "../../keeper/fleet/closers.ts";
import { silentLog } from "../../keeper/log/logger.ts";

describe("what is closed at the end", () => {
  let events: string[];
  let logged: unknown[];
  beforeEach(() => {
    [events, logged] = [[], []];
  });
  const log = { ...silentLog, error: (fields: unknown) => void logged.push(fields) };
  const closer = (name: string) => () => void events.push(name);
  const failing = (name: string) => async () => {
    events.push(name);
    throw new Error(`${name} is stuck`);
  };
  const ends = (closers: readonly Closer[], error?: Error) =>
    closingAfter(log, async (each) => {
      each.push(...closers);
      await Promise.resolve();
      if (error !== undefined) throw error;
    }).then(
      () => "well",
      (thrown: unknown) => (thrown as Error).message,
    );

  it("is closed in turn, the last first", async () => {
    expect(await ends([closer("flush"), closer("queue"), closer("server")])).to.equal("well");
    expect([events, logged]).to.deep.equal([["server", "queue", "flush"], []]);
  });

  it("is closed also where one of it fails, of which the first is thrown and each is logged", async () => {
    const thrown = await ends([closer("flush"), failing("queue"), failing("server")]);
    expect(thrown).to.equal("server is stuck");
    expect(events).to.deep.equal(["server", "queue", "flush"]);
    expect(logged).to.deep.equal([{ error: "server is stuck" }, { error: "queue is stuck" }]);
  });

  it("does not hide why it came to an end", async () => {
    expect(await ends([closer("flush"), failing("server")], new Error("out of memory"))).to.equal(
      "out of memory",
    );
    expect([events, logged]).to.deep.equal([["server", "flush"], [{ error: "server is stuck" }]]);
  });
});
