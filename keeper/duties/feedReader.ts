import { zeroAddress, type Address, type PublicClient } from "viem";

import { revertReason } from "../execution/revertReason.ts";
import { feedAbi } from "./abi.ts";
import type { Round, RoundReader } from "./settlingRound.ts";

/** Reads a Chainlink proxy at one block; each method is one `eth_call`, but for the first hint of a phase, which is two. */
export class FeedReader implements RoundReader {
  readonly #client: PublicClient;
  readonly #feed: Address;
  readonly #blockNumber: bigint;
  readonly #hints: Map<number, bigint>;

  /** @param hints Last rounds of phases as they were found before. */
  constructor(client: PublicClient, feed: Address, blockNumber: bigint, hints: Map<number, bigint>) {
    this.#client = client;
    this.#feed = feed;
    this.#blockNumber = blockNumber;
    this.#hints = hints;
  }

  phaseId(): Promise<number> {
    return this.#client.readContract({ ...this.#at(this.#feed), functionName: "phaseId" });
  }

  async round(roundId: bigint): Promise<Round | null> {
    const data = await orNull(
      this.#client.readContract({
        ...this.#at(this.#feed),
        functionName: "getRoundData",
        args: [roundId],
      }),
    );
    if (data === null) return null;
    const [, answer, , updatedAt] = data;
    return updatedAt === 0n ? null : { answer, updatedAt };
  }

  async hint(phase: number): Promise<bigint> {
    const known = this.#hints.get(phase);
    if (known !== undefined) return known;
    const aggregator = await orNull(
      this.#client.readContract({
        ...this.#at(this.#feed),
        functionName: "phaseAggregators",
        args: [phase],
      }),
    );
    if (aggregator === null || aggregator === zeroAddress) return 0n;
    return (
      (await orNull(this.#client.readContract({ ...this.#at(aggregator), functionName: "latestRound" }))) ??
      0n
    );
  }

  #at(address: Address) {
    return { address, abi: feedAbi, blockNumber: this.#blockNumber };
  }
}

/** What a call answers, or null where it reverts. Throws when the node cannot tell. */
async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (revertReason(error) === null) throw error;
    return null;
  }
}
