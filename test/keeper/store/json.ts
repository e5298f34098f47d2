import { expect } from "chai";

import { parseJson, toJson } from "../../../keeper/store/json.ts";

describe("JSON of the journal", () => {
  it("keeps bigints and the floats JSON lacks", () => {
    const value = { a: [2n ** 255n, -1n], b: { c: Infinity, d: -Infinity, e: -0, f: 0.1 }, g: null, h: "1" };
    expect(parseJson(toJson(value))).to.deep.equal(value);
    expect(parseJson(toJson(NaN))).to.be.NaN;
  });
});
