import { inspect } from "node:util";

const HIDDEN = "[secret]";

/** Text shorter than this is not blotted out of logs: it would also hit innocent words. */
const SHORTEST_BLOTTED = 6;

/** Parts of an endpoint shorter than this are words like `mainnet`, not tokens. */
const SHORTEST_TOKEN = 16;

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

/**
 * What of an endpoint no output may show. Servers repeat parts of what they were asked, so besides the whole of it: its
 * path, its credentials, and whatever in path and query is long enough to be a token.
 */
export function secretsOfUrl(endpoint: Secret): Secret[] {
  const url = URL.parse(endpoint.reveal());
  if (url === null) return [endpoint];
  const { pathname, search, searchParams, username, password } = url;
  const tokens = [...pathname.split("/"), ...searchParams.values()].filter(
    (part) => part.length >= SHORTEST_TOKEN,
  );
  const parts = [pathname + search, pathname, ...tokens, password, username];
  return [endpoint, ...parts.map((part) => new Secret(part))];
}
