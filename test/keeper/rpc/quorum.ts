import { expect } from "chai";

import {
  estimate,
  majorityTransaction,
  reachedNumber,
  refusalOf,
  replyOf,
  type Reply,
} from "../../../keeper/rpc/quorum.ts";
import { RpcError } from "../../../keeper/rpc/errors.ts";

const says = (method: string, results: readonly unknown[]): Reply<number>[] =>
  results.map((result, from) => replyOf(from, { method, params: [] }, result));

describe("what several endpoints say", () => {
  const transaction = (hash: string, blockHash: string | null) => ({ hash, blockHash });

  it("of a transaction is nothing where they name different ones", () => {
    const replies = (hash: string) =>
      says("eth_getTransactionByHash", [transaction("0x01", null), transaction(hash, "0x0b"), null]);
    expect(majorityTransaction(replies("0x02"), "complete")).to.equal(null);
    expect(majorityTransaction(replies("0x01"), "complete")?.winner.from).to.equal(0);
  });

  describe("of the gas a call takes", () => {
    const winner = (replies: readonly Reply<number>[]) => estimate(replies, "complete")?.winner.result;
    const refusal = refusalOf(9, new RpcError(3, "execution reverted", "0x99"))!;

    it("is the higher where they are far apart: what is too little is mined without effect", () => {
      expect(winner(says("eth_estimateGas", ["0x64", "0x3e8"]))).to.equal("0x3e8");
      expect(winner(says("eth_estimateGas", ["0x64", "0x2710", "0x3e8"]))).to.equal("0x3e8");
    });

    it("is not the word of one alone, but an estimate where another refuses", () => {
      const alone = says("eth_estimateGas", ["0x64"]);
      expect(winner(alone)).to.equal(undefined);
      expect(winner([...alone, refusal])).to.equal("0x64");
      expect(winner([refusal])).to.equal(undefined);
    });
  });

  it("of the newest number is what two have reached, and nothing of one alone", () => {
    const winner = (results: readonly string[]) =>
      reachedNumber(says("eth_blockNumber", results), "complete")?.winner.result;
    expect(winner(["0x9", "0x7", "0x8"])).to.equal("0x8");
    expect(winner(["0x9"])).to.equal(undefined);
  });
});
