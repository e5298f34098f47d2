import { STRESS_WINDOWS } from "../stress/windows.ts";

/** A stretch of history to judge on, and the past that everything is chosen by. UTC days, both ends played. */
export interface Fold {
  readonly name: string;
  readonly kind: "year" | "stress";
  readonly train: { readonly from: string; readonly to: string };
  readonly test: { readonly from: string; readonly to: string };
}

/** The last whole day of the recorded candles. */
export const LAST_DAY = "2025-06-29";
const DAY = 86_400_000;
/** The first whole day of the recorded candles. */
const FIRST = "2017-08-18";
/** Days of the past that are looked at. */
const PAST = 365;

/** Each year from 2018, the last as far as it is recorded, and each stress window; the past is the year before. */
export function folds(lastDay: string): Fold[] {
  const years = [2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025].map((year) => {
    const from = `${String(year)}-01-01`;
    const to = `${String(year)}-12-31`;
    return fold(String(year), "year", from, to < lastDay ? to : lastDay);
  });
  return [...years, ...STRESS_WINDOWS.map(([from, to]) => fold(from, "stress", from, to))];
}

function fold(name: string, kind: Fold["kind"], from: string, to: string): Fold {
  const begin = dayBefore(from, PAST);
  return {
    name,
    kind,
    train: { from: begin > FIRST ? begin : FIRST, to: dayBefore(from, 1) },
    test: { from, to },
  };
}

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * DAY).toISOString().slice(0, 10);
}
