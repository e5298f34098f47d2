import { rmSync } from "node:fs";
import { join } from "node:path";

import { network } from "hardhat";
import { numberToHex, type Address, type Hash, type Hex } from "viem";

import { DAY, keelFixture, seriesId, USDC, WAD } from "../contracts/utils/keel.ts";

/** Hardhat's account 2, the keeper of the fixture. Everybody knows it. */
export const KEEPER_KEY: Hex = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";

/** Seconds between blocks by the chain's clock. */
const BLOCK_TIME = 2;
/** Sales that are prepared, so that one transaction disturbs the vault. */
const SALES = 6;
const GAS = 2_000_000n;

/** Created by this process. */
let grounds = 0;

interface Block {
  readonly number: Hex;
  readonly hash: Hash;
  readonly timestamp: Hex;
}

/** A real node over HTTP and websocket with a vault that is short delta, put back for every scenario. */
export class Ground {
  readonly url: string;
  readonly keel: Awaited<ReturnType<typeof keelFixture>>;
  readonly #close: () => Promise<void>;
  /** The first of a scenario. */
  firstBlock = 0;
  #clean: Hex = "0x0";
  #sales: Hex[] = [];
  #nextSale = 0;
  /** Wei a unit of gas, of the blocks to come; null for what the chain makes it. */
  baseFee: bigint | null = null;
  #miner: NodeJS.Timeout | null = null;
  /** Blocks are made one at a time, whoever asks for them. */
  #turn: Promise<unknown> = Promise.resolve();
  #id = 0;

  private constructor(url: string, keel: Ground["keel"], close: () => Promise<void>) {
    this.url = url;
    this.keel = keel;
    this.#close = close;
  }

  static async create(): Promise<Ground> {
    const server = await network.createServer({ network: "localMainnet" }, "127.0.0.1", 0);
    const { port } = await server.listen();
    const url = `http://127.0.0.1:${String(port)}`;
    const deploymentId = `chaos-${String(process.pid)}-${String((grounds += 1))}`;
    const keel = await keelFixture({ url, deploymentId });
    rmSync(join("ignition/deployments", deploymentId), { recursive: true, force: true });
    const ground = new Ground(url, keel, async () => {
      // Closing waits for the clients that are still connected.
      await Promise.race([server.close(), new Promise((resolve) => setTimeout(resolve, 200))]);
    });
    await ground.#furnish();
    return ground;
  }

  get webSocketUrl(): string {
    return this.url.replace("http", "ws");
  }

  get vault(): Address {
    return this.keel.contracts.Vault;
  }

  get keeper(): Address {
    return this.keel.keeper.address as Address;
  }

  async close(): Promise<void> {
    this.stopMining();
    await this.#close();
  }

  /** Puts the chain back to where every scenario begins: 100 ETH of drift, and no block but when asked for. */
  async reset(): Promise<void> {
    this.stopMining();
    await this.#turn;
    await this.rpc("evm_revert", [this.#clean]);
    this.#clean = await this.rpc("evm_snapshot");
    await this.rpc("evm_setAutomine", [false]);
    this.#nextSale = 0;
    this.baseFee = null;
  }

  async rpc<T = Hex>(method: string, params: readonly unknown[] = []): Promise<T> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: (this.#id += 1), method, params });
    const response = await this.#post(body).catch(() => this.#post(body));
    const { result, error } = (await response.json()) as { result: T; error?: { message: string } };
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Once more where it fails: while this process opens a database the node gives up connections that it would use again. */
  #post(body: string): Promise<Response> {
    return fetch(this.url, { method: "POST", headers: { "content-type": "application/json" }, body });
  }

  /** Mines blocks, so many seconds of the chain apart. */
  mine(count = 1, seconds = BLOCK_TIME): Promise<void> {
    return this.inTurn(async () => {
      for (let i = 0; i < count; i += 1) {
        const { timestamp } = await this.head();
        if (this.baseFee !== null)
          await this.rpc("hardhat_setNextBlockBaseFeePerGas", [numberToHex(this.baseFee)]);
        await this.rpc("evm_mine", [numberToHex(Number(timestamp) + seconds)]);
      }
    });
  }

  /** Mines a block every so many milliseconds until told to stop. */
  startMining(interval = 120): void {
    this.stopMining();
    this.#miner = setInterval(() => {
      this.mine().catch(() => undefined);
    }, interval);
  }

  stopMining(): void {
    if (this.#miner !== null) clearInterval(this.#miner);
    this.#miner = null;
  }

  /** Does something while no block is mined. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  head(): Promise<Block> {
    return this.rpc<Block>("eth_getBlockByNumber", ["latest", false]);
  }

  async height(): Promise<number> {
    return Number((await this.head()).number);
  }

  /** Sells more options of the vault, in a block that is mined for it, which leaves it with a drift anew. */
  async disturb(): Promise<void> {
    const data = this.#sales[this.#nextSale];
    if (data === undefined) throw new Error("All sales that were prepared are made.");
    this.#nextSale += 1;
    const { OptionBook: to } = this.keel.contracts;
    const from = this.keel.taker.address;
    await this.rpc("eth_sendTransaction", [{ from, to, data, gas: numberToHex(GAS) }]);
    await this.mine();
  }

  /** ETH. */
  async drift(): Promise<number> {
    return Number(BigInt.asIntN(256, await this.#call("drift"))) / 1e18;
  }

  async rebalances(): Promise<number> {
    return Number(await this.#call("rebalanceNonce"));
  }

  async #call(name: string): Promise<bigint> {
    const data = this.keel.vault.interface.encodeFunctionData(name);
    return BigInt(await this.rpc("eth_call", [{ to: this.vault, data }, "latest"]));
  }

  async nonce(tag: "latest" | "pending" = "latest"): Promise<number> {
    return Number(await this.rpc("eth_getTransactionCount", [this.keeper, tag]));
  }

  async #furnish(): Promise<void> {
    const { keel } = this;
    await keel.deposit(keel.alice, 5_000_000n * USDC);
    const expiry = (await keel.networkHelpers.time.latest()) + 7 * DAY;
    const series = seriesId({ isPut: false, strike: 2_000, cap: 6_000, expiry });
    await keel.buy(keel.taker, series, 100n * WAD);
    const premium = ((await keel.mark(series)) * 102n) / 100n;
    const quantity = 10n * WAD;
    await keel.fund(keel.taker, ((premium * quantity) / WAD) * BigInt(SALES + 1));
    for (let i = 0; i < SALES; i += 1) {
      const { terms, signature } = await keel.quote(series, quantity, premium);
      this.#sales.push(keel.book.interface.encodeFunctionData("fill", [terms, signature, quantity]) as Hex);
    }
    this.firstBlock = (await this.height()) + 1;
    this.#clean = await this.rpc("evm_snapshot");
  }
}
