import { expect } from "chai";
import fc from "fast-check";
import { createPublicClient, custom, keccak256, type PublicClient } from "viem";

import { broadcast } from "../../keeper/execution/broadcast.ts";
import { classify, type ErrorKind } from "../../keeper/execution/classify.ts";

/**
 * What each says, with its code: the words are of the nodes' sources and of servers' answers on record, the numbers after
 * them examples. What running nodes say is checked in refusals.ts.
 */
const SAID: readonly (readonly [node: string, code: number, message: string, kind: ErrorKind])[] = [
  ["geth", -32000, "already known", "known"],
  ["geth 1.9", -32000, "known transaction: 1a2b3c", "known"],
  ["geth", -32000, "nonce too low: next nonce 5, tx nonce 4", "nonce"],
  [
    "geth",
    -32000,
    "insufficient funds for gas * price + value: balance 0, tx cost 630000000000000, overshot 630000000000000",
    "funds",
  ],
  [
    "geth",
    -32000,
    "insufficient funds for gas * price + value: balance 9, queued cost 8, tx cost 2, overshot 1",
    "funds",
  ],
  ["geth", -32000, "replacement transaction underpriced", "underpriced"],
  ["geth", -32000, "transaction underpriced: gas tip cap 0, minimum needed 1", "underpriced"],
  ["geth", -32000, "transaction gas price below minimum: gas tip cap 0, minimum needed 1", "underpriced"],
  ["geth", -32000, "invalid sender: invalid chain id for signer: have 5 want 1", "permanent"],
  ["geth", -32000, "invalid chain id for signer: have 5 want 1", "permanent"],
  ["geth", -32000, "intrinsic gas too low: gas 20000, minimum needed 21000", "permanent"],
  ["geth", -32000, "insufficient gas for floor data gas cost: gas 21000, minimum needed 21640", "permanent"],
  ["geth", -32000, "exceeds block gas limit", "permanent"],
  ["geth", -32000, "transaction gas limit too high (cap: 16777216, tx: 20000000)", "permanent"],
  ["geth", -32000, "max priority fee per gas higher than max fee per gas", "permanent"],
  ["geth", -32000, "transaction type not supported", "permanent"],
  ["geth", -32000, "nonce has max value", "permanent"],
  ["geth", -32000, "rlp: value size exceeds available input length", "permanent"],
  ["geth", -32000, "typed transaction too short", "permanent"],
  ["geth", -32000, "txpool is full", "unknown"],
  ["geth", -32000, "nonce too high: tx nonce 9, gapped nonce 5", "unknown"],
  ["geth", -32000, "account limit exceeded: pooled 64 txs", "unknown"],
  ["geth", -32000, "future transaction tries to replace pending", "unknown"],
  ["geth", -32000, "address already reserved", "unknown"],
  ["geth", -32000, "in-flight transaction limit reached for delegated accounts", "unknown"],
  ["geth", -32000, "oversized data: transaction size 200000, limit 131072", "unknown"],
  ["geth", -32000, "tx fee (45.00 ether) exceeds the configured cap (1.00 ether)", "unknown"],

  ["erigon", -32000, "ALREADY_EXISTS: already known", "known"],
  ["erigon", -32000, "ALREADY_EXISTS: existing txn with same hash", "known"],
  ["erigon", -32000, "INTERNAL_ERROR: nonce too low", "nonce"],
  ["erigon", -32000, "INTERNAL_ERROR: mined", "nonce"],
  ["erigon", -32000, "INTERNAL_ERROR: insufficient funds", "funds"],
  ["erigon", -32000, "FEE_TOO_LOW: underpriced", "underpriced"],
  ["erigon", -32000, "FEE_TOO_LOW: fee too low", "underpriced"],
  ["erigon", -32000, "INTERNAL_ERROR: replacement transaction underpriced", "underpriced"],
  ["erigon", -32000, "ALREADY_EXISTS: could not replace existing tx", "underpriced"],
  ["erigon", -32000, "INVALID: invalid sender", "permanent"],
  ["erigon", -32000, "INTERNAL_ERROR: IntrinsicGas", "permanent"],
  ["erigon", -32000, "INTERNAL_ERROR: gas limit is too high", "permanent"],
  ["erigon", -32000, "invalid chain id, expected: 1 got: 5", "permanent"],
  ["erigon", -32000, "INTERNAL_ERROR: pending sub-pool is full", "unknown"],
  ["erigon", -32000, "INTERNAL_ERROR: replaced by transaction with higher tip", "unknown"],
  ["erigon", -32000, "INTERNAL_ERROR: spammer", "unknown"],

  ["nethermind", -32010, "already known", "known"],
  ["nethermind 1.25", -32010, "AlreadyKnown", "known"],
  ["nethermind", -32010, "nonce too low, Current nonce: 5, nonce of rejected tx: 4", "nonce"],
  ["nethermind 1.25", -32010, "OldNonce, Current nonce: 5, nonce of rejected tx: 4", "nonce"],
  ["nethermind", -32010, "insufficient funds for gas * price + value, Account balance: 0", "funds"],
  ["nethermind 1.25", -32010, "InsufficientFunds, Account balance: 0, cumulative cost: 9", "funds"],
  ["nethermind", -32010, "replacement transaction underpriced", "underpriced"],
  ["nethermind 1.25", -32010, "ReplacementNotAllowed", "underpriced"],
  ["nethermind 1.25", -32010, "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7", "underpriced"],
  ["nethermind", -32010, "failed to recover sender", "permanent"],
  ["nethermind", -32010, "unsupported transaction type", "permanent"],
  ["nethermind 1.25", -32010, "GasLimitExceeded, Gas limit: 1, gas limit of rejected tx: 2", "permanent"],
  // geth's words for a block that is full.
  ["nethermind", -32010, "gas limit reached", "unknown"],
  ["nethermind", -32010, "nonce too far in future", "unknown"],
  ["nethermind", -32010, "transaction too large", "unknown"],

  ["besu", -32000, "Known transaction", "known"],
  ["besu", -32001, "Nonce too low", "nonce"],
  ["besu", -32004, "Upfront cost exceeds account balance", "funds"],
  ["besu", -32000, "Replacement transaction underpriced", "underpriced"],
  ["besu", -32009, "Gas price below current base fee", "underpriced"],
  ["besu", -32009, "Gas price below configured minimum gas price", "underpriced"],
  ["besu", -32002, "Invalid signature", "permanent"],
  ["besu", -32003, "Intrinsic gas exceeds gas limit", "permanent"],
  ["besu", -32005, "Transaction gas limit exceeds block gas limit", "permanent"],
  ["besu", -32005, "Transaction gas limit cap exceeded", "permanent"],
  ["besu", -32000, "Wrong chainId", "permanent"],
  ["besu", -32000, "Max priority fee per gas exceeds max fee per gas", "permanent"],
  ["besu", -32006, "Nonce too high", "unknown"],
  ["besu", -32007, "Sender account not authorized to send transactions", "unknown"],
  ["besu", -32008, "Initial sync is still in progress", "unknown"],
  ["besu", -32000, "Transaction fee cap exceeded", "unknown"],
  ["besu", -32000, "An invalid transaction with a lower nonce exists", "unknown"],

  ["reth", -32000, "already known", "known"],
  ["reth", -32603, `[0x${"ab".repeat(32)}]: already imported`, "known"],
  ["reth", -32000, "nonce too low: next nonce 5, tx nonce 4", "nonce"],
  ["reth", -32003, "insufficient funds for gas * price + value: have 0 want 630000000000000", "funds"],
  ["reth", -32003, "transaction underpriced", "underpriced"],
  ["reth", -32003, "replacement transaction underpriced", "underpriced"],
  ["reth", -32603, "transaction feeCap 3 below chain minimum", "underpriced"],
  ["reth", -32003, "transaction priority fee below minimum required priority fee 1000000", "underpriced"],
  ["reth", -32003, "exceeds block gas limit", "permanent"],
  ["reth", -32603, "transaction's gas limit 70000000 exceeds block's gas limit 60000000", "permanent"],
  ["reth", -32000, "invalid chain ID", "permanent"],
  ["reth", -32602, "invalid transaction signature", "permanent"],
  ["reth", -32602, "failed to decode signed transaction", "permanent"],
  ["reth", -32003, "txpool is full", "unknown"],
  ["reth", -32603, "transaction discarded outright due to pool size constraints", "unknown"],

  ["op-geth", -32000, "nonce too low: next nonce 5, tx nonce 4", "nonce"],
  ["op-geth", -32000, "transaction underpriced: tip needed 1000000, tip permitted 0", "underpriced"],
  ["op-geth", -32000, "exceeds block gas limit", "permanent"],
  ["arbitrum", -32000, "nonce too low: address 0xf39F, tx: 4 state: 5", "nonce"],
  [
    "arbitrum",
    -32000,
    "max fee per gas less than block base fee: address 0xf39F, maxFeePerGas: 1, baseFee: 10000000",
    "underpriced",
  ],
  [
    "arbitrum",
    -32000,
    "insufficient funds for gas * price + value: address 0xf39F have 0 want 63000000000",
    "funds",
  ],
  ["arbitrum", -32000, "intrinsic gas too low: have 20000, want 21000", "permanent"],
  ["arbitrum", -32000, "nonce too high: address 0xf39F, tx: 9 state: 5", "unknown"],
  ["arbitrum", -32000, "sequencer temporarily not available", "unknown"],
  ["arbitrum", -32000, "context deadline exceeded", "unknown"],

  ["zkSync", 3, "known transaction. transaction with hash 0x6013 is already in the system", "known"],
  ["zkSync", 3, "nonce too low. allowed nonce range: 427 - 447, actual: 426", "nonce"],
  ["zkSync", 3, "insufficient funds for gas + value. balance: 4, fee: 5, value: 4", "funds"],
  ["OpenEthereum", -32010, "Transaction with the same hash was already imported.", "known"],
  ["OpenEthereum", -32010, "Transaction nonce is too low. Try incrementing the nonce.", "nonce"],
  [
    "Mantle",
    -32000,
    "failed to forward tx to sequencer, please try again. Error message: 'nonce too low'",
    "unknown",
  ],

  ["anvil", -32003, "transaction already imported", "known"],
  ["anvil 0.2", -32003, `Tx: [0x${"ab".repeat(32)}] already Imported`, "known"],
  ["anvil", -32003, "nonce too low", "nonce"],
  ["anvil", -32003, "Insufficient funds for gas * price + value", "funds"],
  [
    "anvil 0.2",
    -32003,
    `Tx: [0x${"ab".repeat(32)}] insufficient gas price to replace existing transaction`,
    "underpriced",
  ],
  ["anvil", -32003, "max fee per gas less than block base fee", "underpriced"],
  ["anvil", -32000, "intrinsic gas too high -- tx.gas_limit > env.block.gas_limit", "permanent"],
  ["anvil", -32602, "Failed to recover the signer", "permanent"],
  ["anvil", -32003, "invalid chain id for signer", "permanent"],

  ["Hardhat", -32000, `Known transaction: 0x${"ab".repeat(32)}`, "known"],
  ["Hardhat", -32000, "Nonce too low. Expected nonce to be 5 but got 4.", "nonce"],
  ["Hardhat", -32000, "Transaction nonce too low. Expected nonce to be at least 5 but got 4.", "nonce"],
  [
    "Hardhat",
    -32000,
    "Sender doesn't have enough funds to send tx. The max upfront cost is: 3 and the sender's balance is: 0.",
    "funds",
  ],
  [
    "Hardhat",
    -32000,
    "Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 11 is necessary to replace the existing transaction with nonce 1.",
    "underpriced",
  ],
  [
    "Hardhat",
    -32000,
    "Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 875000000",
    "underpriced",
  ],
  ["Hardhat", -32000, "Transaction gas limit is 7 and exceeds block gas limit of 6", "permanent"],
  ["Hardhat", -32000, "Transaction gas limit is 7 and exceeds transaction gas cap of 6", "permanent"],
  ["Hardhat", -32000, "Transaction requires at least 21000 gas but got 20000", "permanent"],
  [
    "Hardhat",
    -32602,
    "Trying to send a raw transaction with an invalid chainId. The expected chainId is 31337",
    "permanent",
  ],
  ["Hardhat", -32602, "Invalid Signature", "permanent"],

  [
    "Alchemy",
    429,
    "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely ignore this message.",
    "unknown",
  ],
  ["Alchemy", -32603, "Internal error", "unknown"],
  ["Alchemy", -32001, "Unable to complete request at this time.", "unknown"],
  ["Infura", -32005, "project ID request rate exceeded", "unknown"],
  ["Infura", -32005, "daily request count exceeded, request rate limited", "unknown"],
  ["Infura", -32603, "service temporarily unavailable", "unknown"],
  [
    "QuickNode",
    -32007,
    "50/second request limit reached - reduce calls per second or upgrade your account at quicknode.com",
    "unknown",
  ],
  ["any server", -32601, "Method not found", "unknown"],
  ["any server", -32003, "Transaction rejected", "unknown"],
  ["any server", -32000, "", "unknown"],
];

