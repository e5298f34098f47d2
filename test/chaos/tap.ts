export type Channel = "rpc" | "database" | "signer";

/** Something a keeper sent: the n-th on its channel since the count began. */
export interface Message {
  readonly channel: Channel;
  readonly n: number;
  /** Its method, or the beginning of its SQL. */
  readonly what: string;
}

/** What becomes of it: it goes on, it never arrives, or its connection breaks. */
export type Fate = "pass" | "hold" | "break";

/** Sees what passes, before it is forwarded and before its reply is. */
export interface Tap {
  before(message: Message): Promise<Fate>;
  after(message: Message): Promise<Fate>;
}

const pass = (): Promise<Fate> => Promise.resolve("pass");
export const passing: Tap = { before: pass, after: pass };

export type Phase = "before" | "after";
export const PHASES: readonly Phase[] = ["before", "after"];

/** Does something when the first message that matches comes, which then has the fate it returns. */
export class OneShot implements Tap {
  readonly #phase: Phase;
  readonly #matches: (message: Message) => boolean;
  readonly #act: (message: Message) => Promise<Fate> | Fate;
  hit: Message | null = null;

  constructor(
    phase: Phase,
    matches: (message: Message) => boolean,
    act: (message: Message) => Promise<Fate> | Fate,
  ) {
    this.#phase = phase;
    this.#matches = matches;
    this.#act = act;
  }

  before(message: Message): Promise<Fate> {
    return this.#at("before", message);
  }

  after(message: Message): Promise<Fate> {
    return this.#at("after", message);
  }

  async #at(phase: Phase, message: Message): Promise<Fate> {
    if (phase !== this.#phase || this.hit !== null || !this.#matches(message)) return "pass";
    this.hit = message;
    return this.#act(message);
  }
}

/** A promise and the way to resolve it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
