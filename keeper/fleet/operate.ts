import { Notifier, type AlertStore } from "../alerts/notifier.ts";
import { ALERT_JOB, createWebhook, type AlertMessage } from "../alerts/webhook.ts";
import { buildId } from "../config/build.ts";
import { secretsOf, type Config } from "../config/load.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import { serveControl } from "../server/control.ts";
import { createMetrics, type Metrics } from "../server/metrics.ts";
import { startServer } from "../server/server.ts";
import * as alerts from "../store/alerts.ts";
import type { Database } from "../store/database.ts";
import { startJobs, type Jobs } from "../store/jobs.ts";
import { Journal } from "../store/journal.ts";
import { newHolder } from "../store/leases.ts";
import { assembleFleet } from "./assemble.ts";
import { closingAfter } from "./closers.ts";
import type { Address } from "viem";
import { Fleet } from "./fleet.ts";
import { commandsOf } from "./operator.ts";

/** Seconds between looks at what is to be told. */
const ALERT_INTERVAL = 10;
/** Once a day, at an hour when nobody looks. */
const PRUNING = { name: "prune-journal", cron: "17 3 * * *" };

export interface OperateOptions {
  readonly config: Config;
  readonly database: Database;
  readonly log: Log;
  /** Stop. What is under way ends first. */
  readonly signal: AbortSignal;
  /** Decide once, await what was sent, and stop. */
  readonly once: boolean;
  readonly shadowOf: Address | null;
}

/** Runs everything the settings describe until the signal aborts: chains, server, alerts and jobs. Throws what keeps it from starting. */
export async function operate(options: OperateOptions): Promise<void> {
  const { config, database, log, signal, once, shadowOf } = options;
  // At the pace of a chain each decision can be on disk before the next is made.
  const journal = new Journal(database, { batchSize: 1 });
  const rpc = new AbortController();
  // An RPC that never answers must not hold up a stop while nothing is under way that it could interrupt.
  const stopStarting = () => {
    rpc.abort();
  };
  signal.addEventListener("abort", stopStarting, { once: true });
  await closingAfter(log, async (closers) => {
    closers.push(stopStarting, () => journal.flush());
    closers.push(await listenToOperator(options));
    const build = buildId();
    const holder = newHolder();
    const running: { fleet: Fleet | null } = { fleet: null };
    const metrics = createMetrics({ status: () => running.fleet!.status() });
    const chains = await assembleFleet(config, {
      ...{ database, journal, log, build, holder, shadowOf, signal: rpc.signal, observer: metrics },
    });
    const notifier: { current: Notifier | null } = { current: null };
    const fleet = new Fleet({
      ...{ chains, database, build, log, pollInterval: config.chains[0].pollInterval },
      alerts: () => notifier.current?.open ?? [],
    });
    running.fleet = fleet;
    await fleet.check();
    signal.removeEventListener("abort", stopStarting);
    if (signal.aborted) return;
    announce(fleet, log);
    if (once) {
      await fleet.once(signal);
    } else {
      const jobs = await startQueue(options, journal);
      closers.push(() => jobs?.stop());
      notifier.current = notifierOf(options, jobs);
      closers.push(await startServing(options, fleet, journal, metrics));
      const failing = new AbortController();
      const end = AbortSignal.any([signal, failing.signal]);
      await Promise.all([
        fleet.run(end),
        notifier.current.run(() => fleet.status(), ALERT_INTERVAL, end),
      ]).finally(() => {
        failing.abort();
      });
    }
    const { vaults } = fleet.status();
    const total = (field: "decisions" | "rebalances") => vaults.reduce((sum, vault) => sum + vault[field], 0);
    log.info({ decisions: total("decisions"), rebalances: total("rebalances") }, "The keeper has stopped.");
  }).finally(() => {
    signal.removeEventListener("abort", stopStarting);
  });
}

function announce(fleet: Fleet, log: Log): void {
  for (const { name, chainId, vault, account, strategy } of fleet.status().vaults)
    log.info({ name, chainId, vault, account, strategy, build: fleet.status().build }, "The keeper watches.");
}

/** The queue, or null where it cannot run: a keeper that cannot tell of its troubles still hedges. */
async function startQueue({ config, database, log }: OperateOptions, journal: Journal): Promise<Jobs | null> {
  try {
    const jobs = await startJobs(database, log);
    await jobs.work(PRUNING.name, async () => {
      const pruned = await journal.prune(config.retentionDays);
      log.info({ pruned }, "Old decisions are gone.");
    });
    await jobs.schedule(PRUNING.name, PRUNING.cron);
    if (config.alertWebhook !== null) {
      const deliver = createWebhook({ url: config.alertWebhook });
      await jobs.work<AlertMessage>(ALERT_JOB.name, deliver);
    }
    return jobs;
  } catch (error) {
    log.error({ error: describeError(error) }, "The job queue does not run.");
    return null;
  }
}

function notifierOf({ config, database, log, shadowOf }: OperateOptions, jobs: Jobs | null): Notifier {
  const { alertWebhook: url } = config;
  const store: AlertStore = {
    raise: (alert) => alerts.raise(database, alert),
    resolve: (key) => alerts.resolve(database, key),
    open: () => alerts.open(database),
    markNotified: (id) => alerts.markNotified(database, id),
  };
  const { retryLimit: retries, retryDelay, retryDelayMax } = ALERT_JOB.options;
  const webhook =
    url === null
      ? null
      : {
          enqueue: (message: AlertMessage) => {
            if (jobs === null) throw new Error("The job queue does not run.");
            return jobs.enqueue(ALERT_JOB.name, message, { retries, retryDelay, retryDelayMax });
          },
          deliver: createWebhook({ url }),
        };
  // A server may be shared with processes that keep other vaults; a directory has one process, which as a shadow has no accounts.
  const isAlone = database.engine === "pglite" && shadowOf === null;
  return new Notifier({ store, settings: config.alerts, isAlone, webhook, log, secrets: secretsOf(config) });
}

/** From the first moment on, also while it starts and decides only once: nobody else can reach an embedded store. @returns Stops it. */
async function listenToOperator({ config, database, log }: OperateOptions): Promise<() => Promise<void>> {
  const nothing = () => Promise.resolve();
  if (database.engine !== "pglite") return nothing;
  try {
    return await serveControl(config.storeDir, commandsOf(database));
  } catch (error) {
    log.warn({ error: describeError(error) }, "No command reaches this keeper while it runs.");
    return nothing;
  }
}

/** @returns Stops serving. */
async function startServing(
  { config, log }: OperateOptions,
  fleet: Fleet,
  journal: Journal,
  metrics: Metrics,
): Promise<() => Promise<void>> {
  if (config.server === undefined) return () => Promise.resolve();
  const { close } = await startServer({
    ...config.server,
    status: () => fleet.status(),
    decisions: (query) => journal.decisions(query),
    executions: (query) => journal.executions(query),
    metrics,
    log,
    secrets: secretsOf(config),
  });
  return close;
}
