import { createServer } from "node:http";

import type { Config } from "../config/load.ts";
import { failed, passed, warned, type Check } from "./check.ts";

/** Milliseconds. */
const TIMEOUT = 3_000;

/** Whether the status is served, or can be: the keeper that has the port says how it does; without one the port must be free. */
export async function checkStatusServer({ server }: Pick<Config, "server">): Promise<Check> {
  const name = "status server";
  if (server === undefined) {
    return warned(
      name,
      "none: no /health for a supervisor, no /metrics",
      'set "server": { "port": … } in the settings',
    );
  }
  const { host, port } = server;
  if (port === 0) return passed(name, `${host}, any free port`);
  const place = `${host}:${String(port)}`;
  const mend = "give the keeper another server.port, or end what has this one";
  const health = await askHealth(host, port);
  if (health !== null) {
    if (health.reasons === null) return failed(name, `something else answers at ${place}`, mend);
    return health.reasons.length === 0
      ? passed(name, `a keeper at ${place} is healthy`)
      : warned(
          name,
          `the keeper at ${place} is not well: ${health.reasons.join(" ")}`,
          "see docs/runbook.md, /health",
        );
  }
  const trouble = await tryListening(host, port);
  return trouble === null
    ? passed(name, `${place} is free`)
    : failed(name, `${place} cannot be listened at (${trouble})`, mend);
}

/** Null where nobody answers; reasons are null where it is no keeper. */
async function askHealth(host: string, port: number): Promise<{ reasons: readonly string[] | null } | null> {
  // Who listens everywhere is asked here.
  const at = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  let text: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    text = await (await fetch(`http://${at}:${String(port)}/health`, { signal })).text();
  } catch {
    return null;
  }
  try {
    const { reasons } = JSON.parse(text) as { reasons?: unknown };
    return { reasons: Array.isArray(reasons) ? reasons.map(String) : null };
  } catch {
    return { reasons: null };
  }
}

function tryListening(host: string, port: number): Promise<string | null> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    probe.listen(port, host, () => {
      probe.close(() => {
        resolve(null);
      });
    });
  });
}
