import type { Decision } from "../strategy/types.ts";

/** What happened that the status cannot show, because only its distribution counts. Told as it happens; must not throw. */
export interface Observer {
  decided(about: {
    readonly chainId: number;
    /** Name of the vault in the fleet. */
    readonly vault: string;
    readonly decision: Pick<Decision, "action" | "reason">;
  }): void;
  /** A transaction was first accepted by a node. */
  broadcast(about: {
    readonly chainId: number;
    /** From the block's arrival to the acceptance. */
    readonly seconds: number;
    /** Of these, the seconds in which nothing but an RPC answer was waited for. */
    readonly rpcSeconds: number;
  }): void;
  /** An RPC endpoint answered, or did not. */
  requested(about: {
    readonly chainId: number;
    /** Its name without secrets, as in its health. */
    readonly endpoint: string;
    readonly method: string;
    readonly seconds: number;
    /** Whether it answered; a revert is an answer. */
    readonly answered: boolean;
  }): void;
}

/** Looks away. */
export const noObserver: Observer = {
  decided: () => undefined,
  broadcast: () => undefined,
  requested: () => undefined,
};
