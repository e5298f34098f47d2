import { readFileSync } from "node:fs";
import { join } from "node:path";

import { failed, passed, type Check } from "./check.ts";

const PACKAGE = join(import.meta.dirname, "../../package.json");

/** Whether this Node can run the keeper: what package.json asks of it. @param version Of Node, with or without `v`. */
export function checkNode(version = process.versions.node, asked = askedNode()): Check {
  const name = "node";
  const has = version.replace(/^v/, "");
  if (compare(has, asked) >= 0) return passed(name, `${has}, at least ${asked}`);
  return failed(
    name,
    `${has} is older than ${asked}`,
    `install Node ${asked} or newer, and start the keeper with it`,
  );
}

function askedNode(): string {
  const { engines } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { engines: { node: string } };
  return engines.node.replace(/^>=\s*/, "");
}

function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split(".").map((part) => Number.parseInt(part, 10)));
  for (let index = 0; index < 3; index += 1) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
