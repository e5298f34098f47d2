import { expect } from "chai";
import { Writable } from "node:stream";

import { ProgressBar } from "../../../keeper/cli/progressBar.ts";

function stream(isTTY: boolean) {
  const written: string[] = [];
  const writable = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  return { written, stream: Object.assign(writable, { isTTY }) };
}

describe("a progress bar", () => {
  it("redraws itself on a terminal, and is gone in the end", () => {
    const { written, stream: terminal } = stream(true);
    const bar = new ProgressBar(terminal, "backtest", 4);
    bar.advance(1);
    bar.advance(3);
    bar.stop();
    const erase = "\r\u001b[2K";
    expect(written[0]).to.equal(`${erase}backtest ${"░".repeat(30)} 0 of 4`);
    expect(written[1]).to.match(/█{8}░{22} 1 of 4, \d+ s left$/);
    expect(written[2]).to.match(/█{30} 4 of 4, 0 s left$/);
    expect(written[3]).to.equal(erase);
  });

  it("says nothing of what is done soon where there is no terminal", () => {
    const { written, stream: pipe } = stream(false);
    const bar = new ProgressBar(pipe, "backtest", 2);
    bar.advance(2);
    bar.stop();
    expect(written).to.deep.equal([]);
  });
});
