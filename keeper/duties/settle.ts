import { encodeFunctionData, type Address, type PublicClient } from "viem";

import { seriesIdOf, type BookLeg } from "../chain/legs.ts";
import { optionBookAbi, vaultDutyAbi } from "./abi.ts";
import type { Duty, DutyCall, Past, Scene } from "./duty.ts";
import { FeedReader } from "./feedReader.ts";
import { findSettlingRound, roundOf, type SettlingRound } from "./settlingRound.ts";

/** Seconds after expiry from which the book takes the last round before it, if there is none after. */
const FALLBACK_DELAY = 259_200n;
/** Seconds between looks while the feed has written nothing since expiry. */
const SILENT_EVERY = 900;

/** Legs that have expired, by expiry, the earliest first. */
export function expiredLegs(
  legs: readonly BookLeg[],
  timestamp: bigint,
): readonly (readonly [bigint, readonly BookLeg[]])[] {
  const byExpiry = new Map<bigint, BookLeg[]>();
  for (const leg of legs.filter(({ expiry }) => expiry <= timestamp))
    byExpiry.set(leg.expiry, [...(byExpiry.get(leg.expiry) ?? []), leg]);
  return [...byExpiry].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * What an expiry needs next: the book's settlement once the round is known, then the vault's of each of its series.
 * @param settlementPrice USD, 8 decimals; 0 until the book has settled the expiry.
 */
export function settlementCalls(
  { vault, book }: { readonly vault: Address; readonly book: Address },
  expiry: bigint,
  legs: readonly BookLeg[],
  settlementPrice: bigint,
  round: SettlingRound | null,
): DutyCall[] {
  if (settlementPrice !== 0n) {
    return legs.map((leg) => ({
      ...{ kind: "settle", to: vault },
      data: encodeFunctionData({ abi: vaultDutyAbi, functionName: "settle", args: [seriesIdOf(leg)] }),
    }));
  }
  if (round === null) return [];
  const functionName = round.kind === "first" ? "settle" : "settleWithLastRound";
  const args = [Number(expiry), round.roundId, round.lastRounds] as const;
  return [{ kind: "settle", to: book, data: encodeFunctionData({ abi: optionBookAbi, functionName, args }) }];
}

/**
 * Settles what has expired: until it is, nobody enters the vault and nobody leaves it at once, and its places for series fill up.
 *
 * RPC calls, beside the simulation: one while series of a settled expiry are left; else, for a feed in its n-th phase, about 2n (4n the
 * first time) and twice the logarithm of the rounds since expiry. Two more once in a process.
 *
 * Gas: the book's settlement uses 72,000 to 95,000, the vault's 76,000 to 86,000 a series. `duties.gasUsd` is held against a tenth more than a
 * node estimates, which for the book is 357,000 to 381,000: contracts/oracles/RoundProof.sol refuses to read the feed with less left than a
 * read may burn, and a feed that burnt it would be paid for. At 3,000 USD per ETH 50 USD are enough up to about 40 gwei.
 */
export class SettleDuty implements Duty {
  readonly name = "settle";
  readonly kinds = ["settle"] as const;
  readonly isUrgent = false;
  readonly #client: PublicClient;
  readonly #vault: Address;
  #places: { readonly book: Address; readonly feed: Address } | null = null;
  /** Last rounds of phases, found before. */
  readonly #lasts = new Map<number, bigint>();

  constructor(client: PublicClient, vault: Address) {
    this.#client = client;
    this.#vault = vault;
  }

  dueAt({ snapshot: { legs, timestamp, priceUpdatedAt } }: Scene, { lookedAt, sentAt }: Past): number {
    const [first] = expiredLegs(legs, timestamp);
    if (first === undefined) return Infinity;
    // One step of a settlement leads to the next.
    const hasMore = priceUpdatedAt >= first[0] || sentAt === lookedAt;
    return hasMore ? -Infinity : lookedAt + SILENT_EVERY;
  }

  async *calls({ head, snapshot }: Scene): AsyncIterable<DutyCall> {
    const { legs, timestamp, priceUpdatedAt } = snapshot;
    const places = await this.#find();
    let unshown: bigint | null = null;
    for (const [expiry, series] of expiredLegs(legs, timestamp)) {
      const price = await this.#client.readContract({
        ...{ address: places.book, abi: optionBookAbi, blockNumber: head.number },
        ...{ functionName: "settlementPrice", args: [Number(expiry)] },
      });
      const round = price === 0n ? await this.#round(places.feed, expiry, head) : null;
      const calls = settlementCalls({ vault: this.#vault, book: places.book }, expiry, series, price, round);
      if (calls.length === 0 && priceUpdatedAt >= expiry) unshown ??= expiry;
      yield* calls;
    }
    if (unshown !== null) throw new Error(`No round can be shown to settle ${String(unshown)}.`);
  }

  async #round(feed: Address, expiry: bigint, { number, timestamp }: Scene["head"]) {
    const reader = new FeedReader(this.#client, feed, number, this.#lasts);
    const round = await findSettlingRound(reader, expiry, timestamp >= expiry + FALLBACK_DELAY);
    for (const [index, last] of (round?.lastRounds ?? []).entries())
      this.#lasts.set(index + 1, roundOf(last));
    return round;
  }

  async #find(): Promise<{ book: Address; feed: Address }> {
    if (this.#places !== null) return this.#places;
    const { readContract } = this.#client;
    const book = await readContract({ address: this.#vault, abi: vaultDutyAbi, functionName: "optionBook" });
    const feed = await readContract({ address: book, abi: optionBookAbi, functionName: "feed" });
    this.#places = { book, feed };
    return this.#places;
  }
}
