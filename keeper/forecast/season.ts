const HOUR_SECONDS = 3600;
const HOURS = 24;
const DAYS = 7;
const HARMONICS = 3;

/**
 * Where a moment stands in the day and the week, UTC, for a linear model: three harmonics of the day, whether it is Saturday
 * or Sunday, and the first harmonic of the day on those. A table of 168 hours would fit noise.
 * @param timestamp unix seconds.
 */
export function hourOfWeek(timestamp: number): number[] {
  const angle = (2 * Math.PI * (timestamp / HOUR_SECONDS)) / HOURS;
  const row: number[] = [];
  for (let n = 1; n <= HARMONICS; n++) row.push(Math.sin(n * angle), Math.cos(n * angle));
  const weekend = dayOfWeek(timestamp)[0]!;
  return [...row, weekend, weekend * row[0]!, weekend * row[1]!];
}

/** Whether a moment is on a Saturday or Sunday, and on a Sunday, UTC. */
export function dayOfWeek(timestamp: number): number[] {
  // 1970-01-01 was a Thursday.
  const day = (Math.floor(timestamp / (HOURS * HOUR_SECONDS)) + 4) % DAYS;
  return [day === 0 || day === 6 ? 1 : 0, day === 0 ? 1 : 0];
}
