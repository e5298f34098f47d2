import { expect } from "chai";
import fc from "fast-check";
import {
  checksumAddress,
  decodeFunctionResult,
  encodeFunctionResult,
  type AbiParameter,
  type Hex,
} from "viem";

import { lensAbi } from "../../../keeper/chain/abi.ts";
import { decodeSnapshot, type RawSnapshot } from "../../../keeper/chain/decodeSnapshot.ts";

const SNAPSHOT = lensAbi.find((item) => item.name === "snapshot")!.outputs[0];

/** Any value of a type, as viem takes it. */
function anyOf(parameter: AbiParameter): fc.Arbitrary<unknown> {
  const { type } = parameter;
  if (type.endsWith("[]"))
    return fc.array(anyOf({ ...parameter, type: type.slice(0, -2) } as AbiParameter), { maxLength: 5 });
  if (type === "tuple") {
    const { components } = parameter as unknown as { components: readonly AbiParameter[] };
    return fc.record(Object.fromEntries(components.map((each) => [each.name!, anyOf(each)])));
  }
  if (type === "bool") return fc.boolean();
  if (type === "address")
    return fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes) => checksumAddress(`0x${Buffer.from(bytes).toString("hex")}`));
  const bits = BigInt(type.replace(/\D+/, ""));
  const isSigned = type.startsWith("int");
  const values = fc.bigInt(
    isSigned ? { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n } : { min: 0n, max: 2n ** bits - 1n },
  );
  return bits > 48n ? values : values.map(Number);
}

describe("the decoder of snapshots", () => {
  const any = anyOf(SNAPSHOT) as fc.Arbitrary<RawSnapshot>;
  const encode = (result: RawSnapshot) =>
    encodeFunctionResult({ abi: lensAbi, functionName: "snapshot", result });
  const byViem = (data: Hex) => decodeFunctionResult({ abi: lensAbi, functionName: "snapshot", data });

  it("reads from any answer what viem reads, every field of the ABI", () => {
    fc.assert(
      fc.property(any, (snapshot) => {
        const data = encode(snapshot);
        expect(decodeSnapshot(data)).to.deep.equal(byViem(data));
        expect(decodeSnapshot(data)).to.deep.equal(snapshot);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses an answer that ends too soon, wherever it ends, and none at all", () => {
    fc.assert(
      fc.property(any, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (snapshot, part) => {
        const data = encode(snapshot);
        const cut = data.slice(0, Math.floor(part * data.length)) as Hex;
        expect(() => byViem(cut)).to.throw();
        expect(() => decodeSnapshot(cut)).to.throw(/Lens/);
      }),
    );
    expect(() => decodeSnapshot("0x")).to.throw(RangeError);
  });

  it("refuses what has no bool where one should be, and lists that are longer than the answer", () => {
    const data = encode(fc.sample(any, { numRuns: 1, seed: 1 })[0]!);
    const withWord = (index: number, value: bigint): Hex => {
      const from = 2 + 64 * (index + 1);
      return `${data.slice(0, from)}${value.toString(16).padStart(64, "0")}${data.slice(from + 64)}` as Hex;
    };
    expect(decodeSnapshot(withWord(5, 1n)).fresh).to.equal(true);
    expect(() => decodeSnapshot(withWord(5, 2n))).to.throw(TypeError);
    expect(() => decodeSnapshot(withWord(28, 2n ** 255n))).to.throw(TypeError);
    expect(() => decodeSnapshot(withWord(28, 0n))).to.throw(/Lens/);
  });
});
