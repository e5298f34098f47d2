import { expect } from "chai";

import { callControl, serveControl } from "../../../keeper/server/control.ts";
import { scratch } from "../utils/scratch.ts";

describe("the control socket", () => {
  const files = scratch();

  it("refuses in words what a keeper of another build does not know", async () => {
    const close = await serveControl(files.directory, {});
    try {
      const error = await callControl(files.directory, "record", {}).catch((reason: unknown) => reason);
      expect(String(error)).to.equal(
        "Error: The keeper that runs does not know record: it is of another build.",
      );
    } finally {
      await close();
    }
  });
});
