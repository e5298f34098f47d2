import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";

import type { Config } from "../config/load.ts";
import { operatorOf, remoteOperator, type Operator } from "../fleet/operator.ts";
import { describeError } from "../log/describeError.ts";
import { callControl, NotRunningError } from "../server/control.ts";
import type { Database } from "../store/database.ts";
import { StoreLockedError } from "../store/directoryLock.ts";
import { openToInspect, schemaState, serverState } from "../store/inspect.ts";
import { CLOCK_SLACK } from "./chainClock.ts";
import { failed, passed, seconds, warned, type Check } from "./check.ts";

/** Bytes of disk below which the store should not run: it appends a decision a block, and PostgreSQL's log before that. */
const LITTLE = 1024 ** 3;
const TOO_LITTLE = 64 * 1024 ** 2;

/** The store as far as it can be read. */
export interface StoreView {
  readonly checks: readonly Check[];
  /** Null where there is nothing to read yet, or it cannot be read. */
  readonly operator: Operator | null;
  /** Whether a keeper that runs answered in the place of the store. */
  readonly isRunning: boolean;
  close(): Promise<void>;
}

const NOTHING = { operator: null, isRunning: false, close: () => Promise.resolve() };

/** Looks at the store, through the keeper that has it where one runs; changes nothing in it. Never rejects. */
export async function viewStore(
  { databaseUrl: url, storeDir }: Pick<Config, "databaseUrl" | "storeDir">,
  now: () => number,
): Promise<StoreView> {
  try {
    return url === null ? await viewDirectory(storeDir) : await viewServer(await openToInspect({ url }), now);
  } catch (error) {
    const mend =
      url === null
        ? `see docs/runbook.md, "The store is corrupt"`
        : "see that DATABASE_URL is right, the server runs and it lets this user in from here";
    return { ...NOTHING, checks: [failed("store", describeError(error), mend)] };
  }
}

async function viewDirectory(directory: string): Promise<StoreView> {
  const checks = [checkWritable(directory), checkSpace(directory)];
  try {
    // Nothing is asked of it but to answer.
    await callControl(directory, "record", { vaults: [] });
    const operator = remoteOperator((name, body) => callControl(directory, name, body));
    checks.push(passed("store", `${directory}, in use by a keeper that runs and answers`));
    return { checks, operator, isRunning: true, close: NOTHING.close };
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error;
  }
  if (!existsSync(`${directory}/pgdata`)) {
    return {
      ...NOTHING,
      checks: [...checks, passed("store", `${directory}: none yet; the first run makes it`)],
    };
  }
  try {
    const database = await openToInspect({ directory });
    return await viewSchema(database, directory, checks);
  } catch (error) {
    if (!(error instanceof StoreLockedError)) throw error;
    const mend =
      'where a keeper starts or stops at this moment, look again; else see docs/runbook.md, "The store is locked"';
    return { ...NOTHING, checks: [...checks, warned("store", describeError(error), mend)] };
  }
}

async function viewServer(database: Database, now: () => number): Promise<StoreView> {
  try {
    const state = await serverState(database, now);
    const checks = [checkServer(state), checkDatabaseClock(state)];
    return await viewSchema(database, `PostgreSQL ${state.version}`, checks, state.mayCreate);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function viewSchema(
  database: Database,
  what: string,
  checks: readonly Check[],
  mayCreate = true,
): Promise<StoreView> {
  const { pending, unknown } = await schemaState(database);
  const name = "store";
  const isReadable = pending.length === 0 && unknown.length === 0;
  const check =
    unknown.length > 0
      ? failed(
          name,
          `${what} has changes that this build does not know: ${unknown.join(", ")}`,
          "run the newer build that made them, or go back to a backup from before it",
        )
      : pending.length === 0
        ? passed(name, `${what}, schema up to date`)
        : mayCreate
          ? passed(name, `${what}; the next start makes ${pending.join(", ")}`)
          : failed(
              name,
              `${what} lacks ${pending.join(", ")}, and this user may not create tables`,
              "grant create on the database and its schema to the user of DATABASE_URL",
            );
  const operator = isReadable ? operatorOf(database) : null;
  return { checks: [...checks, check], operator, isRunning: false, close: () => database.close() };
}

function checkServer({
  version,
  isStandby,
}: {
  readonly version: string;
  readonly isStandby: boolean;
}): Check {
  return isStandby
    ? failed(
        "database",
        `PostgreSQL ${version} is a standby: nothing can be written`,
        "name the primary in DATABASE_URL",
      )
    : passed("database", `PostgreSQL ${version} answers, and can be written to`);
}

/** @param state Of the server, its clock in seconds ahead of this machine's. */
export function checkDatabaseClock({ clockAhead }: { readonly clockAhead: number }): Check {
  const name = "database: clock";
  const apart = seconds(Math.abs(clockAhead));
  if (Math.abs(clockAhead) <= CLOCK_SLACK) return passed(name, `${apart} from this machine's`);
  return warned(
    name,
    `${apart} ${clockAhead > 0 ? "ahead of" : "behind"} this machine's`,
    "set both clocks (chrony, systemd-timesyncd): what the store dates and what this process dates differ",
  );
}

function checkWritable(directory: string): Check {
  const name = "store directory";
  const there = nearest(directory);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
    return passed(name, there === resolve(directory) ? `${there} can be written` : `can be made in ${there}`);
  } catch {
    return failed(
      name,
      `${there} cannot be written by this user`,
      `chown it to the keeper's user, or name another as storeDir or KEEL_STORE_DIR`,
    );
  }
}

function checkSpace(directory: string): Check {
  const { bavail, bsize } = statfsSync(nearest(directory));
  return judgeSpace(bavail * bsize);
}

/** @param bytes That may still be written. */
export function judgeSpace(bytes: number): Check {
  const name = "disk";
  const free =
    bytes >= LITTLE ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
  const mend = "make room or move storeDir; lower retentionDays to keep less";
  if (bytes < TOO_LITTLE)
    return failed(name, `${free} free: nothing can be recorded, so nothing is sent`, mend);
  return bytes < LITTLE ? warned(name, `${free} free`, mend) : passed(name, `${free} free`);
}

/** The directory, or the closest above it that exists. */
function nearest(directory: string): string {
  const path = resolve(directory);
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}
