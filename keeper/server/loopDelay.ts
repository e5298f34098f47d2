import { monitorEventLoopDelay } from "node:perf_hooks";

/** Watches for how long the event loop stands still. */
export interface LoopDelay {
  /** Seconds: the longest standstill of this window and the one before. */
  longest(): number;
  close(): void;
}

/** Nanoseconds in a second. */
const NANO = 1e9;
/** Milliseconds between the monitor's own ticks; it sees nothing shorter. */
const RESOLUTION = 20;

/** @param window Seconds after which a standstill begins to be forgotten; it is after two of them. */
export function watchLoopDelay(window = 30): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  let previous = 0;
  const timer = setInterval(() => {
    previous = histogram.max;
    histogram.reset();
  }, window * 1000);
  // A watcher must not keep alive what it watches.
  timer.unref();
  return {
    longest: () => Math.max(previous, histogram.max) / NANO,
    close() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
