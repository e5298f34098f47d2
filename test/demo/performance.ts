import { expect } from "chai";
import { encodeAbiParameters, encodeEventTopics } from "viem";

import { vaultAbi } from "../../keeper/chain/abi.ts";
import type { Snapshot } from "../../keeper/chain/snapshot.ts";
import { changeDeviation, equityPoint, HedgeLedger } from "../../scripts/demo/performance.ts";
import type { Stage } from "../../scripts/demo/stage.ts";
import { expectNear } from "../support/near.ts";

const ETH = 10n ** 18n;
const USDC = 10n ** 6n;

function leg(filled: bigint, cashDelta: bigint) {
  return {
    topics: encodeEventTopics({
      abi: vaultAbi,
      eventName: "LegExecuted",
      args: { rebalanceNonce: 0n, venue: 0 },
    }),
    data: encodeAbiParameters(Array(3).fill({ type: "int256" }), [filled, filled, cashDelta]),
  };
}

function rebalanced(driftBefore: bigint, driftAfter: bigint, loss: bigint) {
  return {
    topics: encodeEventTopics({ abi: vaultAbi, eventName: "Rebalanced", args: { rebalanceNonce: 0n } }),
    data: encodeAbiParameters(Array(5).fill({ type: "int256" }), [
      ...[driftBefore, driftAfter, 9000n * USDC, 9000n * USDC - loss, 2000n * ETH],
    ]),
  };
}

describe("the demo's sums", () => {
  it("tell fee from slippage, rebalance by rebalance, and ask for each block once", async () => {
    const asked: unknown[] = [];
    const answers = [
      [
        leg(-3n * ETH, 5990n * USDC),
        leg(-1n * ETH, 1990n * USDC),
        rebalanced(5n * ETH, ETH, 10n * USDC),
        { topics: [`0x${"00".repeat(32)}`], data: "0x" },
      ],
      [leg(2n * ETH, -4004n * USDC), rebalanced(-3n * ETH, -ETH, USDC)],
    ];
    const rpc = (method: string, [{ fromBlock, toBlock }]: [{ fromBlock: string; toBlock: string }]) => {
      asked.push([method, fromBlock, toBlock]);
      return Promise.resolve(answers.shift());
    };
    const stage = { local: { chain: { rpc } }, contracts: { Vault: "0x" } } as unknown as Stage;
    const ledger = new HedgeLedger(stage, 0.0005, 5n);
    // 4 ETH at 2,000 USD and 5 bps are 4 USD of fee, 10 were lost; then 2 USD of fee, and 1 was lost.
    const first = await ledger.upTo(8n);
    expect(first).to.deep.include({ rebalances: 1, driftBefore: 5, driftAfter: 1, volume: 4 });
    expect([first.feeUsd, first.slippageUsd, first.cashSpent]).to.deep.equal([4, 6, -7980n * USDC]);
    const both = await ledger.upTo(9n);
    expect(both).to.deep.include({ rebalances: 2, driftBefore: 4, driftAfter: 1, volume: 6 });
    expect([both.feeUsd, both.slippageUsd, both.cashSpent]).to.deep.equal([6, 5, -3976n * USDC]);
    expect(await ledger.upTo(9n)).to.deep.equal(both);
    expect(asked).to.deep.equal([
      ["eth_getLogs", "0x5", "0x8"],
      ["eth_getLogs", "0x9", "0x9"],
    ]);
  });

  it("take the hedge's worth from the vault that never hedged, and give its cost back", () => {
    const venues = [{ equity: 300n * USDC }, { equity: 40n * USDC }];
    const snapshot = { timestamp: 7n, nav: 1000n * USDC, venues } as unknown as Snapshot;
    expect(equityPoint(snapshot, 350n * USDC)).to.deep.equal({ timestamp: 7, hedged: 1000, unhedged: 1010 });
  });

  it("measure the deviation of changes, not of levels", () => {
    expect(changeDeviation([5, 15, 25, 35])).to.equal(0);
    expectNear(changeDeviation([0, 1, 4, 5]), Math.sqrt(4 / 3), 1e-12);
    expect(changeDeviation([1, 9])).to.equal(0);
  });
});
