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

/** A fraction as per cent. */
export function percent(fraction: number, digits = 1): string {
  const text = decimal(100 * fraction, digits);
  return text === "–" ? text : `${text} %`;
}

/** Any other number, to `digits` significant ones. */
export function plain(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  const short = Number(value.toPrecision(digits));
  const size = Math.abs(short);
  if (short !== 0 && (size < 1e-3 || size >= 1e9)) return short.toExponential().replace("e+", "e");
  return short.toLocaleString("en-US", { maximumSignificantDigits: digits }).replace("-", "−");
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
