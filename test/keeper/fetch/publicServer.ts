import { expect } from "chai";
import { z } from "zod";

import { Secret } from "../../../keeper/config/secret.ts";
import { PublicServer, type PublicServerOptions } from "../../../keeper/fetch/publicServer.ts";
import { SourceError } from "../../../keeper/fetch/sourceError.ts";
import {
  startSourceServer,
  type SourceQuestion,
  type SourceReply,
  type SourceServer,
} from "../utils/sourceServer.ts";
import { fixture } from "../utils/sources.ts";

const schema = z.object({ price: z.number() });
const GOOD = { json: { price: 1 } };

describe("a public server", () => {
  let source: SourceServer | undefined;
  const told: string[] = [];

  afterEach(async () => {
    await source?.close();
    source = undefined;
    told.length = 0;
  });

  async function serving(
    answer: (question: SourceQuestion) => SourceReply | "hang up" | "never",
    options: Partial<PublicServerOptions> = {},
  ): Promise<PublicServer> {
    source = await startSourceServer(answer);
    return new PublicServer({
      ...{ name: "venue", url: new Secret(source.url), requestsPerSecond: 100, retries: 1 },
      onRetry: (message) => told.push(message),
      ...options,
    });
  }

  async function failure(ask: Promise<unknown>): Promise<SourceError> {
    const error = await ask.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(SourceError);
    return error as SourceError;
  }

  it("waits as long as it is asked to after being asked too much", async () => {
    const { status, headers, answer } = fixture("binance-klines")["limited"] as SourceReply & {
      answer: unknown;
    };
    const server = await serving(({ index }) =>
      index === 0 ? { status: status!, headers: headers!, json: answer } : GOOD,
    );
    const startedAt = performance.now();
    expect(await server.get("/x", {}, schema)).to.deep.equal({ price: 1 });
    expect(performance.now() - startedAt).to.be.within(990, 1900);
    expect(told).to.have.length(1);
    expect(told[0]).to.match(
      /^venue \(127\.0\.0\.1:\d+\) says it is asked too much \(HTTP 429\) and asks to be left alone for 1 s; asking again in 1\.0 s \(1 of 1\)$/,
    );
  });

  it("knows a limit that is told in the body alone", async () => {
    const { answer } = fixture("deribit-volatility-index")["limited"] as { answer: unknown };
    const server = await serving(() => ({ status: 400, json: answer }), { retries: 0 });
    expect((await failure(server.get("/x", {}, schema))).kind).to.equal("limited");
  });

  it("does not wait longer than two minutes", async () => {
    const server = await serving(() => ({ status: 418, headers: { "retry-after": "86400" }, json: {} }));
    const { kind, retryAfter } = await failure(server.get("/x", {}, schema));
    expect({ kind, retryAfter }).to.deep.equal({ kind: "limited", retryAfter: 86_400_000 });
    expect(source!.questions).to.have.length(1);
  });

  const passing: Record<string, SourceReply | "hang up"> = {
    "that hangs up": "hang up",
    "whose connection breaks in the middle of an answer": { ...GOOD, breaksAfter: 5 },
    "whose answer is cut off": { text: '{"price":' },
    "that has an error of its own": { status: 503, text: "<html>" },
  };
  for (const [name, reply] of Object.entries(passing)) {
    it(`asks one again ${name}`, async () => {
      const server = await serving(({ index }) => (index === 0 ? reply : GOOD));
      expect(await server.get("/x", {}, schema)).to.deep.equal({ price: 1 });
      expect(source!.questions).to.have.length(2);
    });
  }

  const final: Record<string, [SourceReply, SourceError["kind"], RegExp]> = {
    "what its schema does not allow": [
      { json: { price: "one" } },
      "unexpected",
      /schema does not allow \(price: .*expected number/,
    ],
    "a refusal": [
      { status: 400, json: (fixture("binance-klines")["refusal"] as { answer: unknown }).answer },
      "status",
      /^venue \(127\.0\.0\.1:\d+\) answered HTTP 400: Invalid symbol\.$/,
    ],
  };
  for (const [name, [reply, kind, message]] of Object.entries(final)) {
    it(`takes ${name} for final`, async () => {
      const server = await serving(() => reply);
      const error = await failure(server.get("/x", {}, schema));
      expect(error.kind).to.equal(kind);
      expect(error.message).to.match(message);
      expect(source!.questions).to.have.length(1);
    });
  }

  it("says what a refusal says", async () => {
    const { status, answer } = fixture("binance-klines")["restricted"] as { status: number; answer: unknown };
    const server = await serving(() => ({ status, json: answer }));
    const { message } = await failure(server.get("/x", {}, schema));
    expect(message).to.match(/HTTP 451: Service unavailable from a restricted location\.$/);
  });

  it("says that a server does not answer in time", async () => {
    const server = await serving(() => "never", { retries: 0, timeout: 50 });
    expect((await failure(server.get("/x", {}, schema))).message).to.match(/gave no answer in 0\.05 s$/);
  });

  it("keeps under its rate", async () => {
    const server = await serving(() => GOOD, { requestsPerSecond: 5 });
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => server.get("/x", {}, schema)));
    expect(performance.now() - startedAt).to.be.above(990);
  });

  it("shows no key of an address", async () => {
    const key = "0123456789abcdef0123456789abcdef";
    source = await startSourceServer(() => ({ status: 401, json: { message: `bad key ${key}` } }));
    const url = new Secret(`${source.url}/v3/${key}`);
    const server = new PublicServer({ name: "node", url, requestsPerSecond: 10, retries: 0 });
    const { message } = await failure(server.post({}, schema));
    expect(message).to.match(/HTTP 401: bad key \[secret\]$/);
  });

  it("goes by the server's clock where that is behind", async () => {
    const date = new Date(Date.now() - 7_200_000).toUTCString();
    const server = await serving(() => ({ ...GOOD, headers: { date } }));
    await server.get("/x", {}, schema);
    expect(server.now).to.be.within(Date.now() / 1000 - 7_205, Date.now() / 1000 - 7_190);
  });

  it("refuses an address that is none", () => {
    const make = () =>
      new PublicServer({
        name: "node",
        url: new Secret("node.local:8545"),
        requestsPerSecond: 1,
        retries: 0,
      });
    expect(make).to.throw(SourceError, "node: its address is no http or https URL");
  });
});
