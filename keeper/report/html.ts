import type { html } from "hono/html";

/** Markup in which everything that was put in has been escaped. */
export type Html = ReturnType<typeof html>;

/** JSON that may stand in a script element, whatever strings are in it. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
