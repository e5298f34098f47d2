import { hexToBigInt, hexToNumber, isHex, type Hex } from "viem";
import { z } from "zod";

import { outcomeOf, RpcError } from "../rpc/errors.ts";
import type { PublicServer } from "./publicServer.ts";

/** https://www.jsonrpc.org/specification#response_object */
const reply = z.union([
  z.object({ error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }) }),
  z.object({ result: z.unknown() }).refine((answer) => answer.result !== undefined, "has no result"),
]);

const hex = z.string().refine((text): text is Hex => isHex(text) && text.length > 2, "not a hex number");

/** A quantity as nodes write them. */
export const quantity = hex.transform((text) => hexToBigInt(text));

/** One that fits into a double. */
export const smallQuantity = hex.transform((text) => hexToNumber(text));

/** A node's JSON-RPC: https://ethereum.github.io/execution-apis/ */
export class NodeRpc {
  readonly server: PublicServer;
  #lastId = 0;

  constructor(server: PublicServer) {
    this.server = server;
  }

  /** @throws SourceError when there is no result that fits, the node's own refusal included. */
  async request<T>(method: string, params: readonly unknown[], schema: z.ZodType<T>): Promise<T> {
    const answer = await this.#ask(method, params);
    if ("error" in answer) throw this.server.refused(method, answer.error.message);
    const fits = schema.safeParse(answer.result);
    if (fits.success) return fits.data;
    const [issue] = fits.error.issues;
    const place = ["result", ...issue!.path.map(String)].join(".");
    throw this.server.unexpected(
      `answered ${method} with what its schema does not allow (${place}: ${issue!.message})`,
    );
  }

  /** What a contract returns at the newest block; null where it reverts. @throws SourceError when the node cannot tell. */
  async call(to: Hex, data: Hex): Promise<Hex | null> {
    const answer = await this.#ask("eth_call", [{ to, data }, "latest"]);
    if (!("error" in answer)) {
      if (isHex(answer.result)) return answer.result;
      throw this.server.unexpected("answered eth_call with what is not bytes");
    }
    const { code, message, data: reason } = answer.error;
    if (outcomeOf(new RpcError(code, message, reason)) === null)
      throw this.server.refused("eth_call", message);
    return null;
  }

  #ask(method: string, params: readonly unknown[]): Promise<z.infer<typeof reply>> {
    this.#lastId += 1;
    return this.server.post({ jsonrpc: "2.0", id: this.#lastId, method, params }, reply);
  }
}
