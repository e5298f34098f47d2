import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import type { Keel } from "../../contracts/utils/useKeel.ts";
import type { Dice } from "./seeds.ts";
import { reasonOf } from "./thief.ts";

/** A place in the line of exits, as its owner remembers it. */
export interface Request {
  readonly id: bigint;
  readonly receiver: string;
  /** Where it begins and ends in the line, shares. */
  readonly start: bigint;
  readonly end: bigint;
}

/** One random life of a vault: what its actors share, and what the specification needs to know beyond the chain. */
export class Life {
  readonly keel: Keel;
  readonly dice: Dice;
  readonly depositors: readonly HardhatEthersSigner[];
  /** Every series that was ever sold, and those of them that have settled. */
  readonly series = new Set<bigint>();
  readonly requests: Request[] = [];
  /** USDC that was sent to the vault unasked. */
  donated = 0n;
  /** Where the pool stands, USDC per ETH. */
  price = 3_000;
  readonly #story: string[] = [];

  constructor(keel: Keel, dice: Dice) {
    this.keel = keel;
    this.dice = dice;
    this.depositors = [keel.alice, keel.bob];
  }

  /** Runs `act`; a refusal is part of life if it is one of `refusals`. @returns whether it was done. */
  async attempt(what: string, refusals: readonly string[], act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      this.tell(what);
      return true;
    } catch (error) {
      const reason = reasonOf(this.keel, error);
      this.tell(`${what}: ${reason}`);
      if (!refusals.some((refusal) => reason.includes(refusal))) throw error;
      return false;
    }
  }

  tell(what: string): void {
    this.#story.push(what);
  }

  /** How it came to this: the last things that happened. */
  get story(): string {
    return this.#story.slice(-25).join("\n");
  }
}

/** What an actor may do, and how often it does. */
export type Action = readonly [weight: number, act: () => Promise<unknown>];
