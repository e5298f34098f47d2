import { expect } from "chai";
import { encodeErrorResult } from "viem";

import { vaultAbi } from "../../../keeper/chain/abi.ts";
import { createChainClient } from "../../../keeper/chain/client.ts";
import { revertReason } from "../../../keeper/execution/revertReason.ts";
import { BroadcastError, EndpointError, NoMajorityError, RpcError } from "../../../keeper/rpc/errors.ts";
import {
  CALL,
  errorOf,
  HASH,
  hashOf,
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
import { breakingOff, hanging, lying, only, reordered, returningNull, sending } from "../utils/rpcServer.ts";

describe("what a pool of RPC endpoints makes of", () => {
  afterEach(stop);

  describe("the newest block", () => {
    async function newest(tips: readonly number[]): Promise<number> {
      await start(tips.length);
      servers.forEach((server, index) => (server.handler = honestAt(tips[index]!)));
      const { number } = (await pool.request(LATEST)) as { number: string };
      return Number(number);
    }

    for (const [tips, expected] of [
      [[100, 100, 99], 100],
      [[100, 99, 100], 100],
      [[99, 100, 98], 99],
      [[105, 100, 102], 102],
      [[100, 9, 9], 9],
      [[9, 100, 80], 80],
      [[1000, 999, 99, 1000], 1000],
    ] as const) {
      it(`of nodes at ${tips.join(", ")} is ${String(expected)}: numbers compare as numbers`, async () => {
        expect(await newest(tips)).to.equal(expected);
        const number = await pool.request({ method: "eth_blockNumber", params: [] });
        expect(Number(number)).to.equal(expected);
      });
    }

    it("reports a node that lags past three blocks, not one that is just late", async () => {
      await start(3);
      // The fastest, so that it is among those asked first.
      servers[1]!.fault = servers[2]!.fault = reordered(() => 20);
      servers[0]!.handler = honestAt(TIP - 3);
      await pool.request(LATEST);
      expect(reports).to.deep.equal([]);
      servers[0]!.handler = honestAt(TIP - 4);
      await pool.request(LATEST);
      expect(reports.map(({ endpoint, kind }) => ({ endpoint, kind }))).to.deep.equal([
        { endpoint: nameOf(0), kind: "lags" },
      ]);
    });

    it("is not that of one node far ahead of all others", async () => {
      await start(3);
      servers[0]!.fault = only(
        ["eth_getBlockByNumber"],
        lying(() => blockAt(TIP + 50, 1)),
      );
      expect(await pool.request(LATEST)).to.have.property("number", "0x64");
      expect(reports.map(({ kind }) => kind)).to.deep.equal(["lies"]);
    });

    it("is that of the majority where one names another block at the same height", async () => {
      await start(3);
      servers[1]!.fault = lying(() => blockAt(TIP, 1));
      for (let count = 0; count < 3; count += 1)
        expect(await pool.request(LATEST)).to.have.property("hash", hashOf(TIP));
    });

    it("is had soon while one hangs and the others are a block apart", async () => {
      await start(3, { timeout: 5000 });
      servers[0]!.fault = hanging;
      servers[1]!.handler = honestAt(TIP - 1);
      const startedAt = performance.now();
      expect(await pool.request(LATEST)).to.have.property("number", "0x63");
      expect(performance.now() - startedAt).to.be.lessThan(1500);
    });
  });

  describe("receipts and transactions", () => {
    it("are found though two of four return null", async () => {
      await start(4);
      servers[0]!.fault = servers[1]!.fault = returningNull;
      expect(await pool.request(RECEIPT)).to.have.property("status", "0x1");
      expect(reports.map(({ kind }) => kind)).to.deep.equal(["null", "null"]);
    });

    it("are null only when nobody has one that a second confirms", async () => {
      await start(3);
      for (const server of servers) server.fault = returningNull;
      expect(await pool.request(RECEIPT)).to.equal(null);
      // A receipt only one node has may be invented.
      servers[0]!.fault = null;
      expect(await pool.request(RECEIPT)).to.equal(null);
      expect(reports).to.deep.equal([]);
    });

    it("are not null because one says so and the others fail", async () => {
      await start(3);
      servers[0]!.fault = returningNull;
      servers[1]!.fault = servers[2]!.fault = breakingOff;
      expect(await errorOf(pool.request(RECEIPT))).to.be.instanceOf(NoMajorityError);
    });

    it("count as pending while nodes differ on whether they are mined", async () => {
      await start(3);
      servers[0]!.handler = ({ params }) => ({ hash: params[0], blockHash: hashOf(9), blockNumber: "0x9" });
      servers[1]!.handler = ({ params }) => ({ hash: params[0], blockHash: null, blockNumber: null });
      servers[2]!.fault = returningNull;
      const request = { method: "eth_getTransactionByHash", params: [HASH] };
      expect(await pool.request(request)).to.have.property("blockHash", null);
    });
  });

  describe("transaction counts and gas", () => {
    it("are what two say, else the median", async () => {
      await start(3);
      const request = { method: "eth_getTransactionCount", params: [`0x${"11".repeat(20)}`, "latest"] };
      for (const [counts, expected] of [
        [["0x9", "0x5", "0x9"], 9],
        [["0x9", "0x10", "0x5"], 9],
        [["0xa", "0x9", null], 9],
      ] as const) {
        servers.forEach((server, index) => {
          const count = counts[index];
          server.fault = count === null ? breakingOff : lying(() => count);
        });
        expect(Number(await pool.request(request))).to.equal(expected);
      }
    });

    it("two estimates are enough, and a refusal needs a second", async () => {
      await start(3);
      const request = { method: "eth_estimateGas", params: [{}] };
      expect(await pool.request(request)).to.equal("0x5208");
      expect(pool.stats().requests).to.deep.equal({ eth_estimateGas: 2 });

      const refusal = { code: 3, message: "execution reverted", data: "0x99" };
      for (const server of servers) {
        server.handler = refuse(refusal);
        expect(await pool.request(request)).to.equal("0x5208");
        server.handler = honestAt(TIP);
      }
      servers[0]!.handler = servers[1]!.handler = servers[2]!.handler = refuse(refusal);
      expect(await errorOf(pool.request(request))).to.include({ code: 3, data: "0x99" });
    });
  });

  describe("an estimate of gas", () => {
    const request = { method: "eth_estimateGas", params: [{}] };

    for (const lie of ["0x1", "0x1312d00"]) {
      it(`is not the ${lie} of the one node that is asked first`, async () => {
        await start(3);
        // The fastest, so that it is the first.
        servers[1]!.fault = servers[2]!.fault = reordered(() => 20);
        servers[0]!.fault = only(
          ["eth_estimateGas"],
          lying(() => lie),
        );
        for (let i = 0; i < 3; i += 1) expect(await pool.request(request)).to.equal("0x5208");
        expect(reports.map(({ endpoint, kind }) => [endpoint, kind])).to.deep.include([nameOf(0), "lies"]);
      });
    }
  });

  describe("a call's own error", () => {
    const data = encodeErrorResult({ abi: vaultAbi, errorName: "LossTooLarge", args: [-5n, 7n] });

    it("is an answer: two must have the same data, however they word it", async () => {
      await start(3);
      servers[0]!.handler = refuse({ code: 3, message: "execution reverted: LossTooLarge", data });
      servers[1]!.handler = refuse({ code: -32603, message: "VM Exception", data: { message: "x", data } });
      servers[2]!.handler = () => "0x2a";
      const error = await errorOf(pool.request(CALL));
      expect(error).to.be.instanceOf(RpcError);
      expect(revertReason(error)?.text).to.equal("LossTooLarge(-5, 7)");
    });

    it("of one node alone is outvoted", async () => {
      await start(3);
      servers[0]!.handler = refuse({ code: 3, message: "execution reverted", data });
      expect(await pool.request(CALL)).to.equal("0x2a");
      expect(reports.map(({ kind }) => kind)).to.deep.equal(["lies"]);
    });

    for (const count of [1, 2, 3]) {
      it(`is found by the keeper through viem and ${String(count)} endpoints`, async () => {
        await start(count);
        const client = createChainClient({ pool });
        for (const failure of [
          { code: 3, message: "execution reverted", data },
          { code: -32603, message: "Internal error", data: { data } },
          { code: -32000, message: "execution reverted", data },
        ]) {
          for (const server of servers) server.handler = refuse(failure);
          const to = `0x${"11".repeat(20)}` as const;
          expect(revertReason(await errorOf(client.call({ to, data: "0x" })))?.name).to.equal("LossTooLarge");
          expect(revertReason(await errorOf(client.estimateGas({ to })))?.name).to.equal("LossTooLarge");
        }
      });
    }

    it("is not made of a node's failure", async () => {
      await start(3);
      for (const server of servers) server.handler = refuse({ code: -32000, message: "header not found" });
      const error = await errorOf(pool.request(CALL));
      expect(error).to.include({ code: -32000, message: "header not found" });
      expect(revertReason(error)).to.equal(null);
    });
  });

  describe("sending", () => {
    const SEND = { method: "eth_sendRawTransaction", params: [RAW] };

    it("goes to all, and is done when one has taken it", async () => {
      await start(3);
      servers[0]!.fault = hanging;
      servers[1]!.handler = refuse({ code: -32000, message: "txpool is full" });
      expect(await pool.request(SEND)).to.equal(HASH);
      for (const server of servers) expect(server.count("eth_sendRawTransaction")).to.equal(1);
    });

    it("that nobody takes tells what each said", async () => {
      await start(3);
      servers[0]!.handler = refuse({ code: -32000, message: "nonce too low" });
      servers[1]!.fault = breakingOff;
      servers[2]!.handler = refuse({ code: -32000, message: "already known" });
      // Through viem too: the classifier looks there.
      const error = await errorOf(createChainClient({ pool }).request(SEND as never, { retryCount: 0 }));
      expect(error).to.be.instanceOf(BroadcastError);
      const { replies } = error as BroadcastError;
      expect(replies.map((reply) => reply.constructor)).to.deep.equal([RpcError, EndpointError, RpcError]);
      expect(replies.map(({ message }) => message)[0]).to.equal("nonce too low");
      expect(replies.map(({ message }) => message)[2]).to.equal("already known");
    });

    it("is not done by one that answers another hash", async () => {
      await start(3);
      servers[0]!.fault = lying(() => hashOf(1));
      servers[1]!.fault = servers[2]!.fault = breakingOff;
      expect(await errorOf(pool.request(SEND))).to.be.instanceOf(BroadcastError);
      expect(reports.map(({ kind }) => kind)).to.deep.equal(["lies"]);
    });

    it("tries also those that are down, and is not cut off by closing", async () => {
      const stop = new AbortController();
      const [only] = await start(1, { signal: stop.signal });
      only!.fault = sending(503, "");
      for (let count = 0; count < 3; count += 1) await errorOf(pool.request(CALL));
      only!.fault = reordered(() => 100);
      const sent = pool.request(SEND);
      const read = errorOf(pool.request(CALL));
      setTimeout(() => {
        stop.abort();
      }, 30);
      expect(await sent).to.equal(HASH);
      expect(await read).to.include({ kind: "closed" });
      const { replies } = (await errorOf(pool.request(SEND))) as BroadcastError;
      expect(replies[0]).to.include({ kind: "closed" });
    });
  });
});
