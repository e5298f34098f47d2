import { startServer, type Server } from "./postgresServer.ts";

let shared: Promise<Server | null> | null = null;

/**
 * The server that the suites of a file share, started when the first asks for it. Whoever asks also declares, outside of any suite,
 * `after(closeSharedServer)`.
 * @returns Null where there are no binaries for this platform.
 */
export function sharedServer(): Promise<Server | null> {
  shared ??= startServer();
  return shared;
}

/** A hook: stops the server if anybody asked for it. */
export async function closeSharedServer(this: Mocha.Context): Promise<void> {
  this.timeout(20_000);
  const server = shared;
  shared = null;
  await (await server)?.destroy();
}
