import { expect } from "chai";

import { Secret } from "../../../keeper/config/secret.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { RpcEndpoint } from "../../../keeper/rpc/endpoint.ts";
import { EndpointError, RpcError } from "../../../keeper/rpc/errors.ts";
import {
  breakingOff,
  duplicated,
  hanging,
  htmlPage,
  misnumbered,
  rateLimited,
  Refusal,
  reordered,
  RpcServer,
  sending,
  stalling,
  withoutResult,
} from "../utils/rpcServer.ts";
import { until } from "../utils/until.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const BLOCK_NUMBER = { method: "eth_blockNumber", params: [] };

describe("an RPC endpoint", () => {
  let server: RpcServer;
  const open: RpcEndpoint[] = [];

  beforeEach(async () => {
    server = await RpcServer.start(() => "0x10");
  });

  afterEach(async () => {
    for (const endpoint of open.splice(0)) endpoint.close();
    await server.close();
  });

  function connect(
    options: { url?: string; requestsPerSecond?: number; timeout?: number } = {},
  ): RpcEndpoint {
    const { url = server.url(), timeout = 1000, ...rest } = options;
    const endpoint = new RpcEndpoint({ url: new Secret(url), ...rest }, 0, timeout, silentLog);
    open.push(endpoint);
    return endpoint;
  }

  async function failureOf(endpoint: RpcEndpoint): Promise<EndpointError> {
    const error: unknown = await endpoint.request(BLOCK_NUMBER).catch((reason: unknown) => reason);
    if (!(error instanceof EndpointError)) throw new Error("No EndpointError.", { cause: error });
    return error;
  }

  it("answers, and shows that it is well", async () => {
    const endpoint = connect();
    expect(await endpoint.request(BLOCK_NUMBER)).to.equal("0x10");
    const { endpoint: name, state, score, failures } = endpoint.report();
    expect({ name, state, score, failures }).to.deep.equal({
      name: `127.0.0.1:${String(server.port)}#0`,
      state: "up",
      score: 1,
      failures: 0,
    });
    expect(endpoint.report().latency).to.be.greaterThan(0);
  });

  for (const [name, fault, kind] of [
    ["hanging", hanging, "timeout"],
    ["stalling in the middle of a reply", stalling, "timeout"],
    ["breaking off", breakingOff, "network"],
    ["HTTP 500", sending(500, "oops"), "http"],
    ["HTTP 503 with Retry-After", sending(503, "", { "retry-after": "1" }), "http"],
    ["HTTP 429", rateLimited(), "limited"],
    ["a rate limit inside HTTP 200", limitInside(-32005), "limited"],
    ["a redirect", sending(307, "", { location: "http://127.0.0.1:1/" }), "network"],
    ["an HTML page", htmlPage, "malformed"],
    ["an empty body", sending(200, ""), "malformed"],
    ["half a reply", sending(200, '{"jsonrpc":"2.0","id":1,"result":"0x'), "malformed"],
    ["another id", misnumbered, "malformed"],
    ["no result", withoutResult, "malformed"],
    ["a reply twice in one", duplicated, "malformed"],
    ["an array", sending(200, "[]"), "malformed"],
    ["null", sending(200, "null"), "malformed"],
    ["an error without a code", sending(200, '{"id":1,"error":"no"}'), "malformed"],
  ] as const) {
    it(`${name}: is no answer (${kind})`, async () => {
      server.fault = fault;
      const endpoint = connect({ timeout: kind === "timeout" ? 150 : 10_000 });
      expect((await failureOf(endpoint)).kind).to.equal(kind);
      expect(endpoint.health.score).to.be.lessThan(1);
      server.fault = null;
      if (kind !== "limited" && !name.includes("503"))
        expect(await connect({ timeout: 10_000 }).request(BLOCK_NUMBER)).to.equal("0x10");
    });
  }

  it("gives each of many requests its own reply, whatever order they come in", async () => {
    server.handler = ({ params }) => params[0];
    server.fault = reordered(({ id }) => (id * 7919) % 30);
    const endpoint = connect();
    const asked = Array.from({ length: 40 }, (_, index) => index);
    const answers = asked.map((each) => endpoint.request({ method: "eth_call", params: [each] }));
    expect(await Promise.all(answers)).to.deep.equal(asked);
  });

  it("keeps code, message and data of a node's own error, also at HTTP 500", async () => {
    const data = "0x08c379a0";
    server.handler = () => {
      throw new Refusal({ code: 3, message: "execution reverted", data });
    };
    const endpoint = connect();
    for (const status of [200, 500]) {
      server.fault = async ({ response }, honest) => {
        response.writeHead(status).end(JSON.stringify(await honest()));
      };
      const error: unknown = await endpoint.request(BLOCK_NUMBER).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(RpcError);
      expect(error).to.include({ code: 3, message: "execution reverted", data });
    }
    // It answered: that is no fault of its.
    expect(endpoint.health.score).to.equal(1);
  });

  it("shows no secret of its URL in any error, nor in its name", async () => {
    const url = server.url(`/v2/${TOKEN}?key=${TOKEN}x`).replace("//", "//user-name:pass-word@");
    const endpoint = connect({ url, timeout: 100 });
    const errors: unknown[] = [];
    const ask = async () => {
      errors.push(await endpoint.request(BLOCK_NUMBER).catch((reason: unknown) => reason));
    };
    server.fault = ({ request, response }) => {
      const error = { code: -32000, message: `bad key ${TOKEN}`, data: { path: [`/v2/${TOKEN}`] } };
      response.end(JSON.stringify({ jsonrpc: "2.0", id: request.id, error }));
    };
    await ask();
    for (const fault of [hanging, sending(401, `no such key ${TOKEN}`), htmlPage]) {
      server.fault = fault;
      await ask();
    }
    const { headers } = server.asked[0]!;
    await server.close();
    await ask();
    expect(errors).to.have.length(5);
    const shown =
      errors.map((error) => inspectDeep(error)).join() + JSON.stringify(endpoint.report()) + endpoint.name;
    expect(shown)
      .to.include("[secret]")
      .and.not.match(/0123456789abcdef|user-name|pass-word/);
    // The credentials still reach the server.
    const basic = `Basic ${Buffer.from("user-name:pass-word").toString("base64")}`;
    expect(headers).to.have.property("authorization", basic);
  });

  it("never passes its rate limit, in a burst or after one", async function () {
    this.timeout(10_000);
    const perSecond = 20;
    const endpoint = connect({ requestsPerSecond: perSecond, timeout: 5000 });
    const burst = () => Array.from({ length: 30 }, () => endpoint.request(BLOCK_NUMBER));
    await Promise.all(burst());
    await Promise.all(burst());
    const times = server.asked.map(({ at }) => at);
    expect(times).to.have.length(60);
    // Arrival is measured at the server, so a few milliseconds of the way are allowed for.
    const most = Math.max(
      ...times.map((start) => times.filter((at) => at >= start && at < start + 970).length),
    );
    expect(most).to.be.at.most(perSecond);
    expect(endpoint.throttled).to.be.greaterThan(1000);
  });

  it("refuses what would wait longer for the rate limit than a request may take", async () => {
    const endpoint = connect({ requestsPerSecond: 10, timeout: 500 });
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, () => endpoint.request(BLOCK_NUMBER)),
    );
    const refused = answers.filter(
      (answer) => answer.status === "rejected" && (answer.reason as EndpointError).kind === "busy",
    );
    expect(refused.length).to.be.within(20, 29);
    // It is not held against the endpoint.
    expect(endpoint.health.score).to.equal(1);
  });

  it("leaves a server alone as long as that asks for", async () => {
    server.fault = rateLimited(60);
    const endpoint = connect();
    expect((await failureOf(endpoint)).kind).to.equal("limited");
    server.fault = null;
    expect((await failureOf(endpoint)).kind).to.equal("busy");
    expect(server.asked).to.have.length(1);
  });

  it("is left alone after failing too often, and tried again after a while", async function () {
    this.timeout(10_000);
    server.fault = sending(500, "");
    const endpoint = connect();
    for (let count = 0; count < 5; count += 1) await failureOf(endpoint);
    expect(endpoint.report().state).to.equal("down");
    expect((await failureOf(endpoint)).kind).to.equal("down");
    expect(server.asked).to.have.length(5);

    server.fault = null;
    const until = performance.now() + 8000;
    let answer: unknown;
    while (answer !== "0x10" && performance.now() < until) {
      answer = await endpoint.request(BLOCK_NUMBER).catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(answer).to.equal("0x10");
    expect(endpoint.report().state).to.equal("up");
  });

  it("does not wait an hour when the clock is set back an hour", async () => {
    const realNow = Date.now;
    const endpoint = connect({ requestsPerSecond: 5 });
    try {
      await endpoint.request(BLOCK_NUMBER);
      await Promise.all(Array.from({ length: 4 }, () => endpoint.request(BLOCK_NUMBER)));
      Date.now = () => realNow() - 3_600_000;
      await endpoint.request(BLOCK_NUMBER);
    } finally {
      Date.now = realNow;
    }
    expect(server.asked).to.have.length(6);
  });

  it("leaves nothing behind when it is closed", async () => {
    server.fault = hanging;
    const endpoint = connect({ requestsPerSecond: 2, timeout: 60_000 });
    // Mocha's own timer starts after the first tick.
    await new Promise((resolve) => setImmediate(resolve));
    const before = timers();
    const waiting = Array.from({ length: 6 }, () => failureOf(endpoint));
    await until(() => server.running === 2, "two requests");
    endpoint.close();
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).to.deep.equal(
      Array.from({ length: 6 }, () => "closed"),
    );
    expect((await failureOf(endpoint)).kind).to.equal("closed");
    await until(() => server.running === 0, "no request");
    expect(timers()).to.be.at.most(before);
  });
});

function limitInside(code: number) {
  return sending(
    200,
    JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code, message: "daily request count exceeded" } }),
  );
}

/** Everything an error holds, causes and hidden fields included. */
function inspectDeep(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  return Object.getOwnPropertyNames(error)
    .map((name) => inspectDeep((error as Record<string, unknown>)[name]))
    .join(" ");
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
