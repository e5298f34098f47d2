import { inspect } from "node:util";

const HIDDEN = "[secret]";

/** Text shorter than this is not blotted out of logs: it would also hit innocent words. */
const SHORTEST_BLOTTED = 6;

/** A value that shows as `[secret]` however it is printed; only {@link Secret.reveal} gives it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: call it where it is used, and nowhere before. */
  reveal(): string {
    return this.#value;
  }

  /** `text` with every appearance of the value, with and without `0x`, replaced. */
  blot(text: string): string {
    const bare = this.#value.replace(/^0x/, "");
    return bare.length < SHORTEST_BLOTTED
      ? text
      : text.replaceAll(this.#value, HIDDEN).replaceAll(bare, HIDDEN);
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.toPrimitive](): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
