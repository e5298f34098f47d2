import { InputError } from "../../history/inputError.ts";
import { parseNamed } from "../namedParameters.ts";
import type { BookEntry, BookSpec } from "../scenario.ts";
import { MOST_OPTIONS, MOST_YEARS } from "./bookBounds.ts";

const DAYS_PER_YEAR = 365;

type Shape = readonly (readonly [type: "call" | "put", strikeRatio: number, quantity: number])[];

/** Of one unit; strikes as parts of spot. */
const SHAPES: Readonly<Record<string, Shape>> = {
  "short-call": [["call", 1, -1]],
  "long-call": [["call", 1, 1]],
  "short-put": [["put", 1, -1]],
  "short-straddle": [
    ["call", 1, -1],
    ["put", 1, -1],
  ],
  "short-strangle": [
    ["call", 1.1, -1],
    ["put", 0.9, -1],
  ],
  "call-spread": [
    ["call", 1, -1],
    ["call", 1.1, 1],
  ],
  "risk-reversal": [
    ["call", 1.1, -1],
    ["put", 0.9, 1],
  ],
  butterfly: [
    ["call", 0.9, 1],
    ["call", 1, -2],
    ["call", 1.1, 1],
  ],
};

/** Rolling books: a shape and the days its options live. */
const ROLLING: Readonly<Record<string, { readonly shape: string; readonly days: number }>> = {
  "rolling-weekly": { shape: "short-straddle", days: 7 },
  "rolling-monthly": { shape: "short-call", days: 30 },
};

/** Names {@link namedBook} knows. */
export const BOOK_NAMES: readonly string[] = [...Object.keys(SHAPES), ...Object.keys(ROLLING)];

const DEFAULTS = { size: 100, days: 30, roll: 0 } as const;

/** Whether a text names a standard book, and not a file. */
export function isBookName(text: string): boolean {
  return BOOK_NAMES.includes(text.split(":")[0]!);
}

/**
 * A standard book: `NAME[:size=100][:days=30][:roll=1]`, struck relative to spot where it is opened. With roll=1 what expires is opened
 * again; the books called rolling always are.
 * @throws InputError when a parameter is unknown or has no meaning.
 */
export function namedBook(text: string): BookSpec {
  const { name, params, label } = parseNamed("--book", text);
  const rolling = ROLLING[name];
  const defaults: Record<string, number> = {
    ...DEFAULTS,
    ...(rolling && { days: rolling.days, roll: 1 }),
  };
  for (const key of Object.keys(params))
    if (!(key in defaults)) throw new InputError(`--book ${label}: ${key} is not size, days or roll`);
  const { size, days, roll } = { ...defaults, ...params } as Record<keyof typeof DEFAULTS, number>;
  if (!(size > 0 && days > 0)) throw new InputError(`--book ${label}: size and days must be above 0`);
  if (size > MOST_OPTIONS)
    throw new InputError(`--book ${label}: size must be at most ${String(MOST_OPTIONS)}`);
  if (days > MOST_YEARS * DAYS_PER_YEAR)
    throw new InputError(`--book ${label}: days must be at most ${String(MOST_YEARS * DAYS_PER_YEAR)}`);
  if (roll !== 0 && roll !== 1) throw new InputError(`--book ${label}: roll must be 0 or 1`);
  const entries = SHAPES[rolling?.shape ?? name]!.map(([type, strikeRatio, quantity]): BookEntry => ({
    type,
    strikeRatio,
    quantity: quantity * size,
    tau: days / DAYS_PER_YEAR,
  }));
  return { name: label, entries, rolls: roll === 1 };
}
