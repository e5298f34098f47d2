import { InputError } from "./inputError.ts";

const DAY_SECONDS = 86_400;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DATETIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * Unix seconds of the start of a period: midnight UTC of a day `YYYY-MM-DD`, or an ISO datetime (UTC unless it says).
 * @param flag the option that named it, for messages.
 * @throws InputError when it is neither, or no such day exists.
 */
export function parseFrom(flag: string, text: string): number {
  const isDay = DAY.test(text);
  if (!isDay && !DATETIME.test(text)) throw notADate(flag, text);
  const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text) && !isDay;
  const milliseconds = Date.parse(isDay ? `${text}T00:00Z` : hasZone ? text : `${text}Z`);
  // Date.parse takes 30 February for 1 March.
  const day = Date.parse(`${text.slice(0, 10)}T00:00Z`);
  if (Number.isNaN(milliseconds) || !isSameDay(day, text)) throw notADate(flag, text);
  return Math.floor(milliseconds / 1000);
}

/** Unix seconds of the end of a period: of a day `YYYY-MM-DD` its last midnight, else the instant itself. */
export function parseTo(flag: string, text: string): number {
  const start = parseFrom(flag, text);
  return DAY.test(text) ? start + DAY_SECONDS : start;
}

/** A moment as it stands in messages. @param timestamp unix seconds. */
export function formatInstant(timestamp: number): string {
  return new Date(timestamp * 1000).toISOString().replace(".000Z", "Z");
}

function isSameDay(milliseconds: number, text: string): boolean {
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(text.slice(0, 10));
}

function notADate(flag: string, text: string): InputError {
  return new InputError(`${flag} ${text}: expected a day YYYY-MM-DD or an ISO datetime`);
}