/** A viem client whose only server answers every request with this error. */
function refusing(error: unknown): PublicClient {
  return createPublicClient({ transport: custom({ request: () => Promise.reject(error) }) });
}

describe("what nodes say to a transaction", () => {
  for (const [node, code, message, kind] of SAID) {
    it(`${node}: ${String(code)} "${message.slice(0, 60)}" is ${kind}`, async () => {
      const error = Object.assign(new Error(message), { code });
      expect(classify(error).kind).to.equal(kind);
      expect(classify({ code, message }).kind, "as it is in JSON").to.equal(kind);
      const reply = await broadcast(refusing(error), "0x02");
      expect(reply.kind, "through the client").to.equal(kind);
      if (message !== "") expect(reply.text).to.include(message);
    });
  }

  it("is nothing certain when something else stands around the words", () => {
    const spoken = SAID.filter(([, , , kind]) => kind !== "unknown");
    const noise = fc.stringMatching(/^[a-z<{"0-9][a-z ]{0,20}$/).filter((text) => text.trim() !== "");
    const more = fc.stringMatching(/^[ a-z][a-z ]{0,20}$/).filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(fc.constantFrom(...spoken), noise, more, ([, , message], before, after) => {
        expect(classify(new Error(`${before} ${message}`)).kind).to.equal("unknown");
        expect(classify(new Error(message.split(/[:,.(]| --/)[0]!.trim() + after)).kind).to.equal("unknown");
        expect(classify(new Error(JSON.stringify({ error: { message } }))).kind).to.equal("unknown");
      }),
      { numRuns: 2000 },
    );
  });

  it("is unknown for whatever else is thrown, and is never thrown on", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    const odd = [
      undefined,
      null,
      7,
      Symbol("x"),
      {},
      [],
      Object.create(null),
      loop,
      new Error(),
      { message: 5 },
    ];
    for (const error of odd) expect(classify(error).kind).to.equal("unknown");
    fc.assert(
      fc.property(fc.anything(), (error) => {
        expect(classify(error).kind).to.equal("unknown");
      }),
    );
  });

  it("is the innermost cause's word, not a library's", () => {
    const cause = Object.assign(new Error("nonce too low"), { code: -32000 });
    expect(classify(new Error("could not send", { cause })).kind).to.equal("nonce");
    const refused = new Error("nonce too low", { cause: new Error("connect ECONNREFUSED") });
    expect(classify(refused).kind).to.equal("unknown");
  });
});

describe("what several endpoints say to a transaction", () => {
  const said = { known: "already known", nonce: "nonce too low", funds: "insufficient funds" } as const;
  const words: Record<ErrorKind, string> = {
    ...said,
    underpriced: "transaction underpriced",
    permanent: "invalid sender",
    unknown: "socket hang up",
  };
  const together = (...kinds: ErrorKind[]) =>
    classify(
      Object.assign(new Error("no endpoint took it"), {
        replies: kinds.map((kind) => new Error(words[kind])),
      }),
    );

  it("is known if one has it, else unknown if one may have it", () => {
    expect(together("permanent", "unknown", "known").kind).to.equal("known");
    expect(together("permanent", "funds", "nonce", "unknown").kind).to.equal("unknown");
    expect(together().kind).to.equal("unknown");
  });

  it("is otherwise the nonce's word before the price's, the purse's and the form's", () => {
    expect(together("permanent", "funds", "underpriced", "nonce").kind).to.equal("nonce");
    expect(together("permanent", "funds", "underpriced").kind).to.equal("underpriced");
    expect(together("permanent", "funds").kind).to.equal("funds");
    expect(together("permanent", "permanent")).to.deep.equal({ kind: "permanent", text: "invalid sender" });
  });

  it("frees no nonce unless every one refuses for good", () => {
    const kind = fc.constantFrom(...(Object.keys(words) as ErrorKind[]));
    fc.assert(
      fc.property(fc.array(kind, { maxLength: 5 }), (kinds) => {
        const frees = ["permanent", "funds"].includes(together(...kinds).kind);
        expect(frees).to.equal(kinds.length > 0 && kinds.every((k) => k === "permanent" || k === "funds"));
      }),
    );
  });

  it("is read through the client, and names every answer", async () => {
    const replies = [
      { endpoint: "a", error: { code: -32000, message: "invalid sender" } },
      new Error("nonce too low"),
    ];
    const reply = await broadcast(refusing(Object.assign(new Error("none"), { replies })), "0x02");
    expect(reply).to.deep.equal({ kind: "nonce", text: "invalid sender; nonce too low" });
  });
});

describe("broadcast", () => {
  const answering = (answer: unknown) =>
    createPublicClient({ transport: custom({ request: () => Promise.resolve(answer) }) });

  it("takes only the transaction's hash for a yes", async () => {
    expect((await broadcast(answering(keccak256("0x02")), "0x02")).kind).to.equal("known");
    for (const answer of [null, true, "0x", keccak256("0x03"), {}]) {
      expect((await broadcast(answering(answer), "0x02")).kind).to.equal("unknown");
    }
  });
});
