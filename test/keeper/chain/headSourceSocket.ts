import { expect } from "chai";

import {
  chain,
  NEVER,
  nextOf,
  rpc,
  SOON,
  sockets,
  startServers,
  states,
  stop,
  stopServers,
  warnings,
  watch,
} from "../utils/headWatch.ts";
import { hanging } from "../utils/rpcServer.ts";
import { until } from "../utils/until.ts";

describe("watching heads by websocket", () => {
  beforeEach(startServers);
  afterEach(stopServers);

  async function startLive(pollInterval = NEVER, timeout?: number) {
    const { heads, tracker } = watch({ pollInterval, webSocket: true, ...(timeout && { timeout }) });
    await nextOf(heads);
    const waiting = nextOf(heads);
    await until(() => sockets.subscribed === 1, "a subscription");
    await until(() => states.includes("live"), "a live websocket");
    return { heads, tracker, waiting };
  }

  it("gives heads as they are announced, without polling", async () => {
    const { heads, waiting } = await startLive();
    const polls = rpc.asked.length;
    sockets.announce(chain.mine());
    expect((await waiting).head.number).to.equal(20n);
    sockets.announce(chain.mine());
    expect((await nextOf(heads)).head.number).to.equal(21n);
    expect(rpc.asked.length).to.equal(polls);
  });

  it("is only a reason to look where endpoints vote: what it says of a block is nobody's reading", async () => {
    const { heads } = watch({ pollInterval: NEVER, webSocket: true, isWebSocketAHint: true });
    await nextOf(heads);
    const waiting = nextOf(heads);
    await until(() => states.includes("live"), "a live websocket");
    const before = chain.tip;
    // The endpoints learn of the block a little later than the websocket, which lies about its time and fee.
    const mined = chain.mine();
    chain.rewind(1);
    sockets.announce({ ...mined, timestamp: "0x7fffffff", baseFeePerGas: "0x1" });
    await until(() => rpc.asked.length > 2, "a second look");
    chain.mine();
    const { head } = await waiting;
    expect(head.number).to.equal(20n);
    expect([head.hash, head.parentHash]).to.deep.equal([chain.tip.hash, before.hash]);
    expect(head.timestamp).to.equal(BigInt(chain.tip.timestamp));
  });

  it("gives a duplicated head once", async () => {
    const { heads, waiting } = await startLive();
    const first = chain.mine();
    for (let count = 0; count < 3; count += 1) sockets.announce(first);
    expect((await waiting).head.number).to.equal(20n);
    sockets.announce(first);
    sockets.announce(chain.mine());
    expect((await nextOf(heads)).head.number).to.equal(21n);
  });

  it("is not misled by heads that come in another order", async () => {
    const { heads, waiting } = await startLive();
    const [first, second, third] = [chain.mine(), chain.mine(), chain.mine()];
    for (const header of [third, first, second]) sockets.announce(header);
    const event = await waiting;
    expect(event.reorg).to.equal(null);
    // All three may come at once or one after the other, but none older after one newer.
    const seen = [event.head.number];
    sockets.announce(chain.mine());
    while (seen.at(-1) !== 23n) {
      const { head, reorg } = await nextOf(heads);
      expect(reorg).to.equal(null);
      seen.push(head.number);
    }
    expect(seen).to.deep.equal([...seen].sort((a, b) => Number(a - b)));
  });

  it("does not wait for a poll that hangs", async () => {
    const { heads, waiting } = await startLive(SOON, 60_000);
    rpc.fault = hanging;
    await until(() => rpc.running > 0, "a hanging poll");
    const startedAt = performance.now();
    sockets.announce(chain.mine());
    expect((await waiting).head.number).to.equal(20n);
    sockets.announce(chain.mine());
    await nextOf(heads);
    expect(performance.now() - startedAt).to.be.lessThan(20_000);
  });

  it("falls back to polling when the connection breaks off, and opens it again", async () => {
    const { heads, waiting } = await startLive(SOON);
    sockets.drop();
    chain.mine();
    expect((await waiting).head.number).to.equal(20n);
    await until(() => states.includes("silent"), "the end noticed");
    const next = nextOf(heads);
    await until(() => sockets.subscribed === 1, "a new subscription");
    sockets.announce(chain.mine());
    expect((await next).head.number).to.equal(21n);
    expect(sockets.connections).to.equal(2);
  });

  it("notices by a poll that it went silent without closing, and opens another", async function () {
    this.timeout(8000);
    const { heads, waiting } = await startLive(0.1);
    // One may be under way since before it was live; the end of the next has seen what was there then.
    const polls = rpc.asked.length;
    await until(() => rpc.asked.length >= polls + 3, "polls");
    sockets.isMute = true;
    chain.mine();
    expect((await waiting).head.number).to.equal(20n);
    const next = nextOf(heads);
    await until(() => states.at(-1) === "silent", "the silence noticed");
    sockets.isMute = false;
    await until(() => states.at(-1) === "live", "a live websocket");
    expect(sockets.connections).to.equal(2);
    sockets.announce(chain.mine());
    expect((await next).head.number).to.equal(21n);
    // The dead one is cut off though its server never agreed.
    await until(() => sockets.open === 1, "the dead connection gone");
    // Nor does its end end the new one.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(states).to.deep.equal(["live", "silent", "live"]);
  });

  it("is not taken for dead for a head that was there before it", async () => {
    const { heads } = watch({ pollInterval: SOON, webSocket: true });
    await nextOf(heads);
    const waiting = nextOf(heads);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sockets.connections).to.equal(1);
    sockets.announce(chain.mine());
    await waiting;
  });

  it("is not taken for dead while it is only a little later than a poll", async function () {
    this.timeout(8000);
    const { heads, waiting } = await startLive(0.6);
    const header = chain.mine();
    await waiting;
    sockets.announce(header);
    const next = nextOf(heads);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(sockets.connections).to.equal(1);
    expect(states).to.deep.equal(["live"]);
    sockets.announce(chain.mine());
    await next;
  });

  for (const [name, spoil] of [
    [
      "malformed JSON",
      () => {
        sockets.send("{");
      },
    ],
    [
      "a malformed header",
      () => {
        sockets.announce({ number: "0x1", hash: "0x2" });
      },
    ],
    [
      "a header without a number",
      () => {
        sockets.announce({ ...chain.tip, number: "0x" });
      },
    ],
  ] as const) {
    it(`is opened again after ${name}`, async () => {
      const { waiting } = await startLive();
      spoil();
      await until(() => sockets.connections === 2 && sockets.subscribed === 1, "a second connection");
      sockets.announce(chain.mine());
      expect((await waiting).head.number).to.equal(20n);
    });
  }

  it("leaves a server that refuses to subscribe alone for longer each time", async () => {
    sockets.subscription = null;
    const { heads } = watch({ pollInterval: SOON, webSocket: true });
    await nextOf(heads);
    chain.mine();
    await nextOf(heads);
    const polling = nextOf(heads);
    await until(() => warnings.length >= 4, "four tries");
    // Constant pauses of the first one's length at most would come to 2 s.
    const pauses = (warnings as { seconds: number }[]).slice(0, 4).map(({ seconds }) => seconds);
    expect(pauses.reduce((sum, pause) => sum + pause)).to.be.greaterThan(2.5);
    chain.mine();
    await polling;
  });

  it("sends credentials in a header and shows no part of its URL", async () => {
    const token = "0123456789abcdef0123";
    const url = `${sockets.url.replace("//", "//user-name:pass-word@")}/v2/${token}`;
    const { heads } = watch({ pollInterval: NEVER, webSocket: true, url });
    await nextOf(heads);
    const waiting = nextOf(heads).catch(() => null);
    await until(() => sockets.subscribed === 1, "a subscription");
    expect(sockets.authorization).to.equal(`Basic ${Buffer.from("user-name:pass-word").toString("base64")}`);
    await sockets.close();
    await until(() => warnings.length > 2, "warnings");
    expect(JSON.stringify(warnings)).to.not.match(/0123456789abcdef|user-name|pass-word/);
    stop.abort();
    await waiting;
  });

  it("has one connection and gives each head once after it was restarted many times", async () => {
    for (let restart = 0; restart < 8; restart += 1) {
      const { heads } = watch({ pollInterval: NEVER, webSocket: true });
      await nextOf(heads);
      const waiting = nextOf(heads);
      await until(() => sockets.subscribed === 1, "one subscription");
      sockets.announce(chain.mine());
      await waiting;
      await heads.return();
      await until(() => sockets.open === 0, "no connection");
    }
    const { heads } = watch({ pollInterval: NEVER, webSocket: true });
    const seen: bigint[] = [(await nextOf(heads)).head.number];
    const waiting = nextOf(heads);
    await until(() => sockets.subscribed === 1, "one subscription");
    sockets.announce(chain.mine());
    seen.push((await waiting).head.number);
    sockets.announce(chain.mine());
    seen.push((await nextOf(heads)).head.number);
    expect(seen).to.deep.equal([27n, 28n, 29n]);
    expect(sockets.open).to.equal(1);
  });

  it("keeps one connection through many that break off", async function () {
    this.timeout(20_000);
    const { heads, waiting } = await startLive();
    let pending = waiting;
    const times = (state: string) => states.filter((each) => each === state).length;
    for (let round = 0; round < 4; round += 1) {
      sockets.drop();
      await until(() => times("silent") === round + 1, "the end noticed");
      await until(() => sockets.subscribed === 1 && times("live") === round + 2, "a new subscription");
      sockets.announce(chain.mine());
      expect((await pending).head.number).to.equal(BigInt(20 + round));
      pending = nextOf(heads);
    }
    expect(sockets.open).to.equal(1);
    expect(sockets.connections).to.equal(5);
    stop.abort();
    await pending.catch(() => undefined);
  });
});
