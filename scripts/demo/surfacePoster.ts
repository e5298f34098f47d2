import { encodeFunctionData, numberToHex, type Address } from "viem";

import type { Chain } from "../localMainnet/chain.ts";
import { flatSurface, type SurfacePillar } from "../deployKeel.ts";
import { VOLATILITY_ORACLE } from "./abis.ts";
import { ACTORS } from "./actors.ts";
import { HOUR_SECONDS } from "../../keeper/history/candle.ts";

/** The oracle refuses a larger relative step of volatility in one post; kept just inside it. */
const MAX_STEP = 0.199;
const POST_GAS = 300_000n;

/** Posts the volatility surface on the hour, as far towards the market's volatility as the oracle lets one post go. */
export class SurfacePoster {
  readonly #chain: Chain;
  readonly #oracle: Address;
  readonly #volatility: (timestamp: number) => number;
  #posted = 0;
  #nextAt = 0;

  constructor(chain: Chain, oracle: Address, volatility: (timestamp: number) => number) {
    this.#chain = chain;
    this.#oracle = oracle;
    this.#volatility = volatility;
  }

  /** Reads what is posted now; before the first step of a run. */
  async reset(): Promise<void> {
    const { pillars } = await this.#chain.read(this.#oracle, VOLATILITY_ORACLE, "surface", []);
    this.#posted = pillars[0]!.atmVol / 1e9;
    this.#nextAt = 0;
    await this.#chain.impersonate(ACTORS.surfacePoster.address);
  }

  /** Queues a post for the next block when one is due. */
  async onStep(timestamp: number): Promise<void> {
    if (timestamp < this.#nextAt) return;
    this.#nextAt = timestamp + HOUR_SECONDS;
    const wanted = this.#volatility(timestamp);
    this.#posted = Math.min(this.#posted * (1 + MAX_STEP), Math.max(this.#posted * (1 - MAX_STEP), wanted));
    const pillars: readonly SurfacePillar[] = flatSurface(this.#posted);
    await this.#chain.rpc("eth_sendTransaction", [
      {
        from: ACTORS.surfacePoster.address,
        to: this.#oracle,
        gas: numberToHex(POST_GAS),
        data: encodeFunctionData({ abi: VOLATILITY_ORACLE, functionName: "post", args: [pillars] }),
      },
    ]);
  }
}
