import { HeadSocket } from "../chain/headSocket.ts";
import type { Head } from "../chain/head.ts";
import type { Secret } from "../config/secret.ts";
import { silentLog, type Log } from "../log/logger.ts";
import { failed, passed, seconds, type Check } from "./check.ts";

/** Whether a websocket tells of a new head. @param timeout Seconds to wait for one. */
export async function checkWebSocket(url: Secret | null, chain: string, timeout: number): Promise<Check> {
  const name = `${chain}: websocket`;
  if (url === null) return passed(name, "none: the head is polled");
  const host = URL.parse(url.reveal())?.host ?? "the websocket";
  const asked = performance.now();
  let trouble = "connected, but told of none";
  let isLive = false;
  // It says why it opens the connection again only in its log.
  const log: Log = Object.assign(Object.create(silentLog) as Log, {
    warn: (fields: { readonly reason?: string }) => {
      trouble = fields.reason ?? trouble;
    },
  });
  let socket: HeadSocket | null = null;
  let timer: NodeJS.Timeout | undefined;
  try {
    const head = await new Promise<Head | null>((resolve) => {
      timer = setTimeout(() => {
        resolve(null);
      }, timeout * 1000);
      socket = new HeadSocket({
        ...{ url, log, grace: timeout, onHead: resolve },
        onState: (state) => {
          isLive = state === "live";
          // Who cannot even subscribe will not tell of a head in the time that is left.
          if (!isLive) resolve(null);
        },
      });
    });
    if (head !== null) {
      const waited = seconds((performance.now() - asked) / 1000);
      return passed(name, `${host} told of block ${String(head.number)} after ${waited}`);
    }
  } finally {
    clearTimeout(timer);
    (socket as HeadSocket | null)?.close();
  }
  return failed(
    name,
    isLive ? `${host} is subscribed and told of no block in ${seconds(timeout)}` : `${host}: ${trouble}`,
    "correct webSocketUrl or leave it out: the keeper polls where there is none",
  );
}
