import { encodeFunctionData, numberToHex, type Address, type Hex } from "viem";

import type { Receipt } from "../localMainnet/chain.ts";
import { OPTION_BOOK, VAULT } from "./abis.ts";
import { ACTORS } from "./actors.ts";
import type { Holding, Stage } from "./stage.ts";
import { payout } from "./terms.ts";

const GAS = 1_000_000n;
const UNIT = 10n ** 18n;

/** A claim on its way into a block. */
interface Claim {
  readonly holding: Holding;
  readonly before: bigint;
  readonly hash: Hex;
}

/** What a holder was owed by the settlement price and what reached it, USDC with 6 decimals. */
export interface PaidHolding extends Holding {
  /** USD, 8 decimals. */
  readonly settlementPrice: bigint;
  readonly owed: bigint;
  readonly received: bigint;
}

/**
 * Settles each expiry with the first round at or after it, collects the vault's share and pays the holders, as soon as
 * the market has written that round. Anyone may do all of it but the claims, which are the holders' own.
 */
export class Settler {
  readonly #stage: Stage;
  readonly #paid: PaidHolding[] = [];
  #waiting: Holding[] = [];
  /** The expiry under way: first its settlement is in the next block, then its holders' claims. */
  #settling: number | undefined;
  #claims: Claim[] | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Every holding that has been paid so far. */
  get paid(): readonly PaidHolding[] {
    return this.#paid;
  }

  /** Before the first step of a run. */
  async reset(): Promise<void> {
    this.#waiting = [...this.#stage.holdings].sort((a, b) => a.terms.expiry - b.terms.expiry);
    this.#paid.length = 0;
    this.#settling = undefined;
    this.#claims = undefined;
    for (const account of [ACTORS.guardian, ...ACTORS.takers]) {
      await this.#stage.local.chain.impersonate(account.address);
    }
  }

  /** After each block: settles when the round is there, pays when it is settled. Returns what happened, if anything. */
  async onStep(step: {
    readonly timestamp: number;
    readonly isRoundWritten: boolean;
  }): Promise<string | undefined> {
    if (this.#claims !== undefined) return this.#check(this.#claims);
    if (this.#settling !== undefined) {
      this.#claims = await this.#claim(this.#settling);
      return undefined;
    }
    const expiry = this.#waiting[0]?.terms.expiry;
    if (expiry === undefined || step.timestamp < expiry || !step.isRoundWritten) return undefined;
    this.#settling = expiry;
    const { chain, addresses, abis } = this.#stage.local;
    const [roundId] = await chain.read(addresses.ethUsdFeed, abis.feed, "latestRoundData", []);
    // Queued in order from one account: the series can only be collected once their expiry is settled.
    await this.#queue(
      ACTORS.guardian.address,
      this.#stage.contracts.OptionBook,
      encodeFunctionData({ abi: OPTION_BOOK, functionName: "settle", args: [expiry, roundId, []] }),
    );
    for (const { id } of this.#due(expiry)) {
      await this.#queue(
        ACTORS.guardian.address,
        this.#stage.contracts.Vault,
        encodeFunctionData({ abi: VAULT, functionName: "settle", args: [id] }),
      );
    }
    return undefined;
  }

  #due(expiry: number): Holding[] {
    return this.#waiting.filter(({ terms }) => terms.expiry === expiry);
  }

  async #claim(expiry: number): Promise<Claim[]> {
    const { OptionBook } = this.#stage.contracts;
    const claims: Claim[] = [];
    for (const holding of this.#due(expiry)) {
      const { holder, id } = holding;
      const before = await this.#balance(holder);
      const data = encodeFunctionData({ abi: OPTION_BOOK, functionName: "claim", args: [id, holder] });
      claims.push({ holding, before, hash: await this.#queue(holder, OptionBook, data) });
    }
    return claims;
  }

  /** Each holder has one series an expiry, so what its balance rose by is what the claim paid. */
  async #check(claims: readonly Claim[]): Promise<string> {
    const { chain } = this.#stage.local;
    const expiry = this.#settling!;
    const settlementPrice = await chain.read(
      this.#stage.contracts.OptionBook,
      OPTION_BOOK,
      "settlementPrice",
      [expiry],
    );
    for (const { holding, before, hash } of claims) {
      const receipt = await chain.rpc<Receipt | null>("eth_getTransactionReceipt", [hash]);
      if (receipt?.status !== "0x1") throw new Error(`the claim of ${holding.holder} failed`);
      const owed = (holding.quantity * payout(holding.terms, settlementPrice)) / (UNIT * 100n);
      const received = (await this.#balance(holding.holder)) - before;
      this.#paid.push({ ...holding, settlementPrice, owed, received });
    }
    this.#waiting = this.#waiting.filter(({ terms }) => terms.expiry !== expiry);
    this.#settling = undefined;
    this.#claims = undefined;
    const usd = (Number(settlementPrice) / 1e8).toFixed(2);
    return `${String(claims.length)} series settled at ${usd} USD, holders paid`;
  }

  #balance(holder: Address): Promise<bigint> {
    const { chain, addresses, abis } = this.#stage.local;
    return chain.read(addresses.usdc, abis.erc20, "balanceOf", [holder]);
  }

  async #queue(from: Address, to: Address, data: Hex): Promise<Hex> {
    const { chain } = this.#stage.local;
    return chain.rpc<Hex>("eth_sendTransaction", [{ from, to, data, gas: numberToHex(GAS) }]);
  }
}
