import { expect } from "chai";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

import { lockDirectory, StoreLockedError } from "../../../keeper/store/directoryLock.ts";
import { scratch } from "../utils/scratch.ts";

describe("directory lock", () => {
  const files = scratch();
  const writeLock = (content: unknown) => files.write("keeper.lock", content);

  it("admits one holder at a time", () => {
    const unlock = lockDirectory(files.directory);
    expect(() => lockDirectory(files.directory)).to.throw(StoreLockedError, "this process");
    unlock();
    unlock();
    lockDirectory(files.directory)();
  });

  it("refuses while another process lives", () => {
    const started = readFileSync(`/proc/${String(process.ppid)}/stat`, "utf8")
      .split(") ")[1]!
      .split(" ")[19];
    writeLock({ host: hostname(), pid: process.ppid, started });
    expect(() => lockDirectory(files.directory)).to.throw(
      StoreLockedError,
      `process ${String(process.ppid)}`,
    );
  });

  it("refuses what it cannot check, on another host", () => {
    writeLock({ host: "elsewhere", pid: 1, started: "1" });
    expect(() => lockDirectory(files.directory)).to.throw(StoreLockedError, "elsewhere");
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
      writeLock(text);
      lockDirectory(files.directory)();
    });
  }
});
