import { renameSync, writeFileSync } from "node:fs";

// Preloaded into a keeper: at SIGUSR2 it collects its garbage and writes down what it holds.
const file = process.env["SOAK_GAUGE"];
let readings = 0;

// The test runner loads every file here.
if (file !== undefined)
  process.on("SIGUSR2", () => {
    // Twice: what the first frees may have held something by a finalizer.
    void globalThis.gc?.();
    setImmediate(() => {
      void globalThis.gc?.();
      readings += 1;
      const { rss, heapUsed, external } = process.memoryUsage();
      const handles = process.getActiveResourcesInfo().length;
      writeFileSync(`${file}.new`, JSON.stringify({ readings, rss, heapUsed, external, handles }));
      renameSync(`${file}.new`, file);
    });
  });
