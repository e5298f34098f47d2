import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { Secret } from "../../../keeper/config/secret.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import type { RequestReport } from "../../../keeper/rpc/endpoint.ts";
import { createRpcPool } from "../../../keeper/rpc/pool.ts";
import { countingRpcWait, RpcWait } from "../../../keeper/rpc/waiting.ts";
import { Refusal, RpcServer, sending } from "../utils/rpcServer.ts";

const CALL = { method: "eth_chainId" };
/** Milliseconds a request takes. */
const SLOW = 400;

describe("what an RPC pool tells of its requests", () => {
  let server: RpcServer;
  const reports: RequestReport[] = [];

  beforeEach(async () => {
    server = await RpcServer.start(() => "0x1");
    reports.length = 0;
  });
  afterEach(() => server.close());

  function connect(count = 1) {
    const endpoints = Array<object>(count).fill({ url: new Secret(server.url()) }) as { url: Secret }[];
    const onRequest = (report: RequestReport) => reports.push(report);
    return createRpcPool({ endpoints, timeout: 1000, log: silentLog, onRequest });
  }

  function slowDown(): void {
    server.handler = async () => {
      await sleep(SLOW);
      return "0x1";
    };
  }

  it("names endpoint and method of each, how long it took and whether it was answered", async () => {
    slowDown();
    const pool = connect(3);
    await pool.request(CALL);
    expect(reports.map(({ endpoint }) => endpoint)).to.have.members(
      [0, 1].map((index) => `127.0.0.1:${String(server.port)}#${String(index)}`),
    );
    for (const { method, seconds, answered } of reports) {
      expect({ method, answered }).to.deep.equal({ method: "eth_chainId", answered: true });
      expect(seconds).to.be.within(SLOW / 1000 - 0.005, 1);
    }
  });

  it("tells a refusal of the node from no answer", async () => {
    server.handler = () => {
      throw new Refusal({ code: 3, message: "execution reverted", data: "0x" });
    };
    await connect()
      .request({ method: "eth_call", params: [] })
      .catch(() => undefined);
    server.fault = sending(502, "bad gateway");
    await connect()
      .request({ method: "eth_sendRawTransaction", params: ["0x02"] })
      .catch(() => undefined);
    expect(reports.map(({ method, answered }) => [method, answered])).to.deep.equal([
      ["eth_call", true],
      ["eth_sendRawTransaction", false],
    ]);
  });

  it("adds up what a piece of work waits for, and nothing of another's", async () => {
    slowDown();
    const pool = connect();
    await pool.request(CALL);
    const [one, other] = [new RpcWait(), new RpcWait()];
    const work = async () => {
      await sleep(2 * SLOW);
      await pool.request(CALL);
      // At once, so waited for once.
      await Promise.all([pool.request(CALL), pool.request(CALL)]);
    };
    await Promise.all([countingRpcWait(one, work), countingRpcWait(other, () => pool.request(CALL))]);
    expect(one.seconds * 1000).to.be.within(2 * SLOW - 5, 3 * SLOW);
    expect(other.seconds * 1000).to.be.within(SLOW - 3, 2 * SLOW);
  });
});
