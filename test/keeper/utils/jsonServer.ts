import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** What a server does with a request: answers JSON or text with a status, or hangs up. */
export type Answer =
  { readonly status?: number; readonly json?: unknown; readonly text?: string } | "hang up";

export interface JsonServer {
  readonly url: string;
  close(): Promise<void>;
}

/** An HTTP server on a free port. A handler that never resolves is a server that never answers. */
export async function startJsonServer(
  handle: (body: unknown, request: IncomingMessage) => Promise<Answer> | Answer,
): Promise<JsonServer> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = request.method === "POST" ? await json(request) : null;
      const answer = await handle(body, request);
      if (answer === "hang up") {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status ?? 200, { "content-type": "application/json" });
      response.end(answer.text ?? JSON.stringify(answer.json));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
