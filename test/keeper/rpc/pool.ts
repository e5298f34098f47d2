import { expect } from "chai";
import fc from "fast-check";

import { createChainClient } from "../../../keeper/chain/client.ts";
import { readHead } from "../../../keeper/chain/head.ts";
import { BroadcastError, EndpointError, NoMajorityError, RpcError } from "../../../keeper/rpc/errors.ts";
import {
  CALL,
  errorOf,
  hashOf,
  healthOf,
  honestAt,
  LATEST,
  nameOf,
  pool,
  RAW,
  RECEIPT,
  refuse,
  reports,
  servers,
  start,
  stop,
  TIP,
  blockAt,
} from "../utils/rpcFleet.ts";
import {
  breakingOff,
  hanging,
  htmlPage,
  lying,
  misnumbered,
  only,
  rateLimited,
  reordered,
  returningNull,
  sending,
  withoutResult,
  type HttpFault,
} from "../utils/rpcServer.ts";

describe("a pool of RPC endpoints", () => {
  afterEach(stop);

  describe("with one", () => {
    it("asks again when a request failed in passing", async () => {
      const [only] = await start(1, { timeout: 2000 });
      let left = 2;
      only!.fault = (exchange, honest) => {
        left -= 1;
        if (left < 0) {
          only!.fault = null;
          return lying((result) => result)(exchange, honest);
        }
        return breakingOff(exchange, honest);
      };
      expect(await pool.request(CALL)).to.equal("0x2a");
      expect(only!.count("eth_call")).to.equal(3);
    });

    it("never sends a transaction twice by itself", async () => {
      const [only] = await start(1);
      only!.fault = breakingOff;
      const error = await errorOf(pool.request({ method: "eth_sendRawTransaction", params: [RAW] }));
      expect(error).to.be.instanceOf(BroadcastError);
      expect(only!.count("eth_sendRawTransaction")).to.equal(1);
    });

    it("asks it nevertheless when it has been failing, so that it comes back at once", async () => {
      const [only] = await start(1);
      only!.fault = sending(503, "");
      for (let count = 0; count < 3; count += 1) await errorOf(pool.request(CALL));
      expect(healthOf(0).state).to.equal("down");
      only!.fault = null;
      expect(await pool.request(CALL)).to.equal("0x2a");
      expect(healthOf(0).state).to.equal("up");
    });
  });

  describe("with two", () => {
    for (const [name, fault] of [
      ["hangs", hanging],
      ["breaks off", breakingOff],
      ["answers an HTML page", htmlPage],
      ["is rate limited", rateLimited(1)],
      ["answers without a result", withoutResult],
    ] as const) {
      it(`asks the other when one ${name}`, async () => {
        const [first] = await start(2);
        first!.fault = fault;
        expect(await pool.request(CALL)).to.equal("0x2a");
        expect(await pool.request(CALL)).to.equal("0x2a");
      });
    }

    it("does not take one's null for the whole truth", async () => {
      const [first, second] = await start(2);
      for (const server of [first!, second!]) {
        server.fault = only(["eth_getTransactionReceipt"], returningNull);
        expect(await pool.request(RECEIPT)).to.have.property("status", "0x1");
        server.fault = null;
      }
    });

    it("has the head of the one that is ahead", async () => {
      const [first, second] = await start(2);
      for (const server of [first!, second!]) {
        server.handler = honestAt(9);
        expect(await pool.request(LATEST)).to.have.property("number", "0x64");
        expect(await pool.request({ method: "eth_blockNumber", params: [] })).to.equal("0x64");
        server.handler = honestAt(TIP);
      }
    });

    it("keeps a revert as it is, without asking the other", async () => {
      const [first, second] = await start(2);
      for (const server of [first!, second!])
        server.handler = refuse({ code: 3, message: "execution reverted", data: "0x1234" });
      const error = await errorOf(pool.request(CALL));
      expect(error).to.be.instanceOf(RpcError).and.include({ code: 3, data: "0x1234" });
      expect(first!.count("eth_call") + second!.count("eth_call")).to.equal(1);
    });
  });

  describe("with three", () => {
    it("asks two, and no third when they agree", async () => {
      await start(3);
      expect(await pool.request(CALL)).to.equal("0x2a");
      expect(servers.reduce((sum, server) => sum + server.count("eth_call"), 0)).to.equal(2);
      expect(pool.stats().requests).to.deep.equal({ eth_call: 2 });
    });

    const FAULTS: readonly (readonly [string, HttpFault])[] = [
      ["lies", lying(() => "0x2b")],
      ["returns null", returningNull],
      ["hangs", hanging],
      ["breaks off", breakingOff],
      ["answers an HTML page", htmlPage],
      ["answers another id", misnumbered],
      ["answers without a result", withoutResult],
      ["is rate limited", rateLimited()],
      ["answers HTTP 502", sending(502, "bad gateway")],
    ];
    for (const [name, fault] of FAULTS) {
      it(`has the truth whichever one ${name}`, async () => {
        await start(3);
        for (const server of servers) {
          server.fault = fault;
          expect(await pool.request(CALL)).to.equal("0x2a");
          server.fault = null;
        }
      });
    }

    it("reports the one that lies and asks it last from then on", async () => {
      const [liar] = await start(3);
      liar!.fault = lying(() => "0x2b");
      await pool.request(CALL);
      expect(reports.map(({ endpoint, method, kind }) => ({ endpoint, method, kind }))).to.deep.equal([
        { endpoint: nameOf(0), method: "eth_call", kind: "lies" },
      ]);
      expect(healthOf(0).disagreements).to.equal(1);
      expect(healthOf(0).score).to.be.within(0.45, 0.55);
      await pool.request(CALL);
      expect(liar!.count("eth_call")).to.equal(1);
    });

    it("calls a difference at a moving block a lie only when it lasts", async () => {
      const [odd] = await start(3);
      const moving = { method: "eth_getBalance", params: [`0x${"11".repeat(20)}`, "latest"] };
      odd!.fault = lying(() => "0x1");
      // The fastest, so that it is among those asked first.
      servers[1]!.fault = servers[2]!.fault = reordered(() => 20);
      await pool.request(moving);
      await pool.request(moving);
      expect(reports).to.deep.equal([]);
      await pool.request(moving);
      expect(reports.map(({ kind }) => kind)).to.deep.equal(["lies"]);
    });

    describe("of which one differs at a moving block", () => {
      const balance = { method: "eth_getBalance", params: [`0x${"11".repeat(20)}`, "latest"] };
      const count = { method: "eth_getTransactionCount", params: [`0x${"11".repeat(20)}`, "latest"] };

      beforeEach(async () => {
        await start(3);
        // The first is the fastest, so that it is among those asked first.
        servers[1]!.fault = servers[2]!.fault = reordered(() => 20);
      });

      it("reports it when it lies in one method only, whatever else it says is right", async () => {
        servers[0]!.fault = only(
          ["eth_getBalance"],
          lying(() => "0x1"),
        );
        for (let round = 0; round < 3; round += 1) {
          expect(reports).to.deep.equal([]);
          await pool.request(balance);
          await pool.request(count);
          await pool.request(LATEST);
        }
        expect(reports.map(({ endpoint, method, kind }) => ({ endpoint, method, kind }))).to.deep.equal([
          { endpoint: nameOf(0), method: "eth_getBalance", kind: "lies" },
        ]);
      });

      it("does not when it is a block late now and then", async () => {
        for (let block = 0; block < 4; block += 1) {
          servers[0]!.fault = lying(() => "0x1");
          // Whatever is asked at once meets one and the same boundary, and so does each method once.
          await Promise.all([1, 2, 3, 4].map(() => pool.request(balance)));
          await pool.request(count);
          servers[0]!.fault = null;
          await pool.request(balance);
          await pool.request(count);
        }
        expect(reports).to.deep.equal([]);
      });
    });

    it("believes nobody when all three differ", async () => {
      await start(3);
      servers.forEach((server, index) => (server.fault = lying(() => `0x${String(index)}`)));
      const error = await errorOf(pool.request(CALL));
      expect(error).to.be.instanceOf(NoMajorityError);
      expect(error.message).to.include("3 of 3 endpoints answered");
    });

    it("believes nobody when only one answers", async () => {
      const [, second, third] = await start(3);
      second!.fault = third!.fault = breakingOff;
      expect(await errorOf(pool.request(CALL))).to.be.instanceOf(NoMajorityError);
    });

    it("does not wait out the time-out of one that hangs", async () => {
      await start(3, { timeout: 5000 });
      servers[0]!.fault = hanging;
      const startedAt = performance.now();
      expect(await pool.request(CALL)).to.equal("0x2a");
      expect(performance.now() - startedAt).to.be.lessThan(1500);
    });

    it("treats answers as equal that nodes only write differently", async () => {
      const [first, second, third] = await start(3);
      third!.fault = hanging;
      first!.handler = () => ({ ...blockAt(9), number: "0x09", totalDifficulty: "0x1", size: "0x2" });
      second!.handler = () => ({ ...blockAt(9), hash: blockAt(9).hash.toUpperCase().replace("0X", "0x") });
      const answer = await pool.request({ method: "eth_getBlockByNumber", params: ["0x9", false] });
      expect(answer).to.have.property("timestamp", "0x6c");
      expect(reports).to.deep.equal([]);
    });

    it("reports a header that is falsified under its hash", async () => {
      const [liar] = await start(3);
      liar!.fault = lying((result) => ({ ...(result as object), baseFeePerGas: "0xffffff" }));
      expect(await pool.request(LATEST)).to.have.property("baseFeePerGas", "0x7");
      expect(reports.map(({ kind }) => kind)).to.deep.equal(["lies"]);
    });
  });

  it("asks an endpoint that was down again once it is well", async function () {
    this.timeout(10_000);
    const [ill] = await start(3);
    ill!.fault = sending(500, "");
    // Alone first, until it is left alone.
    for (let count = 0; count < 12; count += 1) await pool.request(CALL);
    for (let count = 0; count < 40 && healthOf(0).state === "up"; count += 1) {
      servers[1]!.fault = lying(() => `0x${count.toString(16)}`);
      await pool.request(CALL).catch(() => undefined);
    }
    servers[1]!.fault = null;
    expect(healthOf(0).state).to.equal("down");
    ill!.fault = null;
    for (let count = 0; count < 80 && healthOf(0).state === "down"; count += 1) {
      await pool.request(CALL);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(healthOf(0).state).to.equal("up");
  });

  it("serves the chain's head to viem", async () => {
    await start(3);
    expect(await readHead(createChainClient({ pool }))).to.deep.equal({
      number: 100n,
      hash: hashOf(TIP),
      parentHash: hashOf(TIP - 1),
      timestamp: 1200n,
      baseFeePerGas: 7n,
    });
  });

  it("tells what was asked and how long callers waited", async () => {
    await start(3);
    for (const server of servers) server.fault = reordered(() => 50);
    await Promise.all([pool.request(CALL), pool.request(RECEIPT)]);
    const { requests, calls, waited } = pool.stats();
    expect(requests).to.deep.equal({ eth_call: 2, eth_getTransactionReceipt: 2 });
    expect(calls).to.equal(2);
    expect(waited).to.be.within(0.09, 0.5);
  });

  it("never gives a wrong answer while at most one of three misbehaves, however it does", async function () {
    this.timeout(60_000);
    await start(3, { timeout: 100 });
    const fault = fc.constantFrom<HttpFault | null>(
      null,
      lying((result) =>
        typeof result === "string" ? `${result}f` : { ...(result as object), status: "0x0" },
      ),
      returningNull,
      breakingOff,
      htmlPage,
      misnumbered,
      withoutResult,
      sending(500, ""),
      reordered(({ id }) => (id * 31) % 20),
    );
    const step = fc.record({ fault, at: fc.nat(2), method: fc.constantFrom(CALL, RECEIPT) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        for (const { fault: each, at, method } of steps) {
          servers[at]!.fault = each;
          const answer: unknown = await pool.request(method).catch((error: unknown) => error);
          servers[at]!.fault = null;
          // Endpoints that were left alone just before may be missing: then there is no answer, but never a wrong one.
          if (answer instanceof NoMajorityError || answer instanceof EndpointError) continue;
          if (method === CALL) expect(answer).to.equal("0x2a");
          else expect(answer).to.have.property("status", "0x1");
        }
      }),
      { numRuns: 40 },
    );
  });
});
