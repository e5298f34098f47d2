import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

/** Milliseconds a server has to answer that the connection is closed. */
const GRACE = 1000;

/** The connections below Node's websockets: it says which they are only on its diagnostics channels. */
const connected = new Map<string, Socket>();
const socketOf = new WeakMap<WebSocket, Socket>();

subscribe("undici:client:connected", (message) => {
  const { socket } = message as { socket: Socket };
  const key = keyOf(socket.address());
  connected.set(key, socket);
  socket.once("close", () => connected.delete(key));
});

subscribe("undici:websocket:open", (message) => {
  const { address, websocket } = message as { address: object; websocket: WebSocket };
  const socket = connected.get(keyOf(address));
  if (socket !== undefined) socketOf.set(websocket, socket);
});

/**
 * Closes a websocket for good: `close` alone waits without end for a server that no longer answers, and that is what
 * websockets are closed for here.
 */
export function cutOff(websocket: WebSocket): void {
  const timer = setTimeout(() => {
    socketOf.get(websocket)?.destroy();
  }, GRACE);
  timer.unref();
  websocket.addEventListener(
    "close",
    () => {
      clearTimeout(timer);
    },
    { once: true },
  );
  websocket.close();
}

function keyOf(address: { address?: string; port?: number }): string {
  return `${address.address ?? ""} ${String(address.port)}`;
}
