import type { Contract } from "ethers";

import { ABIS } from "../../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../../scripts/localMainnet/addresses.ts";
import { USDC, WAD } from "../../contracts/utils/keel.ts";
import { contractAt } from "../../contracts/utils/market.ts";
import type { Keel } from "../../contracts/utils/useKeel.ts";
import { seriesOf } from "../../contracts/utils/vault.ts";
import type { Dice } from "../support/seeds.ts";
import { Thief, type Call } from "../support/thief.ts";
import { inUsdc, wethWorth, worthOf, type Truth } from "../support/truth.ts";

/** What an attacker may do, with a size in [0, 1] where there is one. Plain data, so that an ordering can be shrunk and printed. */
export interface Move {
  readonly who: "attacker";
  readonly name:
    | "deposit"
    | "mint"
    | "withdraw"
    | "redeem"
    | "requestRedeem"
    | "processQueue"
    | "claim"
    | "settle"
    | "transfer"
    | "donateUsdc"
    | "donateWeth"
    | "roundTrip"
    | "recordBreach"
    | "clearBreach";
  readonly size: number;
  /** Where it holds the pool meanwhile, of the true price; undefined where it leaves it alone. */
  readonly pool?: number;
}

/** USDC a deposit may bring at most. */
const LARGEST = 20_000_000n * USDC;

/** Any call that needs no role, from an account with flash liquidity. */
export class Attacker {
  readonly thief: Thief;
  readonly #keel: Keel;
  readonly #vault: Contract;
  readonly #usdc: Contract;
  readonly #weth: Contract;
  #requests: bigint[] = [];

  private constructor(keel: Keel, thief: Thief) {
    this.#keel = keel;
    this.thief = thief;
    this.#vault = keel.vault as unknown as Contract;
    this.#usdc = contractAt(MAINNET.usdc, ABIS.erc20, keel.stranger);
    this.#weth = contractAt(MAINNET.weth, ABIS.erc20, keel.stranger);
  }

  /** An account that can play any number of orderings: its contract is deployed once. */
  static async create(keel: Keel): Promise<Attacker> {
    return new Attacker(keel, await Thief.deploy(keel));
  }

  /** Before an ordering that begins from a restored chain. */
  reset(): void {
    this.#requests = [];
  }

  static draw(dice: Dice): Move {
    const name = dice.weighted([
      [5, "deposit"],
      [2, "mint"],
      [2, "withdraw"],
      [4, "redeem"],
      [3, "requestRedeem"],
      [3, "processQueue"],
      [2, "claim"],
      [1, "settle"],
      [1, "transfer"],
      [1, "donateUsdc"],
      [1, "donateWeth"],
      [1, "roundTrip"],
      [1, "recordBreach"],
      [1, "clearBreach"],
    ] as const);
    const size = dice.pick([1, dice.uniform(), dice.uniform() ** 4]);
    return { who: "attacker", name, size, ...(dice.chance(0.3) ? { pool: dice.between(0.9, 1.1) } : {}) };
  }

  /** Throws whatever the chain refuses with. */
  async play({ name, size, pool }: Move, truth: Truth): Promise<void> {
    const calls = await this.#calls(name, size);
    const request = name === "requestRedeem" ? await this.#nextRequest() : undefined;
    if (pool === undefined) await this.thief.run(calls);
    else await this.thief.sandwich(inUsdc(truth) * pool, inUsdc(truth), calls);
    if (request !== undefined) this.#requests.push(request);
  }

