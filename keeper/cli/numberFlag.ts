import { InvalidArgumentError } from "commander";

/** What a flag's number may be. */
export interface NumberRange {
  /** It must be at least that; above 0 where there is none. */
  readonly least?: number;
  readonly most: number;
}

/** Reads a flag's number. @throws InvalidArgumentError from what it gives where the text is none, or outside of the range. */
export function numberIn({ least, most }: NumberRange): (text: string) => number {
  const from = least === undefined ? "above 0" : `of at least ${String(least)}`;
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    const isEnough = least === undefined ? value > 0 : value >= least;
    if (!(isEnough && value <= most))
      throw new InvalidArgumentError(`Not a number ${from} and at most ${String(most)}.`);
    return value;
  };
}

/** Likewise of a whole number. */
export function wholeIn(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`Not a whole number from ${String(least)} to ${String(most)}.`);
    return value;
  };
}
