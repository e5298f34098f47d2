/**
 * Waits until something is true. @param what Named where it is not in time.
 * @param milliseconds The longest it may take.
 */
export async function until(isTrue: () => boolean, what: string, milliseconds = 15_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`Not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