  /** Takes everything out that there is: shares by instant exit, then by the line. */
  async leave(): Promise<void> {
    const shares = await this.#shares();
    const most = (await this.#vault.maxRedeem!(this.thief.address)) as bigint;
    if (most !== 0n)
      await this.thief.run([
        this.#call("redeem", [most < shares ? most : shares, this.thief.address, this.thief.address]),
      ]);
    if ((await this.#shares()) !== 0n) {
      const request = await this.#nextRequest();
      await this.thief.run(await this.#calls("requestRedeem", 1));
      this.#requests.push(request);
    }
    if (((await this.#vault.queue!()) as { waiting: bigint }).waiting !== 0n) {
      await this.thief.run([this.#call("processQueue", [])]).catch(() => undefined);
    }
    for (const id of this.#requests) {
      if (((await this.#vault.claimable!(id)) as bigint) !== 0n)
        await this.thief.run([this.#call("claim", [id])]);
    }
  }

  /** USDC, 6 decimals, of all it has but shares, with what it may claim. */
  async money(truth: Truth): Promise<bigint> {
    let sum = (await this.#usdc.balanceOf!(this.thief.address)) as bigint;
    sum += wethWorth((await this.#weth.balanceOf!(this.thief.address)) as bigint, truth);
    for (const id of this.#requests) sum += (await this.#vault.claimable!(id)) as bigint;
    return sum;
  }

  /** What its shares are worth at the truth, those in the line included. */
  async stake(truth: Truth): Promise<bigint> {
    const waiting = await this.#waiting();
    return worthOf(this.#keel, (await this.#shares()) + waiting, truth);
  }

  /** Of all shares those that are its own, 18 decimals. */
  async part(): Promise<bigint> {
    const own = (await this.#shares()) + (await this.#waiting());
    return (own * WAD) / (((await this.#vault.totalSupply!()) as bigint) + 10n ** 6n);
  }

  /** What its shares would be released at now, or what they are worth at the truth if that is less. */
  async atBid(truth: Truth): Promise<bigint> {
    const { bid } = (await this.#vault.value!()) as { bid: bigint };
    const [released, worth] = [((await this.part()) * (bid > 0n ? bid : 0n)) / WAD, await this.stake(truth)];
    return released < worth ? released : worth;
  }

  async #shares(): Promise<bigint> {
    return (await this.#vault.balanceOf!(this.thief.address)) as bigint;
  }

  /** Shares of its requests that wait for a price: what the queue has not reached yet. */
  async #waiting(): Promise<bigint> {
    let sum = 0n;
    const { filters, interface: abi } = this.#vault;
    if (this.#requests.length === 0) return 0n;
    let processed = 0n;
    let position = 0n;
    const logs = await this.#vault.queryFilter(filters["QueueProcessed"]!());
    for (const log of logs) processed += abi.parseLog(log)!.args["shares"] as bigint;
    for (const log of await this.#vault.queryFilter(filters["RedeemRequested"]!())) {
      const { requestId, shares } = abi.parseLog(log)!.args as unknown as {
        requestId: bigint;
        shares: bigint;
      };
      const end = position + shares;
      if (this.#requests.includes(requestId) && end > processed) {
        sum += end - (position > processed ? position : processed);
      }
      position = end;
    }
    return sum;
  }

  async #calls(name: Move["name"], size: number): Promise<Call[]> {
    const { address } = this.thief;
    const part = (most: bigint) => (most * BigInt(Math.round(size * 1e9))) / 10n ** 9n;
    const own = (await this.#vault.balanceOf!(address)) as bigint;
    switch (name) {
      case "deposit":
        return [this.#call("deposit", [part(LARGEST), address])];
      case "mint":
        return [this.#call("mint", [part((LARGEST * WAD) / 10n ** 12n), address])];
      case "withdraw":
        return [
          this.#call("withdraw", [
            part((await this.#vault.maxWithdraw!(address)) as bigint),
            address,
            address,
          ]),
        ];
      case "redeem":
        return [
          this.#call("redeem", [part((await this.#vault.maxRedeem!(address)) as bigint), address, address]),
        ];
      case "requestRedeem":
        return [this.#call("requestRedeem", [part(own), address, address])];
      case "claim":
        return this.#requests.slice(-1).map((id) => this.#call("claim", [id]));
      case "settle": {
        const legs = (await this.#vault.legs!()) as bigint[];
        return legs.slice(0, 1).map((leg) => this.#call("settle", [seriesOf(leg)]));
      }
      case "transfer":
        // To itself: what a ledger by balance would count twice.
        return [this.#call("transfer", [address, part(own)])];
      case "donateUsdc":
        return this.#donate(this.#usdc, part(100_000n * USDC));
      case "donateWeth":
        return this.#donate(this.#weth, part(30n * WAD));
      case "roundTrip":
        return [
          this.#call("deposit", [part(LARGEST) + 1n, address]),
          this.#call("redeem", [own, address, address]),
        ];
      case "processQueue":
      case "recordBreach":
      case "clearBreach":
        return [this.#call(name, [])];
    }
  }

  /** To the vault and to both venues. */
  #donate(token: Contract, amount: bigint): Call[] {
    const { Vault, SpotUniswapV3, ShortAaveV3 } = this.#keel.contracts;
    return [Vault, SpotUniswapV3, ShortAaveV3].map((to) => this.thief.call(token, "transfer", [to, amount]));
  }

  async #nextRequest(): Promise<bigint> {
    const logs = await this.#vault.queryFilter(this.#vault.filters["RedeemRequested"]!());
    return BigInt(logs.length);
  }

  #call(method: string, args: readonly unknown[]): Call {
    return this.thief.call(this.#vault, method, args);
  }
}
