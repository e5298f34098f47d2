import { expect } from "chai";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { lockDirectory, StoreLockedError } from "../../../keeper/store/directoryLock.ts";
import type { Hammered } from "../utils/lockWorker.ts";
import { scratch } from "../utils/scratch.ts";

const WORKER = fileURLToPath(new URL("../utils/lockWorker.ts", import.meta.url));
/** Above every number that Linux gives a process. */
const NO_PROCESS = 2 ** 22 + 1;

describe("directory lock", function () {
  this.timeout(20_000);
  const files = scratch();
  const children: ChildProcessByStdio<null, Readable, null>[] = [];
  const writeLock = (content: unknown) => files.write("keeper.lock", content);
  const take = () => lockDirectory(files.directory);

  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
  });

  function work(...args: string[]): ChildProcessByStdio<null, Readable, null> {
    const flags = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
    const child = spawn(process.execPath, [...flags, WORKER, files.directory, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    return child;
  }
  /** A process that has the directory. */
  async function holder(): Promise<ChildProcessByStdio<null, Readable, null>> {
    const child = work();
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    expect(said.toString()).to.equal("held\n");
    return child;
  }
  async function kill(child: ChildProcessByStdio<null, Readable, null>): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  it("admits one holder at a time", () => {
    const unlock = take();
    expect(take).to.throw(StoreLockedError, "this process");
    unlock();
    unlock();
    const again = take();
    // What gave back the first lock does not give back the second.
    unlock();
    expect(take).to.throw(StoreLockedError, "this process");
    again();
  });

  it("admits no second holder under another name of the directory", () => {
    const alias = `${files.directory}-alias`;
    symlinkSync(files.directory, alias);
    try {
      const unlock = take();
      const who = `${alias} is in use by process ${String(process.pid)} on`;
      expect(() => lockDirectory(alias)).to.throw(StoreLockedError, who);
      unlock();
      lockDirectory(alias)();
    } finally {
      rmSync(alias);
    }
  });

  it("leaves nothing but the empty file that is locked", () => {
    take()();
    expect(readdirSync(files.directory)).to.deep.equal(["keeper.guard"]);
    expect(readFileSync(files.at("keeper.guard"), "utf8")).to.equal("");
  });

  it("refuses while another process lives, and takes over when that is killed", async () => {
    const child = await holder();
    const who = `is in use by process ${String(child.pid)} on ${hostname()}.`;
    expect(take).to.throw(StoreLockedError, who);
    await kill(child);
    expect(JSON.parse(readFileSync(files.at("keeper.lock"), "utf8"))).to.include({ pid: child.pid });
    take()();
  });

  for (const [what, note] of [
    ["has our process number", { host: hostname(), pid: process.pid, since: "2026" }],
    ["has the number of a process that we do not see", { host: hostname(), pid: NO_PROCESS, since: "2026" }],
    ["has a host name of its own", { host: "another-container", pid: 1, since: "2026" }],
    ["has written half of its name", '{"host":'],
    ["has lost its name", null],
  ] as const) {
    it(`refuses while another process lives that ${what}`, async () => {
      await holder();
      if (note === null) rmSync(files.at("keeper.lock"));
      else writeLock(note);
      expect(take).to.throw(StoreLockedError, "is in use by");
      expect(take).to.not.throw(StoreLockedError, "delete");
    });
  }

  it("refuses what it cannot check, on another host, until that is deleted", () => {
    const path = writeLock({ host: "elsewhere", pid: 1, since: "2026" });
    for (let round = 0; round < 2; round += 1)
      expect(take).to.throw(
        StoreLockedError,
        `is locked by process 1 on elsewhere; if that is gone, delete ${path}.`,
      );
    rmSync(path);
    take()();
  });

  it("leaves another's name where it is", () => {
    const unlock = take();
    const note = { host: "elsewhere", pid: 1, since: "2026" };
    const path = writeLock(note);
    unlock();
    expect(JSON.parse(readFileSync(path, "utf8"))).to.deep.equal(note);
  });

  for (const [what, note] of [
    ["a process that is gone", JSON.stringify({ host: hostname(), pid: NO_PROCESS, since: "2026" })],
    [
      "an earlier life of this process number",
      JSON.stringify({ host: hostname(), pid: process.pid, since: "2026" }),
    ],
    [
      "a process whose number another has",
      JSON.stringify({ host: hostname(), pid: process.ppid, since: "2026" }),
    ],
    ["a write that was cut off", '{"host":'],
  ] as const) {
    it(`takes over the lock of ${what}`, () => {
      writeLock(note);
      take()();
    });
  }

  describe("of an older build, which locked nothing", () => {
    const sleeper = () => {
      const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 60_000)"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      return child;
    };
    /** The 22nd field; the name before it has no space here. */
    const startOf = (pid: number) => readFileSync(`/proc/${String(pid)}/stat`, "utf8").split(" ")[21]!;
    before(function () {
      if (process.platform !== "linux") this.skip();
    });

    it("is refused while that keeper lives, its note left as it is, and taken over when it is gone", async () => {
      const child = sleeper();
      const pid = child.pid!;
      const note = { host: hostname(), pid, started: startOf(pid) };
      const path = writeLock(note);
      for (let round = 0; round < 2; round += 1)
        expect(take).to.throw(
          StoreLockedError,
          `${files.directory} is in use by process ${String(pid)}, a keeper of an older build: stop it first; ` +
            `if process ${String(pid)} is no keeper, delete ${path}.`,
        );
      expect(JSON.parse(readFileSync(path, "utf8"))).to.deep.equal(note);
      await kill(child);
      take()();
    });

    it("is taken over where its number is another process's by now, or our own", () => {
      writeLock({ host: hostname(), pid: sleeper().pid, started: "1" });
      take()();
      writeLock({ host: hostname(), pid: process.pid, started: startOf(process.pid) });
      take()();
    });
  });

  it("says that a directory cannot be locked", () => {
    mkdirSync(files.at("keeper.guard"));
    expect(take).to.throw(StoreLockedError, "cannot be locked: unable to open database file");
  });

  it("never admits two of several processes that take it, give it back and die", async () => {
    const end = String(Date.now() + 4_000);
    const workers = [1, 2, 3].map(() => work(end));
    const seen = await Promise.all(
      workers.map(async (child) => JSON.parse(await text(child.stdout)) as Hammered),
    );
    const total = (field: keyof Hammered) => seen.reduce((sum, one) => sum + one[field], 0);
    expect(total("violations"), JSON.stringify(seen)).to.equal(0);
    expect(total("taken"), JSON.stringify(seen)).to.be.greaterThan(20);
    expect(total("refused"), JSON.stringify(seen)).to.be.greaterThan(0);
  });
});
