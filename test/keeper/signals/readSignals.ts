import { expect } from "chai";

import { Secret } from "../../../keeper/config/secret.ts";
import { readSignals, type SignalSource } from "../../../keeper/signals/readSignals.ts";
import { tightenBy } from "../../../keeper/signals/tightenBy.ts";
import { startSourceServer, type SourceReply, type SourceServer } from "../utils/sourceServer.ts";

const NOW = 1_735_689_600;

describe("reading external signals", () => {
  let server: SourceServer;
  const answers: Record<string, SourceReply | "hang up" | "never"> = {
    "/calm": { json: { name: "calm", value: 0, at: NOW, note: "ignored" } },
    "/fear": { json: { name: "fear", value: 0.5, at: NOW - 30 } },
    "/gone": "hang up",
    "/slow": "never",
    "/broken": { json: { name: "broken", value: 1, at: NOW }, breaksAfter: 10 },
    "/text": { text: "0.9" + " apples" },
    "/error": { status: 500, json: { name: "error", value: 1, at: NOW } },
    "/moved": { status: 302, headers: { location: "/fear" }, json: {} },
  };

  before(async () => {
    server = await startSourceServer(({ path }) => answers[path]!);
  });
  after(() => server.close());

  const source = (name: string): SignalSource => ({
    ...{ name, url: new Secret(`${server.url}/${name}`), maxAge: 60, timeout: 300 },
  });

  it("has each answer as it came, and a fault where none did, in the order of the sources", async () => {
    const names = ["calm", "gone", "fear", "slow", "broken", "text", "error", "moved"];
    const startedAt = performance.now();
    const readings = await readSignals(names.map(source));
    expect(performance.now() - startedAt).to.be.below(600);
    expect(readings.map(({ name }) => name)).to.deep.equal(names);
    const { used, unused, limits, by } = tightenBy(
      ...([readings, { delta: 10, minDrift: 1 }, { now: NOW, floor: 0.5 }] as const),
    );
    expect(used.map(({ name, value }) => [name, value])).to.deep.equal([
      ["calm", 0],
      ["fear", 0.5],
    ]);
    expect({ limits, by }).to.deep.equal({ limits: { delta: 7.5, minDrift: 1 }, by: "fear" });
    const why = Object.fromEntries(unused.map((each) => [each.name, each.why]));
    expect(Object.keys(why)).to.deep.equal(["gone", "slow", "broken", "text", "error", "moved"]);
    expect(why["gone"]).to.match(/^cannot be reached \(/);
    expect(why["slow"]).to.equal("gave no answer in 300 ms");
    expect(why["broken"]).to.match(/^cannot be reached \(/);
    expect(why["text"]).to.equal("did not answer in JSON");
    expect(why["error"]).to.equal("answered HTTP 500");
    expect(why["moved"]).to.match(/^cannot be reached/);
  });

  it("does not reject for an address that is none, and shows none of it", async () => {
    const key = "0123456789abcdef0123456789abcdef";
    const [reading] = await readSignals([{ ...source("calm"), url: new Secret(`no url ${key}`) }]);
    expect(reading).to.deep.equal({ name: "calm", maxAge: 60, fault: "has no valid URL" });
  });
});
