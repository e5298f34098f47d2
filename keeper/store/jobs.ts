import { PgBoss, type ConstructorOptions, type Job } from "pg-boss";

import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import type { Database } from "./database.ts";
import { withoutUrl } from "./databaseUrl.ts";
import { embeddedQueue } from "./embeddedQueue.ts";
import { parseJson, toJson } from "./json.ts";
import { CONNECT_TIMEOUT } from "./postgres.ts";

/** Connections the job queue has besides the store's. */
const POOL_SIZE = 3;
/** Seconds between looks for jobs. */
const POLL_INTERVAL = 2;
/** Seconds between looks for jobs whose worker is gone. */
const SUPERVISE_INTERVAL = 30;
/** Milliseconds that jobs under way are given when the process stops. */
const STOP_TIMEOUT = 5_000;
/** Milliseconds before a trouble that goes on is logged again. */
const REPEAT_LOG = 60_000;

/** How a job is tried. Its handler may run more than once: after a failure, and where its process died under it. */
export interface EnqueueOptions {
  /** Tries after the first; default 10. */
  readonly retries?: number;
  /** Seconds before the second try, doubled at each with some jitter; default 5. */
  readonly retryDelay?: number;
  /** Seconds between tries at most; default 600. */
  readonly retryDelayMax?: number;
  /** Seconds after which a try counts as failed; default 60. */
  readonly expireIn?: number;
  /** Seconds, at least 10, after which a try counts as failed whose process has not said that it lives; without it, `expireIn` alone tells. */
  readonly heartbeat?: number;
  /** Seconds before the first try. */
  readonly startAfter?: number;
}

export interface WorkOptions {
  /** Seconds, at least 0.5; default 2. */
  readonly pollInterval?: number;
  /** Jobs of this name under way at a time in this process; default 1. */
  readonly concurrency?: number;
  /** Whether its jobs come by `enqueueOnce`; default false. */
  readonly isOnce?: boolean;
}

/** One try of a job. */
export interface JobTry {
  readonly id: string;
  /** 0 for the first. */
  readonly retry: number;
  /** Fires when its time is over. */
  readonly signal: AbortSignal;
}

/** Work that outlives the process: it is in the database, and one of the processes that share it does it. */
export interface Jobs {
  /** @param data Whatever `toJson` can write. @returns Its id. */
  enqueue(name: string, data: object, options?: EnqueueOptions): Promise<string>;
  /**
   * Enqueues a job unless one of the same name and key is waiting or under way, here or in another process. All jobs of such a name have keys.
   * @returns Whether it was enqueued.
   */
  enqueueOnce(name: string, key: string, data: object, options?: EnqueueOptions): Promise<boolean>;
  /** Does the jobs of a name; a handler that throws is called again later. */
  work<T extends object>(
    name: string,
    handler: (data: T, job: JobTry) => Promise<void>,
    options?: WorkOptions,
  ): Promise<void>;
  /** Enqueues a job of the name by the clock, once for all processes; a second call changes the times. @param cron UTC, to the minute. */
  schedule(name: string, cron: string, data?: object): Promise<void>;
  /** Lets what is under way end and stops. The database stays open. */
  stop(): Promise<void>;
}

export interface JobsOptions {
  /** Seconds between looks for jobs whose worker is gone; default 30. */
  readonly superviseInterval?: number;
}

/** Starts the job queue on the store's database, in a schema of its own. */
export async function startJobs(
  database: Database,
  log: Log,
  { superviseInterval = SUPERVISE_INTERVAL }: JobsOptions = {},
): Promise<Jobs> {
  const describe = describer(database);
  const boss = new PgBoss({
    ...connectionOf(database),
    schema: "keel_jobs",
    superviseIntervalSeconds: superviseInterval,
    monitorIntervalSeconds: superviseInterval,
    registerInstance: false,
  });
  const report = quieted((error) => log.warn({ error }, "The job queue has trouble with its database."));
  boss.on("error", (error) => report(describe(error)));
  try {
    await boss.start();
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined);
    throw new Error(`The job queue could not be started: ${describe(error)}`);
  }
  const queues = new Map<string, Promise<void>>();
  const ensureQueue = (name: string, policy?: "exclusive") => {
    const made = queues.get(name) ?? boss.createQueue(name, policy && { policy });
    queues.set(name, made);
    made.catch(() => queues.delete(name));
    return made;
  };

  return {
    async enqueue(name, data, options = {}) {
      await ensureQueue(name);
      const id = await boss.send(name, asPlainJson(data), sendOptions(options));
      if (id === null) throw new Error(`The job ${name} was not taken.`);
      return id;
    },
    async enqueueOnce(name, key, data, options = {}) {
      await ensureQueue(name, "exclusive");
      return (
        (await boss.send(name, asPlainJson(data), { ...sendOptions(options), singletonKey: key })) !== null
      );
    },
    async work<T extends object>(
      name: string,
      handler: (data: T, job: JobTry) => Promise<void>,
      { pollInterval = POLL_INTERVAL, concurrency = 1, isOnce = false }: WorkOptions = {},
    ) {
      await ensureQueue(name, isOnce ? "exclusive" : undefined);
      const attempt = async ([job]: Job[]) => {
        const { id, retryCount: retry, signal, data } = job!;
        try {
          await handler(parseJson(JSON.stringify(data)) as T, { id, retry, signal });
        } catch (error) {
          log.warn({ job: name, id, retry, error: describeError(error) }, "A job failed.");
          throw error;
        }
      };
      await boss.work(
        name,
        { batchSize: 1, pollingIntervalSeconds: pollInterval, localConcurrency: concurrency },
        attempt,
      );
    },
    async schedule(name, cron, data = {}) {
      await ensureQueue(name);
      await boss.schedule(name, cron, asPlainJson(data));
    },
    async stop() {
      await boss.stop({ graceful: true, timeout: STOP_TIMEOUT });
    },
  };
}

function sendOptions(options: EnqueueOptions) {
  return {
    retryLimit: options.retries ?? 10,
    retryDelay: options.retryDelay ?? 5,
    retryBackoff: true,
    retryDelayMax: options.retryDelayMax ?? 600,
    expireInSeconds: options.expireIn ?? 60,
    startAfter: options.startAfter ?? 0,
    ...(options.heartbeat === undefined ? {} : { heartbeatSeconds: options.heartbeat }),
  };
}

function connectionOf({ connection }: Database): ConstructorOptions {
  if (connection.name === "pglite") return { db: embeddedQueue(connection.pglite), backend: "pglite" };
  return {
    connectionString: connection.url.reveal(),
    application_name: "keel-jobs",
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
  };
}

function describer({ connection }: Database): (error: unknown) => string {
  return connection.name === "pglite" ? describeError : (error) => withoutUrl(error, connection.url).message;
}

function asPlainJson(data: object): object {
  return JSON.parse(toJson(data)) as object;
}

/** Passes a text on when it is another than the last, or a minute has passed. */
function quieted(pass: (text: string) => void): (text: string) => void {
  let last = { text: "", at: -Infinity };
  return (text) => {
    const now = performance.now();
    if (text === last.text && now - last.at < REPEAT_LOG) return;
    last = { text, at: now };
    pass(text);
  };
}
