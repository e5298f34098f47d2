/** As text for people; a dash for what is not a number. The minus sign is a real one. */
function decimal(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "–";
  const text = value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return /^-[0.,]*$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** USD: whole above a hundred, cents below. */
export function usd(value: number): string {
  return decimal(value, Math.abs(value) >= 99.995 || value === 0 ? 0 : 2);
}

/** ETH, two decimals. */
export function eth(value: number): string {
  return decimal(value, 2);
}

/** A count or the mean of counts. */
export function count(value: number): string {
  return decimal(value, Number.isInteger(value) ? 0 : 1);
}

/** A fraction as per cent, on one line; by default with one decimal below ten per cent and none above. */
export function percent(fraction: number, digits = Math.abs(fraction) < 0.0995 ? 1 : 0): string {
  const text = decimal(100 * fraction, digits);
  return text === "–" ? text : `${text}\u00a0%`;
}

/** Any other number, to `digits` significant ones. */
export function plain(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  const short = Number(value.toPrecision(digits));
  const size = Math.abs(short);
  if (short !== 0 && (size < 1e-3 || size >= 1e9)) return short.toExponential().replace("e+", "e");
  return short.toLocaleString("en-US", { maximumSignificantDigits: digits }).replace("-", "−");
}

/** A tick of an axis: thousands from a hundred thousand on. */
export function short(value: number): string {
  if (Math.abs(value) < 1e5) return plain(value);
  return value
    .toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 })
    .replace("-", "−");
}

/** USD with a standard error, both to the same digit. */
export function usdWithError(value: number, error: number): string {
  const digits = Math.abs(value) >= 99.995 ? 0 : 2;
  return `${decimal(value, digits)} ± ${decimal(error, digits)}`;
}

/** Seconds in the largest unit that leaves a handy number. */
export function duration(seconds: number): string {
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
  ] as const;
  for (const [size, name] of units) {
    if (seconds >= size)
      return `${decimal(seconds / size, Number.isInteger(seconds / size) ? 0 : 1)} ${name}`;
  }
  return `${count(seconds)} s`;
}

/** Unix seconds as UTC, to the minute. */
export function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}
