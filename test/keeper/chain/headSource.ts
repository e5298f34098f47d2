import { expect } from "chai";

import {
  chain,
  NEVER,
  nextOf,
  rpc,
  SOON,
  sockets,
  startServers,
  stop,
  stopServers,
  warnings,
  watch,
} from "../utils/headWatch.ts";
import { hanging, sending } from "../utils/rpcServer.ts";
import { until } from "../utils/until.ts";

describe("watching heads", () => {
  beforeEach(startServers);
  afterEach(stopServers);

  describe("by polling", () => {
    it("gives the current head at once, then each new one once", async () => {
      const { heads } = watch({ pollInterval: SOON });
      expect((await nextOf(heads)).head).to.deep.include({ number: 19n, hash: chain.tip.hash });
      const waiting = nextOf(heads);
      await until(() => rpc.asked.length > 3, "polls");
      chain.mine();
      expect(await waiting).to.deep.include({ reorg: null });
      expect((await waiting).head.hash).to.equal(chain.tip.hash);
    });

    it("sees another block at the same height, and a chain that became shorter", async () => {
      const { heads } = watch({ pollInterval: SOON });
      const first = await nextOf(heads);
      chain.rewind(1);
      chain.mine();
      const second = await nextOf(heads);
      expect(second.reorg).to.deep.include({ depth: 1, ancestor: 18n });
      expect(second.reorg?.dropped).to.deep.equal([{ number: 19n, hash: first.head.hash }]);
      chain.rewind(4);
      const third = await nextOf(heads);
      expect(third.head.number).to.equal(15n);
      expect(third.reorg?.dropped).to.deep.equal([{ number: 19n, hash: second.head.hash }]);
    });

    it("skips to the newest but tells of what was dropped on the way", async () => {
      const { heads, tracker } = watch({ pollInterval: SOON });
      const first = await nextOf(heads);
      chain.mine(3);
      const second = await nextOf(heads);
      // While the consumer is busy the chain reorganises twice and goes on.
      chain.rewind(2);
      chain.mine(5);
      chain.rewind(4);
      chain.mine(9);
      const third = await nextOf(heads);
      expect(third.head.hash).to.equal(chain.tip.hash);
      expect(third.reorg?.dropped.map(({ hash }) => hash)).to.deep.equal([second.head.hash]);
      expect(tracker.isCanonical(first.head)).to.equal(true);
    });

    it("goes on through an RPC that fails and comes back", async () => {
      const { heads } = watch({ pollInterval: SOON });
      await nextOf(heads);
      rpc.fault = sending(503, "");
      chain.mine();
      const waiting = nextOf(heads);
      await until(() => warnings.length > 0, "a warning");
      rpc.fault = null;
      expect((await waiting).head.hash).to.equal(chain.tip.hash);
    });
  });

  for (const mode of ["live", "mute", "refused", "hanging", "busy"] as const) {
    it(`leaves no connection and no timer after abort (${mode})`, async function () {
      this.timeout(8000);
      await new Promise((resolve) => setImmediate(resolve));
      const before = resources();
      const { heads } = watch({
        pollInterval: mode === "hanging" ? SOON : NEVER,
        webSocket: true,
        url: mode === "refused" ? "ws://127.0.0.1:1" : sockets.url,
      });
      sockets.isMute = mode === "mute";
      await nextOf(heads);
      // A consumer may be waiting when it ends, or busy with a head.
      const waiting = mode === "busy" ? null : heads.next();
      if (mode === "hanging") {
        rpc.fault = hanging;
        await until(() => rpc.running > 0, "a hanging poll");
      } else await new Promise((resolve) => setTimeout(resolve, 100));
      if (mode === "live") sockets.isMute = true;
      stop.abort();
      if (waiting !== null) expect((await waiting).done).to.equal(true);
      await until(() => sockets.open === 0 && rpc.running === 0, "connections closed");
      // What is kept alive for the next request goes by itself.
      await until(() => resources() <= before, `nothing left`, 6000);
    });
  }
});

/** Timers that keep the process alive. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
