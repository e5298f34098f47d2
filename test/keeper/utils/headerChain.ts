import { keccak256, toHex, type Hex } from "viem";

export interface Header {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: Hex;
  readonly baseFeePerGas: Hex;
}

/** Headers as nodes give them, of a chain that can take another branch. */
export class HeaderChain {
  #headers: Header[] = [];
  salt = 0;

  constructor(length: number) {
    this.mine(length);
  }

  get tip(): Header {
    return this.#headers.at(-1)!;
  }

  mine(count = 1): Header {
    for (let each = 0; each < count; each += 1) {
      const number = this.#headers.length;
      const parentHash = this.#headers.at(-1)?.hash ?? keccak256("0x");
      this.#headers.push({
        number: `0x${number.toString(16)}`,
        parentHash,
        hash: keccak256(toHex(`${parentHash} ${String(this.salt)}`)),
        timestamp: `0x${(number * 12).toString(16)}`,
        baseFeePerGas: "0x7",
      });
    }
    return this.tip;
  }

  rewind(depth: number): void {
    this.salt += 1;
    this.#headers.splice(this.#headers.length - depth);
  }

  at(tag: unknown): Header | null {
    return tag === "latest" ? this.tip : (this.#headers[Number(tag)] ?? null);
  }
}
