import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";

import { watchLoopDelay } from "../../../keeper/server/loopDelay.ts";

describe("event loop delay", () => {
  it("is remembered for at least a window, and forgotten after two", async () => {
    const watch = watchLoopDelay(0.4);
    try {
      await sleep(30);
      const until = performance.now() + 350;
      while (performance.now() < until);
      await sleep(50);
      expect(watch.longest()).to.be.within(0.3, 5);
      await sleep(1000);
      expect(watch.longest()).to.be.below(0.3);
    } finally {
      watch.close();
    }
  });
});
