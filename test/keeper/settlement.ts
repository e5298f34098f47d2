import { expect } from "chai";
import {
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  getAddress,
  serializeTransaction,
  type PublicClient,
  type TransactionReceipt,
} from "viem";

import { vaultAbi } from "../../keeper/chain/abi.ts";
import { outcomeOf, whyReverted } from "../../keeper/execution/settlement.ts";
import type { Attempt } from "../../keeper/execution/slot.ts";

const VAULT = "0x00000000000000000000000000000000000000aa";
const STRANGER = "0x00000000000000000000000000000000000000bb";
const BLOCK_HASH = `0x${"cd".repeat(32)}` as const;
const GAS = 640_000n;

function legExecuted(address: string, filled: bigint) {
  return {
    address,
    topics: encodeEventTopics({
      abi: vaultAbi,
      eventName: "LegExecuted",
      args: { rebalanceNonce: 7n, venue: 1 },
    }),
    data: encodeAbiParameters(
      [{ type: "int256" }, { type: "int256" }, { type: "int256" }],
      [filled, filled, 5n],
    ),
  };
}

describe("the end of a rebalance", () => {
  it("is told by the vault's own events, not by another contract's of the same form", () => {
    const receipt = {
      ...{ status: "success", gasUsed: 5n, effectiveGasPrice: 6n, blockNumber: 7n, blockHash: BLOCK_HASH },
      logs: [legExecuted(STRANGER, 1n), legExecuted(getAddress(VAULT), 2n)],
    } as unknown as TransactionReceipt;
    const { events, ...outcome } = outcomeOf(receipt, VAULT);
    expect(outcome).to.deep.equal({
      ...{ status: "confirmed", gasUsed: 5n, effectiveGasPrice: 6n, blockNumber: 7n, blockHash: BLOCK_HASH },
    });
    expect(events).to.deep.equal([
      {
        name: "LegExecuted",
        args: { rebalanceNonce: 7n, venue: 1, requested: 2n, filled: 2n, cashDelta: 5n },
      },
    ]);
  });

  describe("that reverted", () => {
    const raw = serializeTransaction({ chainId: 1, to: VAULT, data: "0x1234", gas: GAS, type: "eip1559" });
    const attempt = { raw, account: STRANGER, vault: VAULT } as Partial<Attempt> as Attempt;
    const why = async (gasUsed: bigint, request: (call: unknown) => Promise<unknown>) =>
      whyReverted({ request } as unknown as PublicClient, attempt, {
        gasUsed,
        blockHash: BLOCK_HASH,
      } as TransactionReceipt);

    it("is explained by the same call on the state its block left behind", async () => {
      const asked: unknown[] = [];
      const reason = await why(300_000n, (call) => {
        asked.push(call);
        const data = encodeErrorResult({ abi: vaultAbi, errorName: "NothingDue" });
        return Promise.reject(Object.assign(new Error("execution reverted"), { data }));
      });
      expect(reason).to.equal("NothingDue()");
      expect(asked).to.deep.equal([
        {
          method: "eth_call",
          params: [{ from: STRANGER, to: VAULT, data: "0x1234" }, { blockHash: BLOCK_HASH }],
        },
      ]);
    });

    it("is explained by its gas where that ran out, though the call would pass with more", async () => {
      const passes = () => Promise.resolve("0x");
      expect(await why(GAS - GAS / 64n, passes)).to.equal("ran out of gas at 640000");
      expect(await why(GAS - GAS / 64n - 1n, passes)).to.equal(null);
    });

    it("stays unexplained while the node cannot answer", async () => {
      expect(await why(1n, () => Promise.reject(new Error("header not found")))).to.equal(null);
    });
  });
});
