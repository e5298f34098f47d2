import { hexToBigInt, type Address, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { startJsonServer, type JsonServer } from "../keeper/utils/jsonServer.ts";
import { passing, type Tap } from "./tap.ts";

/** A signer behind `eth_signTransaction`, as Web3Signer is one. */
export class SignerServer {
  tap: Tap = passing;
  count = 0;
  readonly address: Address;
  readonly #account: ReturnType<typeof privateKeyToAccount>;
  #server: JsonServer | null = null;

  private constructor(key: Hex) {
    this.#account = privateKeyToAccount(key);
    this.address = this.#account.address;
  }

  static async start(key: Hex): Promise<SignerServer> {
    const signer = new SignerServer(key);
    signer.#server = await startJsonServer(async (body) => {
      const { id, method, params } = body as { id: number; method: string; params: readonly SignRequest[] };
      signer.count += 1;
      const message = { channel: "signer", n: signer.count, what: method } as const;
      if ((await signer.tap.before(message)) !== "pass") return "hang up";
      const result =
        method === "eth_accounts" ? [signer.address.toLowerCase()] : await signer.#sign(params[0]!);
      if ((await signer.tap.after(message)) !== "pass") return "hang up";
      return { json: { jsonrpc: "2.0", id, result } };
    });
    return signer;
  }

  get url(): string {
    return this.#server!.url;
  }

  reset(): void {
    this.tap = passing;
    this.count = 0;
  }

  close(): Promise<void> {
    return this.#server!.close();
  }

  #sign(request: SignRequest): Promise<Hex> {
    return this.#account.signTransaction({
      type: "eip1559",
      chainId: Number(request.chainId),
      nonce: Number(request.nonce),
      to: request.to,
      data: request.data ?? request.input ?? "0x",
      value: hexToBigInt(request.value),
      gas: hexToBigInt(request.gas),
      maxFeePerGas: hexToBigInt(request.maxFeePerGas),
      maxPriorityFeePerGas: hexToBigInt(request.maxPriorityFeePerGas),
    });
  }
}

interface SignRequest {
  readonly chainId: Hex;
  readonly nonce: Hex;
  readonly to: Address;
  readonly data?: Hex;
  readonly input?: Hex;
  readonly value: Hex;
  readonly gas: Hex;
  readonly maxFeePerGas: Hex;
  readonly maxPriorityFeePerGas: Hex;
}
