import type { Check } from "./check.ts";

const MARKS = new Map<Check["ok"], string>([
  [true, "✓"],
  ["warn", "!"],
  [false, "✗"],
]);

/** What the doctor found, for people: a line a check, what to do under each that is not well, and a total. */
export function reportText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, ok, detail, mend }) => [
    `${MARKS.get(ok)!} ${name.padEnd(width)}  ${detail}`,
    ...(mend === null ? [] : [`${" ".repeat(width + 2)}  → ${mend}`]),
  ]);
  const count = (wanted: Check["ok"]) => checks.filter(({ ok }) => ok === wanted).length;
  const total = `${plural(checks.length, "check")}: ${String(count(true))} passed, ${plural(count("warn"), "warning")}, ${String(count(false))} failed`;
  return [...lines, "", total].join("\n");
}

/** The same for programs: `{ ok, checks }`; ok where nothing failed. */
export function reportJson(checks: readonly Check[]): string {
  return JSON.stringify({ ok: isWell(checks), checks }, null, 2);
}

/** Whether nothing failed. */
export function isWell(checks: readonly Check[]): boolean {
  return checks.every(({ ok }) => ok !== false);
}

function plural(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? "" : "s"}`;
}
