/** What no book has: beyond it squares of sums, which risk is made of, come to no number. */
export const MOST_OPTIONS = 1e9;
export const MOST_USD = 1e12;
export const MOST_YEARS = 100;
/** A fraction per root year. */
export const MOST_VOLATILITY = 10;
