import { existsSync } from "node:fs";
import { join } from "node:path";

const DATA = process.env["KEEL_RECORDED_DATA"] ?? join(import.meta.dirname, "../../../shared/data");

/** Path of a file of recorded market data, which is not part of the project; skips the test where it is not there. */
export function recordedData(test: Mocha.Context, name: string): string {
  const file = join(DATA, name);
  if (!existsSync(file)) {
    console.log(`      skipped: no ${file}`);
    test.skip();
  }
  return file;
}
