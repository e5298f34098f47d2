import {
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  numberToHex,
  parseEther,
  type Abi,
  type Address,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  type Hex,
} from "viem";

import type { Artifact } from "./artifacts.ts";

/** The part of an EIP-1193 provider that is needed here; Hardhat's in-process provider is one. */
export interface Eip1193Provider {
  request(request: { method: string; params?: readonly unknown[] }): Promise<unknown>;
}

export interface Receipt {
  readonly transactionHash: Hex;
  readonly status: Hex;
  readonly contractAddress: Address | null;
  readonly blockNumber: Hex;
  readonly gasUsed: Hex;
  readonly logs: readonly {
    readonly address: Address;
    readonly topics: [Hex, ...Hex[]];
    readonly data: Hex;
  }[];
}

type ViewName<A extends Abi> = ContractFunctionName<A, "pure" | "view" | "nonpayable">;
type WriteName<A extends Abi> = ContractFunctionName<A, "nonpayable" | "payable">;

/** EIP-7825 refuses a transaction with a higher gas limit. */
const MAX_TRANSACTION_GAS = 16_777_216n;
const CALL_GAS = 10_000_000n;
const FEE_RESERVE = parseEther("1000");
const ACTOR_BALANCE = parseEther("1000000");

/** A development chain (Hardhat or its like) seen through its provider, with the powers such a chain gives. */
export class Chain {
  readonly #provider: Eip1193Provider;

  constructor(provider: Eip1193Provider) {
    this.#provider = provider;
  }

  async rpc<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    return (await this.#provider.request({ method, params })) as T;
  }

  /** Lets `account` send without its key, `value` wei included, with ether from nowhere when it has too little. */
  async impersonate(account: Address, value = 0n): Promise<void> {
    await this.rpc("hardhat_impersonateAccount", [account]);
    const balance = BigInt(await this.rpc<Hex>("eth_getBalance", [account, "latest"]));
    if (balance < value + FEE_RESERVE) await this.setBalance(account, value + ACTOR_BALANCE);
  }

  async setBalance(account: Address, wei: bigint): Promise<void> {
    await this.rpc("hardhat_setBalance", [account, numberToHex(wei)]);
  }

  /**
   * Sends from an impersonated account and waits until it is mined.
   * @param transaction without `to` it creates a contract; `value` in wei.
   * @throws Error when it reverts.
   */
  async send(
    from: Address,
    transaction: { to?: Address; data?: Hex; value?: bigint; gas?: bigint },
  ): Promise<Receipt> {
    await this.impersonate(from, transaction.value);
    const hash = await this.rpc<Hex>("eth_sendTransaction", [
      {
        from,
        ...(transaction.to === undefined ? {} : { to: transaction.to }),
        data: transaction.data ?? "0x",
        value: numberToHex(transaction.value ?? 0n),
        gas: numberToHex(transaction.gas ?? CALL_GAS),
      },
    ]);
    const receipt = await this.#receipt(hash);
    if (receipt.status !== "0x1")
      throw new Error(`transaction ${hash} to ${transaction.to ?? "create"} reverted`);
    return receipt;
  }

  /** Deploys an artifact; with `nonce`, as the transaction of that nonce of `from`, which fixes the address. */
  async deploy(
    from: Address,
    artifact: Artifact,
    args: readonly unknown[] = [],
    options: { nonce?: number; expected?: Address } = {},
  ): Promise<Address> {
    if (options.nonce !== undefined) await this.setNonce(from, options.nonce);
    const receipt = await this.send(from, { data: creationCode(artifact, args), gas: MAX_TRANSACTION_GAS });
    if (receipt.contractAddress === null) throw new Error("the creation left no contract");
    const address = getAddress(receipt.contractAddress);
    if (options.expected !== undefined && address !== options.expected) {
      throw new Error(`deployed at ${address}, expected ${options.expected}`);
    }
    return address;
  }

  /**
   * Runs the artifact's constructor at `address` itself, so that its storage, its immutables, its children's addresses
   * and its events come out as if it had been created there.
   */
  async placeAt(
    address: Address,
    from: Address,
    artifact: Artifact,
    args: readonly unknown[] = [],
  ): Promise<void> {
    await this.impersonate(from);
    // A created contract starts at nonce 1, and its children's addresses follow from it.
    await this.setNonce(address, 1);
    // While the creation code stands at the address, a call to it is a run of the constructor: as an eth_call it
    // returns the runtime code, as a transaction it writes the storage.
    await this.rpc("hardhat_setCode", [address, creationCode(artifact, args)]);
    const runtime = await this.rpc<Hex>("eth_call", [
      { from, to: address, data: "0x", gas: numberToHex(MAX_TRANSACTION_GAS) },
      "latest",
    ]);
    await this.send(from, { to: address, gas: MAX_TRANSACTION_GAS });
    await this.rpc("hardhat_setCode", [address, runtime]);
  }

  async setNonce(account: Address, nonce: number): Promise<void> {
    await this.rpc("hardhat_setNonce", [account, numberToHex(nonce)]);
  }

  /** Calls at the latest block; functions that are not views (quoters) are simulated. */
  async read<const A extends Abi, N extends ViewName<A>>(
    to: Address,
    abi: A,
    functionName: N,
    args: ContractFunctionArgs<A, "pure" | "view" | "nonpayable", N>,
  ): Promise<ContractFunctionReturnType<A, "pure" | "view" | "nonpayable", N>> {
    const call = { abi: abi as Abi, functionName: functionName as string, args: args as readonly unknown[] };
    const data = await this.rpc<Hex>("eth_call", [{ to, data: encodeFunctionData(call) }, "latest"]);
    return decodeFunctionResult({ ...call, data }) as ContractFunctionReturnType<
      A,
      "pure" | "view" | "nonpayable",
      N
    >;
  }

  /** Sends a call from an impersonated account. @throws Error naming the function when it reverts. */
  async write<const A extends Abi, N extends WriteName<A>>(
    from: Address,
    to: Address,
    abi: A,
    functionName: N,
    args: ContractFunctionArgs<A, "nonpayable" | "payable", N>,
    value = 0n,
  ): Promise<Receipt> {
    const data = encodeFunctionData({
      abi: abi as Abi,
      functionName: functionName as string,
      args: args as readonly unknown[],
    });
    try {
      return await this.send(from, { to, data, value });
    } catch (error) {
      throw new Error(`${String(functionName)} on ${to} failed`, { cause: error });
    }
  }

  async timestamp(): Promise<number> {
    const block = await this.rpc<{ timestamp: Hex }>("eth_getBlockByNumber", ["latest", false]);
    return Number(block.timestamp);
  }

  async #receipt(hash: Hex): Promise<Receipt> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const receipt = await this.rpc<Receipt | null>("eth_getTransactionReceipt", [hash]);
      if (receipt !== null) return receipt;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`transaction ${hash} was not mined`);
  }
}

/** A provider over a JSON-RPC endpoint. @throws Error with the endpoint's message when it answers with one. */
export function httpProvider(url: string): Eip1193Provider {
  let id = 0;
  return {
    async request({ method, params = [] }) {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
      });
      const body = (await response.json()) as { result?: unknown; error?: { message: string } };
      if (body.error !== undefined) throw new Error(`${method}: ${body.error.message}`);
      return body.result;
    },
  };
}

function creationCode(artifact: Artifact, args: readonly unknown[]): Hex {
  return encodeDeployData({ abi: artifact.abi, bytecode: artifact.bytecode, args });
}
