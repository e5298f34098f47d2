import { expect } from "chai";
import fc from "fast-check";
import { encodeErrorResult } from "viem";

import { vaultAbi } from "../../keeper/chain/abi.ts";
import { packLeg, unpackLeg } from "../../keeper/chain/legs.ts";
import { feesFor, feesToReplace } from "../../keeper/execution/fees.ts";
import { decodeRevert, revertReason } from "../../keeper/execution/revertReason.ts";

describe("packed legs", () => {
  const leg = fc.record({
    isPut: fc.boolean(),
    strike: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    cap: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    expiry: fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }),
    quantity: fc.bigInt({ min: -(2n ** 79n), max: 2n ** 79n - 1n }),
  });

  it("unpack to what was packed", () => {
    fc.assert(
      fc.property(leg, (value) => {
        expect(unpackLeg(packLeg(value))).to.deep.equal(value);
      }),
    );
  });

  it("have their fields where the contract has them", () => {
    const expiry = 1_722_643_200n;
    const series = (1n << 168n) | (300_000_000_000n << 104n) | (250_000_000_000n << 40n) | expiry;
    const packed = series | (BigInt.asUintN(80, -2n * 10n ** 18n) << 176n);
    const fields = {
      isPut: true,
      strike: 300_000_000_000n,
      cap: 250_000_000_000n,
      expiry,
      quantity: -2n * 10n ** 18n,
    };
    expect(unpackLeg(packed)).to.deep.equal(fields);
    expect(() => packLeg({ ...fields, quantity: 2n ** 79n })).to.throw(RangeError);
  });
});

describe("fees", () => {
  const policy = { priorityFeePerGas: 2n, maxBaseFeePerGas: null };
  const MUCH = 10n ** 30n;

  it("leave room for the base fee to double, up to the cap", () => {
    expect(feesFor(100n, policy, MUCH)).to.deep.equal({ maxFeePerGas: 202n, maxPriorityFeePerGas: 2n });
    expect(feesFor(100n, { ...policy, maxBaseFeePerGas: 150n }, MUCH).maxFeePerGas).to.equal(152n);
  });

  it("can still pay for the next block when sent above the cap", () => {
    expect(feesFor(100n, { ...policy, maxBaseFeePerGas: 50n }, MUCH).maxFeePerGas).to.equal(114n);
  });

  it("never offer more than the transaction is worth", () => {
    expect(feesFor(100n, policy, 120n)).to.deep.equal({ maxFeePerGas: 120n, maxPriorityFeePerGas: 2n });
    expect(feesFor(100n, policy, 1n)).to.deep.equal({ maxFeePerGas: 1n, maxPriorityFeePerGas: 1n });
    const previous = { maxFeePerGas: 80n, maxPriorityFeePerGas: 2n };
    const wanted = { maxFeePerGas: 50n, maxPriorityFeePerGas: 2n };
    expect(feesToReplace(previous, wanted, 90n)?.maxFeePerGas).to.equal(90n);
    expect(feesToReplace(previous, wanted, 89n)).to.equal(null);
  });

  it("of a replacement are both at least an eighth higher, and consistent", () => {
    const fee = fc.bigInt({ min: 0n, max: 10n ** 15n });
    fc.assert(
      fc.property(fee, fee, fee, fee, (oldTip, oldRoom, tip, room) => {
        const previous = { maxFeePerGas: oldTip + oldRoom, maxPriorityFeePerGas: oldTip };
        const wanted = { maxFeePerGas: tip + room, maxPriorityFeePerGas: tip };
        const fees = feesToReplace(previous, wanted, MUCH)!;
        expect(fees.maxFeePerGas * 8n >= previous.maxFeePerGas * 9n).to.equal(true);
        expect(fees.maxPriorityFeePerGas * 8n >= oldTip * 9n).to.equal(true);
        expect(fees.maxFeePerGas >= fees.maxPriorityFeePerGas).to.equal(true);
      }),
    );
  });
});

describe("revert reasons", () => {
  const data = encodeErrorResult({ abi: vaultAbi, errorName: "LossTooLarge", args: [-5n, 7n] });

  it("are named with their arguments, also those that are the compiler's", () => {
    expect(decodeRevert(data)).to.deep.equal({ name: "LossTooLarge", text: "LossTooLarge(-5, 7)" });
    const panic = encodeErrorResult({
      abi: [{ type: "error", name: "Panic", inputs: [{ type: "uint256", name: "code" }] }],
      args: [17n],
    });
    expect(decodeRevert(panic).text).to.equal("Panic(17)");
    expect(decodeRevert("0x12345678")).to.deep.equal({ name: "unknown", text: "unknown error 0x12345678" });
  });

  it("are found where nodes put them", () => {
    const inner = Object.assign(new Error("execution reverted"), { code: 3, data });
    const outer = Object.assign(new Error("call failed"), { cause: inner });
    const nested = Object.assign(new Error("reverted"), { data: { data, message: "x" } });
    // What a wrapper has at the same place is not the node's.
    const wrapped = Object.assign(new Error("call failed"), { cause: inner, data: "0x" });
    for (const error of [inner, outer, nested, wrapped])
      expect(revertReason(error)?.name).to.equal("LossTooLarge");
    expect(revertReason(new Error("execution reverted"))?.name).to.equal("unknown");
  });

  it("are not seen in a node's own failure", () => {
    for (const message of ["timeout", "429 Too Many Requests", "header not found"]) {
      expect(revertReason(new Error(message))).to.equal(null);
    }
  });
});
