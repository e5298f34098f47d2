import { readFileSync } from "node:fs";

// Preloaded into a keeper: at SIGUSR2 the machine's clock is as far off as the file says, in milliseconds. The monotonic one is not.
const file = process.env["CHAOS_CLOCK"];

// The test runner loads every file here, and has the true time.
if (file !== undefined) {
  const real = Date.now;
  let offset = 0;
  process.on("SIGUSR2", () => {
    offset = Number(readFileSync(file, "utf8"));
  });
  Date.now = () => real() + offset;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args: [], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [target.now()] : args, newTarget) as Date,
  });
}
