import { decayOf } from "./liquidity.ts";

export interface ImpactOptions {
  /** Log price per ETH at full depth, the moment it is traded. */
  readonly perEth: number;
  /** Part of it that stays for good, from 0 to 1. */
  readonly permanentShare: number;
  /** Seconds in which half of the rest is gone. */
  readonly halfLife: number;
}

/** What all the hedging so far has done to the log price: linear in flow over depth. */
export class Impact {
  readonly #perEth: number;
  readonly #permanentShare: number;
  readonly #kept: number;
  #permanent = 0;
  #transient = 0;

  constructor({ perEth, permanentShare, halfLife }: ImpactOptions) {
    this.#perEth = perEth;
    this.#permanentShare = permanentShare;
    this.#kept = decayOf(halfLife);
  }

  /** A block later, with the flow in it. @param flow ETH bought, less ETH sold. @param depth part of the full one. */
  next(flow: number, depth: number): number {
    this.#transient *= this.#kept;
    if (flow !== 0) {
      const push = (this.#perEth * flow) / depth;
      this.#permanent += this.#permanentShare * push;
      this.#transient += (1 - this.#permanentShare) * push;
    }
    return this.#permanent + this.#transient;
  }
}
