import { expect } from "chai";

import { LaneFollower } from "../../keeper/fleet/laneFollower.ts";
import { headAt, reorgTo } from "./utils/fakeChain.ts";

const reorg = reorgTo(0n, [headAt(1n, "lost")]);

describe("a lane's follower that is stopped", () => {
  for (const [what, next, offered] of [
    ["offers the block it is at to its vaults", null, [1n]],
    ["offers no block of which one that waits says that it has left the chain", reorg, []],
  ] as const) {
    it(what, async () => {
      const seen: bigint[] = [];
      let settle: (() => void) | undefined;
      const follower = new LaneFollower({
        settle: () => new Promise<void>((resolve) => (settle = resolve)),
        offer: ({ head }) => seen.push(head.number),
      });
      const isHeard = Promise.resolve();
      follower.follow({ head: headAt(1n, "lost"), reorg: null, seenAt: 0, isHeard });
      follower.follow({ head: headAt(2n), reorg: next, seenAt: 0, isHeard });
      const stopping = follower.stop();
      settle!();
      await stopping;
      expect(seen).to.deep.equal(offered);
    });
  }
});
