import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { getRequestListener } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { cors } from "hono/cors";

import type { Secret } from "../config/secret.ts";
import { plainJson } from "../fleet/plainJson.ts";
import type { FleetStatus } from "../fleet/status.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import type { StoredDecision } from "../store/journal.ts";
import type { ExecutionTable } from "../store/schema.ts";
import { notReady, unhealthy } from "./health.ts";
import { watchLoopDelay } from "./loopDelay.ts";
import type { Metrics } from "./metrics.ts";
import { QueryError, recordQuery, type RecordQuery } from "./query.ts";

export interface ServerOptions {
  /** Default: this machine only. What is shown holds no secret, but says what the keeper is about to do. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  status(): FleetStatus;
  decisions(query: RecordQuery): Promise<readonly StoredDecision[]>;
  executions(query: RecordQuery): Promise<readonly ExecutionTable[]>;
  readonly metrics: Pick<Metrics, "text" | "contentType">;
  readonly log: Log;
  /** Values to blot out of every answer: an error that a node worded may repeat them. */
  readonly secrets?: readonly Secret[];
  /** Seconds for which the event loop stood still of late. Default: measured. */
  loopDelay?(): number;
}

export interface RunningServer {
  readonly url: string;
  /** Stops listening and drops what is open. */
  close(): Promise<void>;
}

const LOCAL = "127.0.0.1";

/** Serves what the keeper shows of itself, read-only. Throws what listening throws, as where the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const watched = options.loopDelay === undefined ? watchLoopDelay() : null;
  const app = routes(options, options.loopDelay ?? (() => watched!.longest()));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void listener(request, response));
  const { host = LOCAL, port } = options;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, host, resolve);
    });
  } catch (error) {
    watched?.close();
    throw error;
  }
  const { port: taken } = server.address() as AddressInfo;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${String(taken)}`;
  options.log.info({ url }, "The status is served.");
  return {
    url,
    async close() {
      watched?.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function routes(options: ServerOptions, loopDelay: () => number): Hono {
  const { status, metrics, log, secrets = [] } = options;
  const clean = (text: string) => secrets.reduce((current, secret) => secret.blot(current), text);
  const json = (context: Context, body: unknown, code: 200 | 400 | 404 | 405 | 500 | 503 = 200) =>
    context.body(clean(plainJson(body)), code, {
      "content-type": "application/json",
      "cache-control": "no-store",
    });

  const app = new Hono();
  app.use(cors({ origin: "*", allowMethods: ["GET"] }));
  app.use(async (context, next) => {
    if (context.req.method === "GET" || context.req.method === "HEAD") return next();
    return json(context, { error: "Only GET is answered." }, 405);
  });
  app.get("/health", (context) => {
    const reasons = unhealthy(status(), loopDelay());
    return json(context, { healthy: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  app.get("/ready", (context) => {
    const reasons = notReady(status());
    return json(context, { ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  app.get("/status", (context) => json(context, status()));
  app.get("/decisions", async (context) => {
    const query = recordQuery(context.req.queries(), status());
    return json(context, await options.decisions(query));
  });
  app.get("/executions", async (context) => {
    const query = recordQuery(context.req.queries(), status());
    return json(context, (await options.executions(query)).map(withoutBytes));
  });
  app.get("/metrics", async (context) =>
    context.body(clean(await metrics.text()), 200, { "content-type": metrics.contentType }),
  );
  app.notFound((context) => json(context, { error: "There is no such page." }, 404));
  app.onError((error, context) => {
    if (error instanceof QueryError) return json(context, { error: error.message }, 400);
    log.error({ path: context.req.path, error: describeError(error) }, "A request could not be answered.");
    return json(context, { error: "It could not be answered; the log says why." }, 500);
  });
  return app;
}

/** Whoever has a transaction's bytes can send it: one that was given to a private route must not leave here. */
function withoutBytes(execution: ExecutionTable): Omit<ExecutionTable, "raw"> {
  const shown: Omit<ExecutionTable, "raw"> & { raw?: unknown } = { ...execution };
  delete shown.raw;
  return shown;
}
