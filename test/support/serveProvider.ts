import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { answering } from "../../scripts/demo/serveChain.ts";
import type { Eip1193Provider } from "../../scripts/localMainnet/chain.ts";

/** A chain that is reached over HTTP. */
export interface ServedProvider {
  readonly url: string;
  /** Breaks off whatever is asked while it is true. */
  isDead: boolean;
  close(): Promise<void>;
}

/**
 * A chain in this process, reached as any chain is, at a URL whose path is a token. Closing cuts its connections at once:
 * Hardhat's own server waits for those that a fork's client keeps for a minute and a half.
 */
export async function serveProvider(provider: Eip1193Provider): Promise<ServedProvider> {
  const answer = answering(provider);
  const server = createServer((request, response) => {
    if (served.isDead) request.destroy();
    else answer(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const served: ServedProvider = {
    isDead: false,
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/token-of-the-operator`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return served;
}
