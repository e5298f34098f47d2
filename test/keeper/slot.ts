import { expect } from "chai";

import { Slot, type Attempt } from "../../keeper/execution/slot.ts";

const HASH = `0x${"ab".repeat(32)}` as const;
const ADDRESS = "0x00000000000000000000000000000000000000aa";

function attempt(id: bigint, changes: Partial<Attempt> = {}): Attempt {
  return {
    ...{ id, status: "signed", vault: ADDRESS, chainId: 31337, account: ADDRESS, decisionId: id },
    ...{ rebalanceNonce: 7n, txNonce: 3n, deadline: 1000n, raw: "0x02", hash: HASH, kind: "rebalance" },
    ...{ maxFeePerGas: 100n, maxPriorityFeePerGas: 2n, gasLimit: 9n, route: "public", sentAt: null },
    head: { number: 1n, hash: HASH },
    ...changes,
  };
}

function slotOf(...attempts: readonly Attempt[]): Slot {
  const slot = new Slot(3n, true);
  for (const each of attempts) slot.add(each);
  return slot;
}

describe("a slot of a lane", () => {
  it("is spent after a deadline, or once its rebalance nonce is taken, and not before", () => {
    const slot = slotOf(attempt(1n));
    expect(slot.isSpent(1000n, 7n)).to.equal(false);
    expect(slot.isSpent(1001n, 7n)).to.equal(true);
    expect(slot.isSpent(0n, 8n)).to.equal(true);
  });

  it("is not spent while any one of its transactions can take effect", () => {
    const slot = slotOf(attempt(1n), attempt(2n, { deadline: 2000n }));
    expect(slot.isSpent(1500n, 7n)).to.equal(false);
    expect(slot.isSpent(2001n, 7n)).to.equal(true);
  });

  it("offers the highest of each fee, since a replacement must exceed them all", () => {
    const slot = slotOf(
      attempt(1n, { maxFeePerGas: 300n, maxPriorityFeePerGas: 2n }),
      attempt(2n, { maxFeePerGas: 200n, maxPriorityFeePerGas: 5n }),
    );
    expect(slot.fees).to.deep.equal({ maxFeePerGas: 300n, maxPriorityFeePerGas: 5n });
    expect(slotOf().fees).to.equal(null);
  });

  it("counts the last signed, also after that was sent or another refused", () => {
    const slot = slotOf(attempt(1n), attempt(2n), attempt(3n));
    slot.markSent(2n, 5n);
    slot.remove(3n);
    expect(slot.attempts.map(({ id, status }) => [id, status])).to.deep.equal([
      [1n, "signed"],
      [2n, "sent"],
    ]);
    expect(slot.newest?.id).to.equal(2n);
  });

  it("is spent once it only holds what cancels, whoever it is for", () => {
    expect(slotOf(attempt(1n, { kind: "cancel", deadline: 2n ** 62n })).isSpent(0n, 7n)).to.equal(true);
    expect(slotOf(attempt(1n), attempt(2n, { kind: "cancel" })).isSpent(0n, 7n)).to.equal(false);
  });

  it("has its block back with a transaction decided on another", () => {
    const slot = slotOf(attempt(1n));
    slot.isOrphaned = true;
    slot.add(attempt(2n));
    expect(slot.isOrphaned).to.equal(false);
  });
});
