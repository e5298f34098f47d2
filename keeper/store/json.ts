const BIGINT = "$bigint";
const NUMBER = "$number";
/** Stands for what is no character. */
const REPLACEMENT = "\ufffd";

/**
 * `text` as a database takes it: without the character 0 and halves of characters, which a contract's error may hold.
 */
export function storableText(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, REPLACEMENT);
}

/**
 * `value` as JSON that {@link parseJson} turns back into the same value: bigints and the floats JSON lacks
 * (infinities, NaN, minus zero) are wrapped, as `{"$bigint": "1"}` and `{"$number": "Infinity"}`. Text becomes {@link storableText}.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return { [BIGINT]: item.toString() };
    if (typeof item === "string") return storableText(item);
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
