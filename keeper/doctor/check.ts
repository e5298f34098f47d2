import { describeError } from "../log/describeError.ts";

/** One thing the keeper needs, and whether it is there. */
export interface Check {
  /** What was looked at, led by what it belongs to: `vault eth-weekly: oracle`. */
  readonly name: string;
  /** `"warn"`: the keeper runs, but not as its operator may think. */
  readonly ok: boolean | "warn";
  readonly detail: string;
  /** What to do; null where nothing is to be done. */
  readonly mend: string | null;
}

export function passed(name: string, detail: string): Check {
  return { name, ok: true, detail, mend: null };
}

export function warned(name: string, detail: string, mend: string): Check {
  return { name, ok: "warn", detail, mend };
}

export function failed(name: string, detail: string, mend: string): Check {
  return { name, ok: false, detail, mend };
}

/** What `look` finds, or that it could not look: whatever it throws is a failed check. Never rejects. */
export async function attempt<T extends Check | readonly Check[]>(
  name: string,
  mend: string,
  look: () => Promise<T> | T,
): Promise<readonly Check[]> {
  try {
    return ([] as readonly Check[]).concat(await look());
  } catch (error) {
    return [failed(name, describeError(error), mend)];
  }
}

/** Seconds for people: `3 s`, `0.4 s`. */
export function seconds(value: number): string {
  return `${String(Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value))} s`;
}

/** A number for people, to four digits. */
export function brief(value: number): string {
  return String(Number(value.toPrecision(4)));
}
