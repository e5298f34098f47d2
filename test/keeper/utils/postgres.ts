import { startServer, type Server } from "./postgresServer.ts";

let shared: Promise<Server | null> | null = null;

/**
 * The server all suites share, started when the first asks for it.
 * @returns Null where there are no binaries for this platform.
 */
export function sharedServer(): Promise<Server | null> {
  shared ??= startServer();
  return shared;
}

// Outside of any suite: after all of them.
after(async function () {
  this.timeout(20_000);
  await (await shared)?.destroy();
});
