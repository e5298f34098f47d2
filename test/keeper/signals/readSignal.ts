import { expect } from "chai";

import { Secret } from "../../../keeper/config/secret.ts";
import { readSignal, type SignalSource } from "../../../keeper/signals/readSignal.ts";
import { startSourceServer, type SourceReply, type SourceServer } from "../utils/sourceServer.ts";

const FEAR = { name: "fear", value: 0.5, at: 1_735_689_600, note: "kept for who checks it" };

describe("reading an external signal", () => {
  let server: SourceServer;
  const answers: Record<string, SourceReply | "hang up" | "never"> = {
    "/fear": { json: FEAR },
    "/gone": "hang up",
    "/slow": "never",
    "/broken": { json: FEAR, breaksAfter: 10 },
    "/text": { text: "0.9" + " apples" },
    "/error": { status: 500, json: FEAR },
    "/moved": { status: 302, headers: { location: "/fear" }, json: {} },
  };

  before(async () => {
    server = await startSourceServer(({ path }) => answers[path]!);
  });
  after(() => server.close());

  const source = (path: string): SignalSource => ({
    ...{ name: "fear", url: new Secret(`${server.url}/${path}`), maxAge: 60, timeout: 300 },
  });

  it("has the answer as it came", async () => {
    expect(await readSignal(source("fear"))).to.deep.equal({ name: "fear", maxAge: 60, answer: FEAR });
  });

  for (const [path, fault] of [
    ["gone", /^cannot be reached \(/],
    ["slow", /^gave no answer in 300 ms$/],
    ["broken", /^cannot be reached \(/],
    ["text", /^did not answer in JSON$/],
    ["error", /^answered HTTP 500$/],
    ["moved", /^cannot be reached/],
  ] as const) {
    it(`has a fault in its place where the source is ${path}`, async () => {
      const { fault: told, answer } = await readSignal(source(path));
      expect(told).to.match(fault);
      expect(answer).to.equal(undefined);
    });
  }

  it("does not reject for an address that is none, and shows none of it", async () => {
    const key = "0123456789abcdef0123456789abcdef";
    const reading = await readSignal({ ...source("fear"), url: new Secret(`no url ${key}`) });
    expect(reading).to.deep.equal({ name: "fear", maxAge: 60, fault: "has no valid URL" });
  });
});
