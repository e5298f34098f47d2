import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { callControl, serveControl } from "../../../keeper/server/control.ts";

describe("the control socket", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "keel-control-"));
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("refuses in words what a keeper of another build does not know", async () => {
    const close = await serveControl(directory, {});
    try {
      const error = await callControl(directory, "record", {}).catch((reason: unknown) => reason);
      expect(String(error)).to.equal(
        "Error: The keeper that runs does not know record: it is of another build.",
      );
    } finally {
      await close();
    }
  });
});
