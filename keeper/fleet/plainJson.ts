/**
 * `value` as JSON for other programs: bigints are decimal strings, and so are the floats JSON lacks ("Infinity",
 * "-Infinity", "NaN"). It cannot be told back from text: what is stored goes through `store/json.ts`.
 */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item === "bigint") return item.toString();
      return typeof item === "number" && !Number.isFinite(item) ? String(item) : item;
    },
    indent,
  );
}
