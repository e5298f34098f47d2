/**
 * What went wrong, on one line, without what may hold a secret: viem puts the RPC's URL and the request's body in
 * `message`, so its `shortMessage` and `details` are preferred.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const { shortMessage, details } = error as { shortMessage?: unknown; details?: unknown };
  if (typeof shortMessage !== "string") return oneLine(error.message);
  const cause = typeof details === "string" && !shortMessage.includes(details) ? ` ${details}` : "";
  return oneLine(shortMessage + cause);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
