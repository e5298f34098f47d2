import { keccak256, type Hex, type PublicClient } from "viem";

import { classify, type Classified } from "./classify.ts";

/**
 * Sends signed bytes. Never throws: what goes wrong is classified, and an answer that is not the hash of these bytes
 * proves nothing of them.
 */
export async function broadcast(client: PublicClient, raw: Hex): Promise<Classified> {
  try {
    const answer: unknown = await client.request(
      { method: "eth_sendRawTransaction", params: [raw] },
      { retryCount: 0 },
    );
    if (typeof answer === "string" && answer.toLowerCase() === keccak256(raw)) {
      return { kind: "known", text: "accepted" };
    }
    return { kind: "unknown", text: "The answer is not the transaction's hash." };
  } catch (error) {
    return classify(error);
  }
}
