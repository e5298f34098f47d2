import { runKeeper, type RunKeeperOptions } from "./runKeeper.ts";

/** Runs the keeper in this process until Ctrl-C or SIGTERM, and sets the exit code. */
export async function runUntilSignal(
  options: Pick<RunKeeperOptions, "configFile" | "once" | "shadowOf">,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => {
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  try {
    process.exitCode = await runKeeper({
      ...options,
      env: process.env,
      signal: stop.signal,
      stderr: process.stderr,
    });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}
