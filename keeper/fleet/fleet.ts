import { setTimeout as sleep } from "node:timers/promises";

import { sql } from "kysely";

import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import { RemoteSignerError } from "../signer/remote.ts";
import type { Database } from "../store/database.ts";
import { holderOf } from "../store/leases.ts";
import type { ChainSeat } from "./chainSeat.ts";
import type { LaneSeat } from "./laneSeat.ts";
import { StartupError } from "./startupChecks.ts";
import type { AlertStatus, FleetStatus } from "./status.ts";

export interface FleetOptions {
  readonly chains: readonly ChainSeat[];
  readonly database: Database;
  readonly build: string;
  readonly log: Log;
  /** Seconds between looks while something is awaited. */
  readonly pollInterval: number;
  /** The open ones. */
  readonly alerts: () => readonly AlertStatus[];
}

/** Seconds between looks at whether the database answers. */
const DATABASE_EVERY = 10;

/** Seconds for which what was sent is awaited, half as long again as it can take effect: a chain may stand still, or never answer. */
const LONGEST_WAIT = 900;

/** Everything one process keeps: chains, and on each its lanes and vaults, none of which stops for the failure of another. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #startedAt = Date.now() / 1000;
  #database: FleetStatus["database"] = { reachable: true, lastError: null };

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Checks every vault. Those that fail are logged and tried again at every block; where all fail it throws the first's {@link StartupError}. */
  async check(): Promise<void> {
    const { chains, log } = this.#options;
    const vaults = chains.flatMap((chain) => chain.vaults);
    const results = await Promise.allSettled(vaults.map((vault) => vault.start()));
    const failures = results.filter((result) => result.status === "rejected");
    const [first] = failures;
    if (first === undefined) return;
    const describe = ({ reason }: PromiseRejectedResult) =>
      reason instanceof StartupError || reason instanceof RemoteSignerError
        ? reason.message
        : `The start could not be checked: ${describeError(reason)}`;
    if (failures.length === vaults.length) throw new StartupError(describe(first));
    for (const failure of failures)
      log.error({ error: describe(failure) }, "A vault cannot be kept for now.");
  }

  /**
   * Follows all chains until the signal aborts, then gives back what it holds. An error that nobody has dealt with ends all of it:
   * a process of which a part goes on is not started again.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { chains } = this.#options;
    const failing = new AbortController();
    const end = AbortSignal.any([signal, failing.signal]);
    const parts = [...chains.map((chain) => chain.run(end)), this.#watchDatabase(end)];
    try {
      await Promise.all(parts);
    } finally {
      failing.abort();
      await Promise.allSettled(parts);
      await this.#release();
    }
  }

  /**
   * Decides once for every vault, and looks on until what was sent has ended or can no longer take effect. It does not wait for a lane
   * that another process has, which may keep it for ever, but throws a {@link StartupError} at the end, as where it could decide for
   * no vault at all. Where it could for some, why it could not for the others is only logged.
   */
  async once(signal: AbortSignal): Promise<void> {
    const { chains, pollInterval, log } = this.#options;
    try {
      const failures = (await Promise.all(chains.map((chain) => this.#decideOnce(chain)))).flat();
      const isRefused = chains.some(({ lanes }) => lanes.some((lane) => lane.isRefused));
      const isAnyDecided = this.status().vaults.some(({ head }) => head !== null);
      const giveUpAt = performance.now() + LONGEST_WAIT * 1000;
      while (!signal.aborted && performance.now() < giveUpAt) {
        const awaiting = await Promise.all(chains.map((chain) => this.#isAwaiting(chain)));
        if (!awaiting.includes(true)) break;
        await sleep(pollInterval * 1000, undefined, { signal }).catch(() => undefined);
      }
      for (const { transactions } of this.status().lanes)
        for (const { kind, vault, hash } of transactions)
          log.warn({ kind, vault, hash }, "A transaction was not mined in time.");
      if (failures.length > 0 && (isRefused || !isAnyDecided) && !signal.aborted)
        throw new StartupError(failures.join(" "));
    } finally {
      await this.#release();
    }
  }

  status(): FleetStatus {
    const { chains, build, alerts } = this.#options;
    const now = Date.now() / 1000;
    return {
      build,
      startedAt: this.#startedAt,
      database: this.#database,
      chains: chains.map((chain) => chain.status(now)),
      lanes: chains.flatMap((chain) => chain.lanes.map((lane) => lane.status(chain.rebalanceCost(lane)))),
      vaults: chains.flatMap((chain) => chain.vaults.map((vault) => vault.status(now))),
      alerts: alerts(),
    };
  }

  /** @returns Why nothing was decided, a sentence for the chain, or for each lane that was not had and each other vault. */
  async #decideOnce(chain: ChainSeat): Promise<string[]> {
    try {
      await chain.decideOnce();
    } catch (error) {
      const { log } = this.#options;
      log.error({ chainId: chain.chainId, error: describeError(error) }, "A chain could not be read.");
      const which = `chain ${String(chain.chainId)}, which could not be read`;
      return [sentence(`Nothing was decided on ${which}: ${describeError(error)}`)];
    }
    const now = Date.now() / 1000;
    const lanes = chain.lanes.filter((lane) => !lane.isHeld);
    // Those in standby are of a lane that was not had.
    const vaults = chain.vaults
      .map((vault) => vault.status(now))
      .filter(({ head, mode }) => head === null && mode !== "standby");
    return [
      ...(await Promise.all(lanes.map((lane) => this.#whyNotHeld(lane)))),
      ...vaults.map(({ name, lastError }) =>
        sentence(`Nothing was decided for ${name}: ${lastError ?? "its account could not be looked after"}`),
      ),
    ];
  }

  async #whyNotHeld({ isRefused, leaseKey }: LaneSeat): Promise<string> {
    const why = await holderOf(this.#options.database, leaseKey).then(
      (held) => {
        if (held !== null)
          return `${held.holder} has it until ${held.until.toISOString()}, longer if it still runs`;
        return isRefused
          ? "it was taken when this one asked, and is free by now"
          : "it could not be taken, and is free";
      },
      (error: unknown) => `the database does not say who has it: ${describeError(error)}`,
    );
    return sentence(`Nothing was decided for want of the lease ${leaseKey}: ${why}`);
  }

  /** A chain that cannot be read may have something to await: another must not be left for it. */
  async #isAwaiting(chain: ChainSeat): Promise<boolean> {
    try {
      return await chain.isAwaiting();
    } catch (error) {
      const { log } = this.#options;
      log.error({ chain: chain.chainId, error: describeError(error) }, "A chain could not be read.");
      return true;
    }
  }

  async #release(): Promise<void> {
    await Promise.all(this.#options.chains.map((chain) => chain.release()));
  }

  async #watchDatabase(signal: AbortSignal): Promise<void> {
    const { database } = this.#options;
    while (!signal.aborted) {
      try {
        await sql`select 1`.execute(database.db);
        this.#database = { reachable: true, lastError: null };
      } catch (error) {
        this.#database = { reachable: false, lastError: describeError(error) };
      }
      await sleep(DATABASE_EVERY * 1000, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** What an error says may end in a full stop or not. */
function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
