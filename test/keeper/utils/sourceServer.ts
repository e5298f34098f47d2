import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** What a source is asked. */
export interface SourceQuestion {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Of a POST. */
  readonly body: unknown;
  /** How many questions came before it. */
  readonly index: number;
}

export interface SourceReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Instead of `json`. */
  readonly text?: string;
  /** The connection breaks after so many bytes of the body. */
  readonly breaksAfter?: number;
}

export interface SourceServer {
  readonly url: string;
  readonly questions: readonly SourceQuestion[];
  close(): Promise<void>;
}

/** A public source on a free port of this machine. */
export async function startSourceServer(
  answer: (question: SourceQuestion) => SourceReply | "hang up" | "never",
): Promise<SourceServer> {
  const questions: SourceQuestion[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = request.method === "POST" ? await json(request) : null;
      const { pathname, searchParams } = new URL(request.url!, "http://source");
      const question = {
        ...{ path: pathname, query: Object.fromEntries(searchParams), body, index: questions.length },
      };
      questions.push(question);
      const reply = answer(question);
      if (reply === "hang up") {
        request.socket.destroy();
        return;
      }
      if (reply === "never") return;
      const text = reply.text ?? JSON.stringify(reply.json);
      const length = { "content-length": String(Buffer.byteLength(text)) };
      response.writeHead(reply.status ?? 200, {
        ...{ "content-type": "application/json", ...length, ...reply.headers },
      });
      if (reply.breaksAfter === undefined) response.end(text);
      else response.write(text.slice(0, reply.breaksAfter), () => request.socket.destroy());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${String(port)}`, questions },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
