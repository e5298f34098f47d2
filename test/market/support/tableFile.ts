import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const directory = mkdtempSync(join(tmpdir(), "keel-tables-"));
process.once("exit", () => {
  rmSync(directory, { recursive: true, force: true });
});
let files = 0;

/** Writes a CSV of the given lines, gzipped if asked, and gives its path. */
export function writeTable(lines: readonly string[], options: { readonly gzip?: boolean } = {}): string {
  const file = join(directory, `table${String(++files)}.csv${options.gzip === true ? ".gz" : ""}`);
  const text = `${lines.join("\n")}\n`;
  writeFileSync(file, options.gzip === true ? gzipSync(text) : text);
  return file;
}
