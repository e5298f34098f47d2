const LEVELS = new Map([
  [20, "debug"],
  [30, "info "],
  [40, "warn "],
  [50, "error"],
]);

/** One JSON log line as text: time, level, message, then `key=value` for each field. Other text passes unchanged. */
export function formatLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, ...fields } = entry;
  const clock = typeof time === "number" ? new Date(time).toISOString().slice(11, 19) : "--:--:--";
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`);
  return (
    [clock, LEVELS.get(Number(level)) ?? "     ", String(msg ?? ""), ...pairs].join(" ").trimEnd() + "\n"
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return /\s/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}
