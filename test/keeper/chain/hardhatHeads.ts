import { expect } from "chai";
import { network } from "hardhat";
import type { Hash } from "viem";

import { createChainClient } from "../../../keeper/chain/client.ts";
import { createHeadTracker, watchHeads, type HeadEvent } from "../../../keeper/chain/headSource.ts";
import { Secret } from "../../../keeper/config/secret.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { createRpcPool, type RpcPool } from "../../../keeper/rpc/pool.ts";

type Heads = AsyncGenerator<HeadEvent, void>;

const HOST = "127.0.0.1";
const NEVER = 3600;
const SOON = 0.02;

describe("heads of a Hardhat node", function () {
  this.timeout(60_000);

  let server: Awaited<ReturnType<typeof network.createServer>>;
  let port: number;
  let pool: RpcPool;
  let stop: AbortController;

  before(async () => {
    server = await network.createServer("localMainnet", HOST, 0);
    ({ port } = await server.listen());
  });

  after(() => {
    // It waits for connections that are kept alive.
    void server.close();
  });

  beforeEach(async () => {
    stop = new AbortController();
    const url = new Secret(`http://${HOST}:${String(port)}`);
    // The same node three times: a quorum that agrees.
    const endpoints = [url, url, url].map((each) => ({ url: each }));
    pool = createRpcPool({ endpoints, timeout: 5000, log: silentLog, signal: stop.signal });
    await mine(80);
  });

  afterEach(() => {
    stop.abort();
  });

  function rpc(method: string, ...params: unknown[]): Promise<unknown> {
    return pool.request({ method, params });
  }

  async function mine(count: number): Promise<void> {
    await rpc("hardhat_mine", `0x${count.toString(16)}`);
  }

  /** Makes what is mined next differ from what was mined at the same heights before. */
  let salt = 0;
  async function takeAnotherBranch(snapshot: unknown): Promise<void> {
    salt += 1;
    await rpc("evm_revert", snapshot);
    await rpc("hardhat_setCoinbase", `0x${salt.toString(16).padStart(40, "0")}`);
  }

  function watch(mode: "http" | "websocket") {
    const client = createChainClient({ pool });
    const tracker = createHeadTracker(client, 64);
    const live = new EventTarget();
    /** There are heads from now on. */
    const isWatching =
      mode === "http"
        ? null
        : new Promise((resolve) => {
            live.addEventListener("live", resolve);
          });
    const heads: Heads = watchHeads(client, {
      ...{ finalityBlocks: 64, signal: stop.signal, log: silentLog, tracker },
      pollInterval: mode === "http" ? SOON : NEVER,
      webSocketUrl: mode === "http" ? undefined : new Secret(`ws://${HOST}:${String(port)}`),
      onSocketState: () => {
        live.dispatchEvent(new Event("live"));
      },
    });
    return { heads, tracker, isWatching };
  }

  async function nextOf(heads: Heads): Promise<HeadEvent> {
    const { value } = await heads.next();
    return value as HeadEvent;
  }

  async function reading(heads: Heads, isEnough: (event: HeadEvent) => boolean): Promise<HeadEvent[]> {
    const events: HeadEvent[] = [];
    for (;;) {
      const event = await nextOf(heads);
      events.push(event);
      if (isEnough(event)) return events;
    }
  }

  async function hashAt(number: bigint): Promise<Hash> {
    const block = await rpc("eth_getBlockByNumber", `0x${number.toString(16)}`, false);
    return (block as { hash: Hash }).hash;
  }

  it("are told by its websocket", async () => {
    const { heads, isWatching } = watch("websocket");
    const first = await nextOf(heads);
    await isWatching;
    for (const ahead of [1n, 2n, 3n]) {
      const waiting = nextOf(heads);
      await mine(1);
      const { head, reorg } = await waiting;
      expect(head.number).to.equal(first.head.number + ahead);
      expect(head.hash).to.equal(await hashAt(head.number));
      expect(reorg).to.equal(null);
    }
  });

  for (const mode of ["http", "websocket"] as const) {
    for (const depth of [1, 2, 7, 32, 64]) {
      for (const ahead of [0, 1]) {
        it(`over ${mode}: a reorg of depth ${String(depth)} to ${ahead === 0 ? "the same height" : "one block more"}`, async () => {
          const { heads, tracker, isWatching } = watch(mode);
          const snapshot = await rpc("evm_snapshot");
          const { head: ancestor } = await nextOf(heads);
          await isWatching;
          const told = reading(heads, ({ head }) => head.number === ancestor.number + BigInt(depth));
          for (let each = 0; each < depth; each += 1) await mine(1);
          const seen = (await told).map(({ head }) => head);

          const next = reading(heads, ({ reorg }) => reorg !== null);
          await takeAnotherBranch(snapshot);
          await mine(depth + ahead);
          const reorg = (await next).at(-1)!.reorg!;
          expect(reorg.dropped).to.deep.equal(seen.map(({ number, hash }) => ({ number, hash })).reverse());
          expect(reorg.ancestor >= ancestor.number).to.equal(true);
          expect(reorg.pastFinality).to.equal(false);
          for (const head of seen)
            expect(await hashAt(head.number).catch(() => null)).to.not.equal(head.hash);
          for (const head of seen) expect(tracker.isCanonical(head)).to.equal(false);
          expect(tracker.isCanonical(ancestor)).to.equal(true);
        });
      }
    }
  }
});
