import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "./freePort.ts";

/** Optional packages bring anvil; a machine they are not made for has none. */
const BINARY = fileURLToPath(
  new URL("../../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil", import.meta.url),
);
const START_TIMEOUT = 20_000;

export interface Anvil {
  readonly url: string;
  /** Calls a method. Throws the JSON-RPC error, code and message. */
  request(method: string, params?: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts an anvil process on a free port, or returns null where it is not installed or does not run here. */
export async function startAnvil(args: readonly string[] = []): Promise<Anvil | null> {
  if (!existsSync(BINARY)) return null;
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const child = spawn(BINARY, ["--port", String(port), "--silent", ...args], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
    child.once("error", () => {
      resolve();
    });
  });
  const anvil: Anvil = {
    url,
    request: (method, params = []) => request(url, method, params),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
  const deadline = Date.now() + START_TIMEOUT;
  while (Date.now() < deadline && child.exitCode === null) {
    try {
      await anvil.request("eth_chainId");
      return anvil;
    } catch {
      await Promise.race([sleep(50), ended]);
    }
  }
  const { exitCode } = child;
  await anvil.stop();
  // What does not run here at all cannot tell its version either.
  if (spawnSync(BINARY, ["--version"]).status === 0)
    throw new Error(`anvil did not start on port ${String(port)}, exit code ${String(exitCode)}.`);
  return null;
}

async function request(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as {
    result?: unknown;
    error?: { code: number; message: string };
  };
  if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
  return result;
}
