import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that is each test's own. */
export interface Scratch {
  /** That of the test that runs. */
  readonly directory: string;
  /** Path of a name in it. */
  at(name: string): string;
  /** Writes a file, text as it is and anything else as JSON. @returns its path. */
  write(name: string, content: unknown): string;
}

/** Gives every test of the suite that calls this an empty directory, and deletes it afterwards. */
export function scratch(): Scratch {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "keel-test-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  const at = (name: string): string => join(directory, name);
  return {
    get directory() {
      return directory;
    },
    at,
    write(name, content) {
      const path = at(name);
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
      return path;
    },
  };
}
