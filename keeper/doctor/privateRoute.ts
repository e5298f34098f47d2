import { zeroHash } from "viem";

import type { PrivateSettings } from "../config/load.ts";
import { Secret } from "../config/secret.ts";
import { LIFETIME } from "../execution/rebalanceCall.ts";
import { askJsonRpc } from "../rpc/askJsonRpc.ts";
import { FetchError, fetchJson } from "../rpc/fetchJson.ts";
import { failed, passed, warned, type Check } from "./check.ts";

/** Milliseconds: what the keeper allows a relay. */
const TIMEOUT = 5_000;

/** Whether the private route answers, without a transaction. */
export async function checkPrivateRoute(
  route: PrivateSettings | null,
  chain: string,
  chainId: number,
): Promise<readonly Check[]> {
  const name = `${chain}: private route`;
  if (route === null) return [passed(name, "none: every transaction is public from the start")];
  const { publicAfter, statusUrl } = route;
  const checks = [await ofRelay(name, route, chainId)];
  if (publicAfter >= Number(LIFETIME)) {
    const times = `${String(publicAfter)} s, and a rebalance lives for ${String(LIFETIME)} s`;
    checks.push(
      warned(
        `${name}: fallback`,
        `publicAfter is ${times}: it never goes public`,
        "lower private.publicAfter",
      ),
    );
  }
  if (statusUrl !== undefined) checks.push(await ofStatus(`${name}: status`, statusUrl));
  return checks;
}

async function ofRelay(name: string, { url, publicAfter }: PrivateSettings, chainId: number): Promise<Check> {
  const mend =
    "correct private.url or take private out: what it does not take goes public only after publicAfter";
  try {
    const { result, error } = await askJsonRpc({ url, method: "eth_chainId", params: [], timeout: TIMEOUT });
    const fallback = `public after ${String(publicAfter)} s`;
    // Many relays know nothing but how to send: an error in JSON-RPC is an answer all the same.
    if (error !== undefined) return passed(name, `answers, ${fallback}`);
    if (Number(result) === chainId) return passed(name, `answers for chain ${String(chainId)}, ${fallback}`);
    return failed(name, `serves chain ${String(Number(result))}, not ${String(chainId)}`, mend);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    return failed(name, `it ${error.message}`, mend);
  }
}

async function ofStatus(name: string, statusUrl: Secret): Promise<Check> {
  const url = new Secret(statusUrl.reveal().replaceAll("{hash}", zeroHash));
  try {
    const { status } = await fetchJson({ url, timeout: TIMEOUT });
    return passed(name, `answers JSON (HTTP ${String(status)})`);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    return warned(
      name,
      `it ${error.message}`,
      "correct private.statusUrl: without it the keeper waits for publicAfter even where the relay has given up",
    );
  }
}
