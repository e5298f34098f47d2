import { expect } from "chai";
import { keccak256, type Hex } from "viem";

import { Secret } from "../../keeper/config/secret.ts";
import { createPrivateRoute, type PrivateRoute } from "../../keeper/execution/privateRoute.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { startJsonServer, type Answer, type JsonServer } from "./utils/jsonServer.ts";
import { keeperHarness, toZero } from "./utils/keeperHarness.ts";

const PUBLIC_AFTER = 60;

describe("keeper, private flow", () => {
  const harness = keeperHarness();
  const { rpc, start, mine, nonceOf, rebalances, executions } = harness;
  let server: JsonServer;
  let route: PrivateRoute;
  /** What the relay was sent, and what it says of it. */
  let taken: Hex[];
  let status: string;
  let refusal: string | null;

  before(async () => {
    server = await startJsonServer((body): Answer => {
      if (body === null) return { json: { status } };
      const { id, params } = body as { id: unknown; params: [Hex] };
      if (refusal !== null)
        return { json: { jsonrpc: "2.0", id, error: { code: -32000, message: refusal } } };
      taken.push(params[0]);
      return { json: { jsonrpc: "2.0", id, result: keccak256(params[0]) } };
    });
    route = createPrivateRoute({
      ...{ url: new Secret(server.url), method: "eth_sendRawTransaction", publicAfter: PUBLIC_AFTER },
      ...{ statusUrl: new Secret(`${server.url}/{hash}`), log: silentLog },
    });
  });
  after(() => server.close());
  beforeEach(async () => {
    [taken, status, refusal] = [[], "PENDING", null];
    await rpc("evm_setAutomine", [false]);
  });
  afterEach(() => rpc("evm_setAutomine", [true]));

  const published = () =>
    harness.provider.asked.filter((method) => method === "eth_sendRawTransaction").length;
  const raws = async () => (await executions()).map(({ raw }) => raw);
  const pass = async (seconds: number) => {
    await rpc("evm_increaseTime", [seconds]);
    await mine();
  };

  it("shows a transaction to nobody but the relay, which has it mined", async () => {
    const { step } = await start(toZero, { privateRoute: route });
    await step();
    await pass(12);
    await step();
    expect([taken, published()]).to.deep.equal([await raws(), 0]);
    expect((await executions())[0]).to.include({ route: "private", status: "sent" });
    await rpc("eth_sendRawTransaction", [taken[0]]);
    await mine();
    expect((await step()).settled?.outcome.status).to.equal("confirmed");
    expect([await rebalances(), published()]).to.deep.equal([1, 0]);
  });

  for (const [what, give] of [
    ["when its time is up", () => pass(PUBLIC_AFTER)],
    [
      "once the relay has given up",
      () => {
        status = "FAILED";
        return mine();
      },
    ],
  ] as const) {
    it(`makes the same bytes public ${what}, with no other nonce`, async () => {
      const { step } = await start(toZero, { privateRoute: route });
      const { sent } = await step();
      await give();
      await step();
      expect(published()).to.equal(1);
      await mine();
      expect((await step()).settled?.attempt.hash).to.equal(sent);
      expect([await rebalances(), await nonceOf(), (await raws()).length]).to.deep.equal([1, 1, 1]);
    });
  }

  it("offers it to the relay again when that was not heard, also after its process died", async () => {
    refusal = "service unavailable";
    await (await start(toZero, { privateRoute: route })).step();
    expect((await executions())[0]!.status).to.equal("signed");
    refusal = null;
    const { step } = await start(toZero, { privateRoute: route });
    await pass(1);
    await step();
    expect([taken, published()]).to.deep.equal([await raws(), 0]);
    await pass(PUBLIC_AFTER);
    await step();
    expect(published()).to.equal(1);
  });

  it("takes no relay's word that a transaction is worthless", async () => {
    refusal = "insufficient funds for gas * price + value";
    const { step } = await start(toZero, { privateRoute: route });
    const { sent } = await step();
    await mine();
    expect((await step()).settled?.attempt.hash).to.equal(sent);
    expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
  });
});
