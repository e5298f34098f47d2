import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import type { ZodType } from "zod";

/** Thrown by an answer that its own entry is to blame for: it becomes that entry's error, and the rest go on. */
export class EntryError extends Error {
  override readonly name = "EntryError";
  /** The field at fault, dotted; empty for the entry as a whole. */
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/**
 * Answers a JSON object, or each entry of a JSON array, and prints the answers as JSON: one for each in, in order, and
 * nothing else on standard output. An entry that `schema` or `answer` refuses becomes `{error: {path, message}}` at its
 * place. Sets exit code 2 if any was refused, or if `file` holds no JSON (then one line on standard error, no output).
 *
 * @param file A path, or `-` for standard input.
 * @param schema What an entry must be.
 * @param answer The answer to a valid entry, or a promise of it. It refuses with `EntryError`; what else it throws is
 * a failure of the command, and rejects before anything is printed.
 */
export async function runJsonBatch<Entry>(
  file: string,
  schema: ZodType<Entry>,
  answer: (entry: Entry) => unknown,
): Promise<void> {
  let input: unknown;
  try {
    // Unlike readFile, this drops a byte order mark.
    input = JSON.parse(await text(file === "-" ? process.stdin : createReadStream(file)));
  } catch (error) {
    process.stderr.write(`${file === "-" ? "standard input" : file}: ${unreadable(error)}\n`);
    process.exitCode = 2;
    return;
  }

  const entries: unknown[] = Array.isArray(input) ? input : [input];
  const answers: unknown[] = [];
  for (const entry of entries) answers.push(await answerEntry(entry, schema, answer));
  const output = JSON.stringify(Array.isArray(input) ? answers : answers[0], null, 2);
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(`${output}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

async function answerEntry<Entry>(
  entry: unknown,
  schema: ZodType<Entry>,
  answer: (entry: Entry) => unknown,
): Promise<unknown> {
  const parsed = schema.safeParse(entry);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    // An unknown key is reported on the object that holds it; the key is the more useful path.
    const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
    return refusal(path.map(String).join("."), issue.message);
  }
  try {
    const answered = await answer(parsed.data);
    const lost = nonFinitePath(answered);
    return lost === null ? answered : refusal("", `${lost} is beyond the range of a double`);
  } catch (error) {
    if (error instanceof EntryError) return refusal(error.path, error.message);
    throw error;
  }
}

/** Marks the exit code along with the entry, so that neither goes without the other. */
function refusal(path: string, message: string): { error: { path: string; message: string } } {
  process.exitCode = 2;
  return { error: { path, message } };
}

/** The first number JSON would turn into null. */
function nonFinitePath(answer: unknown, path = "the answer"): string | null {
  if (typeof answer === "number") return Number.isFinite(answer) ? null : path;
  if (typeof answer !== "object" || answer === null) return null;
  for (const [key, value] of Object.entries(answer)) {
    const found = nonFinitePath(value, path === "the answer" ? key : `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

function unreadable(error: unknown): string {
  if (error instanceof SyntaxError) return `not JSON: ${error.message.replaceAll(/\s+/g, " ")}`;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "is a directory";
  return message;
}
