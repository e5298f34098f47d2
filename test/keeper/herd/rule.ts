import { expect } from "chai";

import { strategyNamed } from "../../../keeper/competitors/catalogue.ts";
import {
  DAY_MOVE_EACH,
  impactPerEth,
  inputAt,
  L2_GAS_USD,
  MAINNET_GAS_USD,
  OPTIONS,
  riskAversionAt,
} from "../../../keeper/herd/book.ts";
import { BLOCK_SECONDS } from "../../../keeper/herd/fundamental.ts";
import { landingFrom, ruleNamed } from "../../../keeper/herd/rule.ts";
import { Random } from "../../../keeper/math/random.ts";
import { expectNear } from "../../support/near.ts";

const PER_ETH = impactPerEth(0.3, 200);
const MAINNET = { perEth: PER_ETH, gasUsd: MAINNET_GAS_USD };
const L2 = { perEth: PER_ETH, gasUsd: L2_GAS_USD };
const STRATEGIES = {
  threshold: strategyNamed("fixed-band", { fraction: DAY_MOVE_EACH / OPTIONS }, { riskAversion: 1 }),
  optimal: strategyNamed("optimal-impulse", {}, { riskAversion: riskAversionAt(MAINNET) }),
  "optimal-l2": strategyNamed("optimal-impulse", {}, { riskAversion: riskAversionAt(L2) }),
};

describe("a herd's rules", () => {
  for (const name of ["threshold", "optimal", "optimal-l2"] as const) {
    it(`trade when the ${name} strategy does, and as much`, () => {
      const rule = ruleNamed(name, PER_ETH);
      if (rule.kind !== "band") throw new Error("no band");
      const random = new Random(7);
      let trades = 0;
      for (let i = 0; i < 400; i++) {
        // Depths that were asked for exactly; the herd takes the nearest of them.
        const depth = 1.05 ** -Math.floor(40 * random.uniform());
        const drift = DAY_MOVE_EACH * 1.4 * (2 * random.uniform() - 1);
        const { above, below } = rule.bandAt(depth);
        const side = drift > 0 ? above : below;
        const said = STRATEGIES[name].decide(inputAt(drift, name === "optimal-l2" ? L2 : MAINNET, depth));
        expect(Math.abs(drift) >= side.edge, `${String(drift)} at ${String(depth)}`).to.equal(
          said.action === "rebalance",
        );
        if (said.action === "hold") continue;
        trades += 1;
        const landing = landingFrom(side, Math.abs(drift));
        // Where a trade is worth splitting, landings jump to the edge; between those that were asked for, the herd's do not.
        expectNear(Math.abs(drift + said.trade), landing, 0.03 * DAY_MOVE_EACH);
      }
      expect(trades).to.be.within(80, 200);

      const { above, below } = rule.bandAt(1);
      const from = (drift: number) => {
        const said = STRATEGIES[name].decide(inputAt(drift, name === "optimal-l2" ? L2 : MAINNET, 1));
        return Math.abs(drift + said.trade);
      };
      expectNear(from(above.edge), landingFrom(above, above.edge), 1e-6);
      expectNear(from(-below.edge), landingFrom(below, below.edge), 1e-6);
    });
  }

  it("keep the period of the clock", () => {
    const rule = ruleNamed("clock", PER_ETH);
    expect(rule).to.deep.equal({ kind: "clock", blocks: (8 * 3_600) / BLOCK_SECONDS });
  });

  it("carry the same risk by their own formulas", () => {
    for (const name of ["optimal", "optimal-l2"] as const) {
      const rule = ruleNamed(name, PER_ETH);
      if (rule.kind !== "band") throw new Error("no band");
      const { above, below } = rule.bandAt(1);
      const square =
        [above, below].reduce((sum, { edge, landings }) => sum + edge ** 2 + landings[0]! ** 2, 0) / 2;
      // The book's 30 days, its lean and its checks each block move the band from the long run's by a few per cent.
      expectNear(Math.sqrt(square) / DAY_MOVE_EACH, 1, 0.03);
    }
  });
});
