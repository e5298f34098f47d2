import { expect } from "chai";

import { measureGas } from "../../bench/gas/measure.ts";
import { gasRow } from "../../bench/gas/row.ts";
import { compareWithSnapshot, readSnapshot } from "../../bench/gas/snapshot.ts";
import { IS_INSTRUMENTED } from "../support/instrumented.ts";

describe("bench gas", () => {
  it("measures what bench/gas.snapshot.json says; npm run bench -- gas --update rewrites it", async function () {
    if (IS_INSTRUMENTED) this.skip();
    const { groups, accuracy } = await measureGas();
    const rows = groups.flatMap((group) => group.rows);
    expect(compareWithSnapshot(rows, readSnapshot())).to.deep.equal([]);
    expect(accuracy.filter(({ met }) => !met)).to.deep.equal([]);
  });

  it("tells a change by more than 2 %, and a target lost by less", () => {
    const snapshot = { a: 1_000, b: 990, c: 1_010, gone: 1 };
    const compare = (a: number, b: number, c: number) =>
      compareWithSnapshot([gasRow("a", a), gasRow("b", b, 1_000), gasRow("c", c, 1_000)], snapshot);
    const gone = "gone: no longer measured";
    expect(compare(1_020, 1_000, 1_029)).to.deep.equal([gone]);
    expect(compare(1_021, 1_001, 1_031)).to.deep.equal([
      "a: 1021, not 1000",
      "b: 1001, its target of 1000 was met",
      "c: 1031, not 1010",
      gone,
    ]);
    expect(compare(979, 990, 1_010)).to.deep.equal(["a: 979, not 1000", gone]);
    expect(compareWithSnapshot([gasRow("new", 1)], {})).to.deep.equal(["new: not in the snapshot"]);
  });
});
