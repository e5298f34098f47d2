import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { answering } from "../../scripts/demo/serveChain.ts";
import type { Eip1193Provider } from "../../scripts/localMainnet/chain.ts";

/** A chain that is reached over HTTP. */
export interface ServedProvider {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A chain in this process, reached as any chain is, at a URL whose path is a token. Closing cuts its connections at once:
 * Hardhat's own server waits for those that a fork's client keeps for a minute and a half.
 * @param port Of 127.0.0.1; by default any free one.
 */
export async function serveProvider(provider: Eip1193Provider, port = 0): Promise<ServedProvider> {
  const server = createServer(answering(provider));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/token-of-the-operator`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
