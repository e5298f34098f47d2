import { rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";

import { describeError } from "../log/describeError.ts";
import { parseJson, toJson } from "../store/json.ts";

/** What a running keeper can be asked to do, by name. Arguments and answers are whatever `toJson` can write. */
export type Commands = Readonly<Record<string, (body: unknown) => Promise<unknown>>>;

const SOCKET = "control.sock";
/** Milliseconds: it reads a store that may be busy. */
const TIMEOUT = 15_000;

/** No keeper listens in the directory. */
export class NotRunningError extends Error {}

/**
 * Listens for commands on a socket in the keeper's directory: the embedded database belongs to the process that runs, so whoever wants
 * something of it must ask that. Who may is who can write in the directory.
 * @returns Stops listening.
 */
export async function serveControl(directory: string, commands: Commands): Promise<() => Promise<void>> {
  const app = new Hono();
  for (const [name, command] of Object.entries(commands)) {
    app.post(`/${name}`, async (context) => {
      try {
        return context.text(toJson(await command(parseJson(await context.req.text()))));
      } catch (error) {
        return context.text(toJson(describeError(error)), 500);
      }
    });
  }
  const path = join(directory, SOCKET);
  // The directory is locked: a socket in it is of a process that is gone.
  rmSync(path, { force: true });
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(path, resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
}

/** Has the keeper that runs in the directory do something. Throws {@link NotRunningError}, or what the command says. */
export async function callControl(directory: string, name: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: join(directory, SOCKET), method: "POST", path: `/${name}` },
      (response) => {
        text(response)
          .then((answer) => {
            if (response.statusCode === 404)
              throw new Error(`The keeper that runs does not know ${name}: it is of another build.`);
            const value = parseJson(answer);
            if (response.statusCode !== 200) throw new Error(String(value));
            resolve(value);
          })
          .catch(reject);
      },
    );
    asked.on("error", () => {
      reject(new NotRunningError(`No keeper runs in ${directory}.`));
    });
    asked.setTimeout(TIMEOUT, () => {
      reject(new Error(`The keeper that runs in ${directory} does not answer.`));
      asked.destroy();
    });
    asked.end(toJson(body ?? null));
  });
}
