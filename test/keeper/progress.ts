import { expect } from "chai";
import { Writable } from "node:stream";

import { Progress } from "../../keeper/cli/progress.ts";

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

const ERASE = "\r\u001b[2K";

describe("progress", () => {
  it("is a bar that redraws itself on a terminal, and is gone in the end", () => {
    const { written, stream: terminal } = stream(true);
    const progress = new Progress(terminal, "backtest");
    progress.show(0, "0 of 4");
    progress.show(1 / 4, "1 of 4");
    progress.show(1, "4 of 4");
    progress.stop();
    progress.stop();
    expect(written[0]).to.equal(`${ERASE}backtest ${"░".repeat(30)} 0 of 4`);
    expect(written[1]).to.match(/█{8}░{22} 1 of 4, \d+ s left$/);
    expect(written[2]).to.match(/█{30} 4 of 4, 0 s left$/);
    expect(written.slice(3)).to.deep.equal([ERASE]);
  });

  it("makes room for a line that stays", () => {
    const { written, stream: terminal } = stream(true);
    const progress = new Progress(terminal, "fetch");
    progress.show(0.5, "half");
    progress.say("asks again");
    progress.show(0.6, "more");
    expect(written.slice(1, 3)).to.deep.equal([ERASE, "fetch: asks again\n"]);
    expect(written[3]).to.include("more");
  });

  it("says nothing of what is done soon where there is no terminal, but for what is said", () => {
    const { written, stream: pipe } = stream(false);
    const progress = new Progress(pipe, "backtest");
    progress.show(1, "2 of 2");
    progress.say("so it is");
    progress.stop();
    expect(written).to.deep.equal(["backtest: so it is\n"]);
  });
});
