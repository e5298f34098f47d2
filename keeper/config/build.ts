import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const KEEPER = join(import.meta.dirname, "..");
const LOCKFILE = join(KEEPER, "..", "package-lock.json");
/** Hex digits: enough to tell builds apart by eye. */
const LENGTH = 12;

/**
 * Names the code that runs: a digest of the keeper's sources and of the versions of all it depends on. The same checkout has the same
 * name on every machine, and any change another.
 */
export function buildId(): string {
  const digest = createHash("sha256");
  const sources = readdirSync(KEEPER, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".ts"),
  );
  for (const path of sources.sort())
    digest
      .update(`${path}\0`)
      .update(readFileSync(join(KEEPER, path)))
      .update("\0");
  if (existsSync(LOCKFILE)) digest.update(readFileSync(LOCKFILE));
  return digest.digest("hex").slice(0, LENGTH);
}
