import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { lockDirectory, StoreLockedError } from "../../../keeper/store/directoryLock.ts";

describe("directory lock", () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "keel-lock-"));
    file = join(directory, "keeper.lock");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("admits one holder at a time", () => {
    const unlock = lockDirectory(directory);
    expect(() => lockDirectory(directory)).to.throw(StoreLockedError, "this process");
    unlock();
    unlock();
    lockDirectory(directory)();
  });

  it("refuses while another process lives", () => {
    const started = readFileSync(`/proc/${String(process.ppid)}/stat`, "utf8")
      .split(") ")[1]!
      .split(" ")[19];
    writeFileSync(file, JSON.stringify({ host: hostname(), pid: process.ppid, started }));
    expect(() => lockDirectory(directory)).to.throw(StoreLockedError, `process ${String(process.ppid)}`);
  });

  it("refuses what it cannot check, on another host", () => {
    writeFileSync(file, JSON.stringify({ host: "elsewhere", pid: 1, started: "1" }));
    expect(() => lockDirectory(directory)).to.throw(StoreLockedError, "elsewhere");
  });

  for (const [what, text] of [
    ["a process that is gone", JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, started: "1" })],
    [
      "an earlier life of this process number",
      JSON.stringify({ host: hostname(), pid: process.pid, started: "1" }),
    ],
    [
      "another process that now has the number",
      JSON.stringify({ host: hostname(), pid: process.ppid, started: "1" }),
    ],
    ["a write that was cut off", '{"host":'],
  ] as const) {
    it(`takes over the lock of ${what}`, () => {
      writeFileSync(file, text);
      lockDirectory(directory)();
    });
  }
});
