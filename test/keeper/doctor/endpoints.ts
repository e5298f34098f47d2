import { expect } from "chai";
import { network } from "hardhat";
import { createServer } from "node:net";

import { zeroHash } from "viem";

import type { Check } from "../../../keeper/doctor/check.ts";
import { doctorHarness, ill, named, one, TOKEN } from "../utils/doctorHarness.ts";
import { startJsonServer } from "../utils/jsonServer.ts";
import { hanging, htmlPage, lying, only, Refusal, RpcServer, type RpcRequest } from "../utils/rpcServer.ts";

/** A port where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("keeper doctor, of chains", function () {
  this.timeout(60_000);
  const harness = doctorHarness();
  const servers: RpcServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  /** Another way to the same chain, spoilt. */
  async function another(change: (server: RpcServer) => void = () => undefined): Promise<string> {
    const server = await RpcServer.start(harness.handle);
    servers.push(server);
    change(server);
    return server.url(TOKEN);
  }
  const beside = async (...urls: string[]): Promise<readonly Check[]> =>
    harness.examine({ config: { rpcUrl: [harness.server.url(TOKEN), ...urls] } });
  const refusing = (asked: (request: RpcRequest) => boolean) => (server: RpcServer) => {
    const honest = server.handler;
    server.handler = (request) => {
      if (asked(request)) throw new Refusal({ code: -32_602, message: "invalid argument 1: block hash" });
      return honest(request);
    };
  };

  it("tells which endpoint does not answer, and goes on with the others", async () => {
    const dead = `http://127.0.0.1:${String(await deadPort())}${TOKEN}`;
    const checks = await beside(dead, await another());
    const check = one(checks, /^rpc .*#1$/);
    expect(check.ok).to.equal(false);
    expect(check.detail).to.match(/^cannot be reached: ECONNREFUSED\.$/);
    expect(ill(checks)).to.deep.equal([check.name]);
    expect(one(checks, "vault weekly: decision").ok).to.equal(true);
  });

  it("tells an endpoint that answers with a web page", async () => {
    const checks = await beside(await another((server) => (server.fault = htmlPage)), await another());
    expect(ill(checks)).to.have.length(1);
    expect(one(checks, /^rpc .*#1$/).detail).to.contain("answered with what is not a JSON-RPC reply");
  });

  it("looks at everything else where no endpoint answers", async () => {
    const checks = await harness.examine({
      config: { rpcUrl: `http://127.0.0.1:${String(await deadPort())}${TOKEN}` },
    });
    expect(ill(checks)).to.have.members([one(checks, /^rpc /).name, "chain: reached", "vault weekly: chain"]);
    expect(one(checks, "vault weekly: signer").ok).to.equal(true);
    expect(JSON.stringify(checks)).to.not.contain(TOKEN.slice(1));
  });

  it("tells an endpoint of another chain by majority, or by the settings", async () => {
    const foreign = await another(
      (server) =>
        (server.fault = only(
          ["eth_chainId"],
          lying(() => "0x1"),
        )),
    );
    const byVote = await beside(foreign, await another());
    expect(ill(byVote)).to.deep.equal([one(byVote, /^rpc .*#1$/).name]);
    expect(one(byVote, /^rpc .*#1$/).detail).to.equal("serves chain 1, not 31337");
    const bySettings = await harness.examine({ config: { chainId: 1 } });
    expect(one(bySettings, /^rpc .*#0$/).detail).to.equal("serves chain 31337, not 1");
  });

  it("tells an endpoint that lags by more than three blocks", async () => {
    const newest = BigInt(await harness.rpc<string>("eth_blockNumber"));
    const old = (by: bigint) => (server: RpcServer) => {
      server.handler = (request) => {
        const { method, params } = request;
        const isNewest = method === "eth_getBlockByNumber" && params[0] === "latest";
        return harness.handle(
          isNewest ? { method, params: [`0x${(newest - by).toString(16)}`, false] } : request,
        );
      };
    };
    const checks = await beside(await another(old(4n)), await another(old(3n)));
    expect(one(checks, /#1: head$/).detail).to.match(/, 4 blocks behind another endpoint$/);
    expect([one(checks, /#1: head$/).ok, one(checks, /#2: head$/).ok]).to.deep.equal([false, true]);
  });

  it("warns of a head that is old", async () => {
    const at = (await harness.chainNow()) + 37;
    const checks = await harness.examine({ options: { now: () => at } });
    const head = one(checks, /: head$/);
    expect(head.ok).to.equal("warn");
    expect(head.detail).to.match(/, 37 s old: no block for more than 36 s$/);
  });

  it("tells an endpoint that cannot call by block hash, or does not heed it", async () => {
    const byHash = ({ method, params }: RpcRequest) => method === "eth_call" && typeof params[1] === "object";
    const heedless = (server: RpcServer) => {
      server.handler = (request) =>
        harness.handle(byHash(request) ? { ...request, params: [request.params[0], "latest"] } : request);
    };
    const checks = await beside(await another(refusing(byHash)), await another(heedless));
    expect(one(checks, /#0: call/).ok).to.equal(true);
    expect(one(checks, /#1: call/)).to.include({
      ok: false,
      detail: "refused: invalid argument 1: block hash",
    });
    expect(one(checks, /#2: call/).detail).to.contain("it heeds no block hash");
  });

  it("warns of a chain in this machine's future", async () => {
    const at = (await harness.chainNow()) - 60;
    const check = one(await harness.examine({ options: { now: () => at } }), "chain 31337: clock");
    expect(check.ok).to.equal("warn");
    expect(check.detail).to.equal("the newest block is 60 s in this machine's future");
  });

  describe("with a websocket", () => {
    let node: { close(): Promise<void> };
    let port: number;
    before(async () => {
      const server = await network.createServer("default", "127.0.0.1", 0);
      ({ port } = await server.listen());
      node = server;
    });
    after(() => void node.close());
    const told = async (webSocketUrl: string, socketTimeout = 5): Promise<Check> =>
      one(
        await harness.examine({ config: { webSocketUrl }, options: { socketTimeout } }),
        "chain 31337: websocket",
      );

    it("sees the head it tells of", async () => {
      const mining = setInterval(() => {
        void fetch(`http://127.0.0.1:${String(port)}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "evm_mine", params: [] }),
        });
      }, 50);
      try {
        const check = await told(`ws://127.0.0.1:${String(port)}${TOKEN}`);
        expect(check.ok, check.detail).to.equal(true);
        expect(check.detail).to.match(/ told of block \d+ after [\d.]+ s$/);
      } finally {
        clearInterval(mining);
      }
    });

    it("tells that it is silent", async () => {
      const check = await told(`ws://127.0.0.1:${String(port)}${TOKEN}`, 0.5);
      expect(check.ok).to.equal(false);
      expect(check.detail).to.match(/ is subscribed and told of no block in 0\.5 s$/);
    });

    it("tells that it is closed", async () => {
      const check = await told(`ws://127.0.0.1:${String(await deadPort())}${TOKEN}`);
      expect(check.ok).to.equal(false);
      expect(check.detail).to.match(/: it was closed$/);
    });
  });

  describe("with a private route", () => {
    const route = async (fields: object): Promise<readonly Check[]> =>
      harness.examine({ config: { private: { url: await another(), ...fields } } });

    it("is content with one that answers for the chain, or with an error", async () => {
      expect(one(await route({}), /private route$/).detail).to.equal(
        "answers for chain 31337, public after 60 s",
      );
      const knowsNothing = await another(refusing(() => true));
      expect(one(await route({ url: knowsNothing }), /private route$/).detail).to.equal(
        "answers, public after 60 s",
      );
    });

    it("tells one that does not answer, or serves another chain", async () => {
      const dead = `http://127.0.0.1:${String(await deadPort())}${TOKEN}`;
      expect(one(await route({ url: dead }), /private route$/)).to.include({
        ok: false,
        detail: "it cannot be reached (ECONNREFUSED)",
      });
      const foreign = await another((server) => (server.fault = lying(() => "0x5")));
      expect(one(await route({ url: foreign }), /private route$/).detail).to.equal(
        "serves chain 5, not 31337",
      );
    });

    it("warns where a transaction would die before it goes public", async () => {
      const check = one(await route({ publicAfter: 600 }), /private route: fallback$/);
      expect(check.ok).to.equal("warn");
      expect(named(await route({ publicAfter: 599 }), /fallback$/)).to.deep.equal([]);
    });

    it("warns of a status page that gives no JSON", async () => {
      const answers = { text: "<!doctype html>" };
      const page = await startJsonServer((_, { url }) => (url === `/tx/${zeroHash}` ? answers : "hang up"));
      const statusUrl = `${page.url}/tx/{hash}`;
      const check = one(await route({ statusUrl }), /private route: status$/);
      expect(check).to.include({ ok: "warn", detail: "it did not answer in JSON" });
      answers.text = '{"status":"UNKNOWN"}';
      expect(one(await route({ statusUrl }), /private route: status$/).ok).to.equal(true);
      await page.close();
    });
  });

  it("ends in the time of a request where an endpoint takes it and never answers", async () => {
    const silent = await another((server) => (server.fault = hanging));
    const rpcUrl = [harness.server.url(TOKEN), silent, await another()];
    const checks = await harness.examine({ config: { rpcUrl }, options: { rpcTimeout: 300 } });
    expect(one(checks, /#1$/).detail).to.equal("gave no answer in 300 ms.");
    expect(ill(checks)).to.have.length(1);
  });
});
