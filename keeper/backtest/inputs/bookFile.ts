import { readFileSync } from "node:fs";

import { z } from "zod";

import { LATEST_TIME } from "../../history/csv.ts";
import { InputError } from "../../history/inputError.ts";
import type { BookSpec } from "../scenario.ts";
import { MOST_OPTIONS, MOST_USD, MOST_VOLATILITY, MOST_YEARS } from "./bookBounds.ts";

const positive = (most: number) => z.number().positive().max(most);
/** Strikes as parts of spot. */
const MOST_RATIO = 1e6;

const entrySchema = z
  .strictObject({
    type: z.enum(["call", "put"]),
    strike: positive(MOST_USD).optional(),
    strikeRatio: positive(MOST_RATIO).optional(),
    cap: z.number().nonnegative().max(MOST_USD).optional(),
    capRatio: z.number().nonnegative().max(MOST_RATIO).optional(),
    quantity: z.number().min(-MOST_OPTIONS).max(MOST_OPTIONS),
    tau: positive(MOST_YEARS).optional(),
    expiry: z.union([positive(LATEST_TIME), z.iso.datetime({ offset: true })]).optional(),
    sigma: positive(MOST_VOLATILITY).optional(),
  })
  .superRefine((entry, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if ((entry.strike === undefined) === (entry.strikeRatio === undefined))
      issue("strike", "Either strike (USD) or strikeRatio (a part of spot) is needed");
    if ((entry.tau === undefined) === (entry.expiry === undefined))
      issue("tau", "Either tau (years) or expiry (unix seconds or ISO 8601) is needed");
    if (entry.cap !== undefined && entry.capRatio !== undefined)
      issue("cap", "Only one of cap and capRatio can be given");
    if (
      (entry.cap !== undefined && entry.strike === undefined) ||
      (entry.capRatio !== undefined && entry.strikeRatio === undefined)
    )
      issue("cap", "The cap is given as the strike is: both in USD, or both as parts of spot");
    const [strike, cap] = [entry.strike ?? entry.strikeRatio, entry.cap ?? entry.capRatio];
    if (strike === undefined || cap === undefined) return;
    if (entry.type === "call" && cap <= strike) issue("cap", "The cap of a call must be above its strike");
    if (entry.type === "put" && cap >= strike)
      issue("cap", "The cap of a put is its floor: below its strike");
  });

const bookSchema = z.union([
  z.array(entrySchema).min(1),
  z.strictObject({ options: z.array(entrySchema).min(1), roll: z.boolean().optional() }),
]);

/**
 * A book from a JSON file: an array of options as `keeper greeks` takes them, but with a `quantity` (negative is short) and without a
 * spot; or `{"options": […], "roll": true}`, whose options are opened again when they expire.
 * @throws InputError naming the file, and the entry at fault.
 */
export function readBook(file: string): BookSpec {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8").replace(/^\ufeff/, ""));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(
      `--book ${file} ${code === "ENOENT" ? "does not exist, and is no standard book" : `cannot be read: ${message.split("\n")[0]!}`}`,
    );
  }
  const parsed = bookSchema.safeParse(content);
  if (!parsed.success) throw new InputError(`--book ${file} ${whatIsWrong(content)}`);
  const { options, roll = false } = Array.isArray(parsed.data) ? { options: parsed.data } : parsed.data;
  const entries = options.map(({ expiry, ...rest }) => ({
    ...rest,
    ...(expiry === undefined
      ? {}
      : { expiry: typeof expiry === "number" ? expiry : Date.parse(expiry) / 1000 }),
  }));
  if (roll && entries.some(({ strikeRatio, tau }) => strikeRatio === undefined || tau === undefined))
    throw new InputError(`--book ${file} rolls: each of its options needs strikeRatio and tau`);
  return { name: `${file}, ${String(entries.length)} options`, entries, rolls: roll };
}

/** The first entry that is none, and why. */
function whatIsWrong(content: unknown): string {
  const object = content as { options?: unknown } | null;
  const options = Array.isArray(content) ? content : object?.options;
  if (!Array.isArray(options)) return 'is neither an array of options nor {"options": […]}';
  if (options.length === 0) return "has no options";
  for (const [index, entry] of options.entries()) {
    const issue = entrySchema.safeParse(entry).error?.issues[0];
    if (issue === undefined) continue;
    const path = issue.code === "unrecognized_keys" ? issue.keys[0]! : issue.path.map(String).join(".");
    return `option ${String(index)}: ${path === "" ? "" : `${path}: `}${issue.message}`;
  }
  return "has more than options and roll";
}
