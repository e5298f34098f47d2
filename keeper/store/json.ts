const BIGINT = "$bigint";
const NUMBER = "$number";

/**
 * `value` as JSON that {@link parseJson} turns back into the same value: bigints and the floats JSON lacks
 * (infinities, NaN, minus zero) are wrapped, as `{"$bigint": "1"}` and `{"$number": "Infinity"}`.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return { [BIGINT]: item.toString() };
    if (typeof item !== "number") return item;
    if (Object.is(item, -0)) return { [NUMBER]: "-0" };
    return Number.isFinite(item) ? item : { [NUMBER]: String(item) };
  });
}

/** The value that {@link toJson} wrote. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== "object" || item === null) return item;
    const { [BIGINT]: integer, [NUMBER]: float } = item as Record<string, unknown>;
    if (typeof integer === "string") return BigInt(integer);
    return typeof float === "string" ? Number(float) : item;
  });
}
