import type { Contract, ContractTransactionResponse } from "ethers";

import { ABIS } from "../../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../../scripts/localMainnet/addresses.ts";
import { sqrtPriceX96FromPrice } from "../../../scripts/localMainnet/poolPrice.ts";
import { WAD } from "../../contracts/utils/keel.ts";
import { contractAt } from "../../contracts/utils/market.ts";
import type { Keel } from "../../contracts/utils/useKeel.ts";

/** More than any pool here holds. */
const PLENTY_USDC = 10n ** 16n;
const PLENTY_WETH = 10n ** 25n;

export interface Call {
  readonly target: string;
  readonly data: string;
}

/** What a thief's transaction did to the vault, in USDC with 6 decimals, at the market's price and at the oracle's. */
export interface Taken {
  readonly atMarket: bigint;
  readonly atOracle: bigint;
  readonly nav: bigint;
}

/** A contract with flash liquidity that acts for whoever holds a key; it owns more of both tokens than it can use. */
export class Thief {
  readonly address: string;
  readonly #keel: Keel;
  readonly #contract: Contract;

  private constructor(keel: Keel, contract: Contract, address: string) {
    this.#keel = keel;
    this.#contract = contract;
    this.address = address;
  }

  static async deploy(keel: Keel): Promise<Thief> {
    const contract = (await keel.ethers.deployContract(
      "MockThief",
      [],
      keel.stranger,
    )) as unknown as Contract;
    const address = await contract.getAddress();
    await keel.mainnet.mintUsdc(address as `0x${string}`, PLENTY_USDC);
    await keel.mainnet.mintWeth(address as `0x${string}`, PLENTY_WETH);
    const thief = new Thief(keel, contract, address);
    const approve = (spender: string) =>
      thief.call(contractAt(MAINNET.usdc, ABIS.erc20), "approve", [spender, 2n ** 255n]);
    await thief.run([approve(keel.contracts.Vault), approve(keel.contracts.OptionBook)]);
    return thief;
  }

  call(contract: Contract, method: string, args: readonly unknown[]): Call {
    return {
      target: contract.target as string,
      data: contract.interface.encodeFunctionData(method, args),
    };
  }

  /** All of it or, when one call reverts, none: throws what that threw. */
  async run(calls: readonly Call[]): Promise<ContractTransactionResponse> {
    return (await this.#contract.run!(calls)) as ContractTransactionResponse;
  }

  /** Moves the pool to `usd` per ETH; who trades there next finds it so. */
  async movePool(usd: number): Promise<void> {
    await this.#contract.moveTo!(MAINNET.usdcWethPool, sqrtPriceX96FromPrice(usd));
  }

  /** `calls` between a swap that moves the pool to `poolUsd` and one that moves it back, in one transaction. */
  async sandwich(poolUsd: number | undefined, marketUsd: number, calls: readonly Call[]): Promise<Taken> {
    const { vault } = this.#keel;
    const sent = (await this.#contract.sandwich!(
      vault,
      MAINNET.usdcWethPool,
      poolUsd === undefined ? 0n : sqrtPriceX96FromPrice(poolUsd),
      toWad(marketUsd),
      calls,
    )) as ContractTransactionResponse;
    const receipt = await sent.wait();
    const taken = { atMarket: 0n, atOracle: 0n, nav: 0n };
    for (const log of receipt?.logs ?? []) {
      const parsed = this.#contract.interface.parseLog(log) ?? vault.interface.parseLog(log);
      if (parsed?.name === "Measured") {
        const [before, after, nav] = parsed.args as unknown as [bigint, bigint, bigint];
        Object.assign(taken, { atMarket: before - after, nav });
      }
      if (parsed?.name === "Rebalanced") {
        taken.atOracle += (parsed.args["navBefore"] as bigint) - (parsed.args["navAfter"] as bigint);
      }
    }
    return taken;
  }
}

/** A price of floats as the contracts have it, 18 decimals. */
export function toWad(usd: number): bigint {
  return BigInt(Math.round(usd * 1e6)) * 10n ** 12n;
}

/** The part of `nav` that is `amount`, 18 decimals. */
export function shareOf(amount: bigint, nav: bigint): bigint {
  return (amount * WAD) / nav;
}

/** For messages: a share of NAV with 18 decimals as a percentage. */
export function percent(share: bigint): string {
  return `${(Number(share) / 1e16).toFixed(4)} %`;
}

/** Name of the custom error, or the reason, of whatever reverted. */
export function reasonOf(keel: Keel, error: unknown): string {
  const { data, message } = error as { data?: string; message: string };
  for (const contract of [keel.vault, keel.book, keel.volatilityOracle]) {
    const parsed = data === undefined ? null : contract.interface.parseError(data);
    if (parsed) return parsed.name === "Error" ? String(parsed.args[0]) : parsed.name;
  }
  return message;
}
