import { expect } from "chai";
import fc from "fast-check";

import { ETH_USD_RULE, isRoundDue, USDC_USD_RULE } from "../../../keeper/history/chainlinkRule.ts";

const last = { answer: 2000, updatedAt: 1_700_000_000 };

describe("the rule for Chainlink rounds", () => {
  it("writes at a move of 0.5 % either way, and not before", () => {
    expect(isRoundDue(ETH_USD_RULE, last, 2010, last.updatedAt + 1)).to.equal(true);
    expect(isRoundDue(ETH_USD_RULE, last, 1990, last.updatedAt + 1)).to.equal(true);
    expect(isRoundDue(ETH_USD_RULE, last, 2009.99, last.updatedAt + 3599)).to.equal(false);
    expect(isRoundDue(ETH_USD_RULE, last, 1990.01, last.updatedAt + 3599)).to.equal(false);
  });

  it("writes at the heartbeat without a move", () => {
    expect(isRoundDue(ETH_USD_RULE, last, 2000, last.updatedAt + 3600)).to.equal(true);
    expect(isRoundDue(USDC_USD_RULE, { ...last, answer: 1 }, 1, last.updatedAt + 86_399)).to.equal(false);
    expect(isRoundDue(USDC_USD_RULE, { ...last, answer: 1 }, 1, last.updatedAt + 86_400)).to.equal(true);
  });

  it("leaves the feed within its deviation and heartbeat of any path", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.02, max: 0.02, noNaN: true }), { maxLength: 200 }),
        (returns) => {
          let round = last;
          let price = last.answer;
          let timestamp = last.updatedAt;
          for (const change of returns) {
            price *= 1 + change;
            timestamp += 60;
            if (isRoundDue(ETH_USD_RULE, round, price, timestamp))
              round = { answer: price, updatedAt: timestamp };
            expect(Math.abs(price - round.answer) < 0.005 * round.answer).to.equal(true);
            expect(timestamp - round.updatedAt).to.be.lessThan(3600);
          }
        },
      ),
    );
  });
});
