/** The part of an EIP-1193 provider a viem client needs. */
export interface Provider {
  request(request: { method: string; params?: unknown }): Promise<unknown>;
}

/** What goes wrong with a method: asked for each call, with the way to the real provider. */
export type Fault = (forward: () => Promise<unknown>) => Promise<unknown>;

/** A provider whose methods fail as told; the others work. Faults may be set and lifted while it is in use. */
export class FaultyProvider implements Provider {
  readonly #provider: Provider;
  readonly faults = new Map<string, Fault>();
  /** Every method asked for, in order. */
  readonly asked: string[] = [];

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  request(request: { method: string; params?: unknown }): Promise<unknown> {
    this.asked.push(request.method);
    const forward = () => this.#provider.request(request);
    const fault = this.faults.get(request.method);
    return fault === undefined ? forward() : fault(forward);
  }
}

/** The request never arrives. */
export const lost: Fault = () => Promise.reject(new Error("socket hang up"));

/** The request arrives; its answer does not. */
export const unanswered: Fault = async (forward) => {
  await forward();
  throw new Error("socket hang up");
};
