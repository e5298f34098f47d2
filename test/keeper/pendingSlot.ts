import { expect } from "chai";

import { PendingSlot } from "../../keeper/execution/pendingSlot.ts";
import type { Unsettled } from "../../keeper/store/journal.ts";

const ADDRESS = "0x00000000000000000000000000000000000000aa";

function attempt(id: bigint, changes: Partial<Unsettled> = {}): Unsettled {
  return {
    ...{ id, status: "signed", vault: ADDRESS, chainId: 31337, account: ADDRESS, decisionId: id },
    ...{ rebalanceNonce: 7n, txNonce: 3n, deadline: 1000n, raw: "0x02", hash: `0x${"ab".repeat(32)}` },
    ...{ maxFeePerGas: 100n, maxPriorityFeePerGas: 2n },
    ...changes,
  };
}

function slotOf(...attempts: readonly Unsettled[]): PendingSlot {
  const slot = new PendingSlot();
  for (const each of attempts) slot.add(each);
  return slot;
}

describe("the keeper's pending slot", () => {
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
    slot.markSent(2n);
    slot.remove(3n);
    expect(slot.attempts.map(({ id, status }) => [id, status])).to.deep.equal([
      [1n, "signed"],
      [2n, "sent"],
    ]);
    expect([slot.newest?.id, slot.txNonce]).to.deep.equal([2n, 3n]);
    slot.clear();
    expect([slot.newest, slot.txNonce, slot.isEmpty]).to.deep.equal([null, null, true]);
  });
});
