import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";

import { watchLoopDelay } from "../../../keeper/server/loopDelay.ts";
import { until } from "../utils/until.ts";

describe("event loop delay", () => {
  it("is remembered for at least a window, and forgotten after two", async () => {
    const watch = watchLoopDelay(1);
    try {
      await sleep(30);
      const end = performance.now() + 350;
      while (performance.now() < end);
      await sleep(50);
      expect(watch.longest()).to.be.within(0.3, 5);
      await sleep(2_000);
      // The machine may be busy too, but not for ever.
      await until(() => watch.longest() < 0.3, "it is forgotten");
    } finally {
      watch.close();
    }
  });
});
