import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "viem";

import type { AlertSettings } from "../config/alertSettings.ts";
import type { Secret } from "../config/secret.ts";
import type { AlertStatus, FleetStatus } from "../fleet/status.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import { alertsOf, isAbout, isForeign, SEVERITY, type Alert, type AlertName } from "./rules.ts";
import type { AlertMessage, Deliver } from "./webhook.ts";

/** An alert as it is kept. Times are unix seconds. */
export interface KeptAlert {
  readonly id: bigint;
  readonly key: string;
  readonly name: string;
  readonly message: string;
  readonly chainId: number | null;
  readonly vault: Address | null;
  readonly raisedAt: bigint;
  /** When somebody was told of it last. */
  readonly notifiedAt: bigint | null;
}

/** Where alerts are kept, so that a restart neither forgets one nor tells it twice. */
export interface AlertStore {
  /** @returns Null where it is open already. */
  raise(alert: Pick<KeptAlert, "key" | "name" | "message" | "chainId" | "vault">): Promise<KeptAlert | null>;
  /** @returns Null where it was not open. */
  resolve(key: string): Promise<KeptAlert | null>;
  open(): Promise<readonly KeptAlert[]>;
  markNotified(id: bigint): Promise<void>;
}

export interface NotifierOptions {
  readonly store: AlertStore;
  readonly settings: AlertSettings;
  /** Whether no other process can have the store: then what is of a vault that this one does not know is of none any more. Default: no. */
  readonly isAlone?: boolean;
  /** Null: alerts are logged and shown, and nobody is told. */
  readonly webhook: {
    /** Hands a message to the queue, which tries until it is delivered. `key` tells equal messages. */
    enqueue(message: AlertMessage, key: string): Promise<unknown>;
    /** The way past the queue while it is out of order. */
    readonly deliver: Deliver;
  } | null;
  readonly log: Log;
  /** Values to blot out of messages: an error that a node worded may repeat them. */
  readonly secrets?: readonly Secret[];
  /** Unix seconds. Default: this machine's clock. */
  now?(): number;
}

/** What is known of an open alert. */
interface Open {
  readonly alert: Omit<Alert, "hold">;
  readonly since: number;
  /** When the operator was told last; null: not yet. */
  toldAt: number | null;
  /** Null while the store does not have it. */
  readonly id: bigint | null;
  /** Told past the store, which does not know yet. */
  isUnmarked: boolean;
}

/** Tells the operator of each alert once, again while it lasts, and when it is over. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #now: () => number;
  /** When what is true now became true, and when what is open and no longer true was found not to be. */
  readonly #presentSince = new Map<string, number>();
  readonly #absentSince = new Map<string, number>();
  #open = new Map<string, Open>();
  /** Over, but still open in the store. */
  readonly #endedUnsaved = new Set<string>();
  #storeFails = false;
  #running: Promise<void> | null = null;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => Date.now() / 1000);
  }

  /** The open alerts, oldest first, for the status. */
  get open(): readonly AlertStatus[] {
    return [...this.#open.values()]
      .map(({ alert, since }) => ({ ...alert, since }))
      .sort((one, other) => one.since - other.since);
  }

  /** Brings the alerts in line with the status. Never rejects: what fails is logged, and the next call tries again. */
  update(status: FleetStatus): Promise<void> {
    this.#running ??= this.#update(status).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Updates every so many seconds until the signal aborts. */
  async run(status: () => FleetStatus, interval: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.update(status());
      await sleep(interval * 1000, undefined, { signal }).catch(() => undefined);
    }
  }

  async #update(status: FleetStatus): Promise<void> {
    const { log, settings } = this.#options;
    try {
      const present = new Map(alertsOf(status, this.#now(), settings).map((alert) => [alert.key, alert]));
      this.#note(present);
      try {
        await this.#updateStore(present, status);
        this.#storeFails = false;
      } catch (error) {
        if (!this.#storeFails) log.error({ error: describeError(error) }, "Alerts bypass the store.");
        this.#storeFails = true;
        await this.#updateWithoutStore(present, status);
      }
    } catch (error) {
      log.error({ error: describeError(error) }, "Alerts could not be updated.");
    }
  }

  #note(present: ReadonlyMap<string, Alert>): void {
    for (const key of this.#presentSince.keys()) if (!present.has(key)) this.#presentSince.delete(key);
    for (const key of present.keys()) {
      this.#absentSince.delete(key);
      if (!this.#presentSince.has(key)) this.#presentSince.set(key, this.#now());
    }
  }

  async #updateStore(present: ReadonlyMap<string, Alert>, status: FleetStatus): Promise<void> {
    const { store } = this.#options;
    for (const key of this.#endedUnsaved) {
      await store.resolve(key);
      this.#endedUnsaved.delete(key);
    }
    const before = this.#open;
    for (const { key, name, message: worded, chainId, vault } of this.#raisable(present)) {
      const message = this.#clean(worded);
      const known = before.get(key);
      const isKept = known !== undefined && known.id !== null && known.alert.message === message;
      if (!isKept) await store.raise({ key, name, message, chainId, vault });
    }
    const kept = await store.open();
    const open = new Map(kept.map((row) => [row.key, this.#toOpen(row, before.get(row.key))]));
    // Raised and gone while the store was out of reach: nobody else knows that it has to be called off.
    for (const [key, entry] of before) if (entry.id === null && !open.has(key)) open.set(key, entry);
    this.#open = open;

    for (const entry of open.values()) {
      const { key } = entry.alert;
      const { id } = entry;
      if (id !== null && entry.isUnmarked) {
        await store.markNotified(id);
        entry.isUnmarked = false;
      }
      if (present.has(key)) {
        // In this order: what dies in between is told twice rather than never.
        if ((await this.#tellIfDue(entry, this.#enqueue(entry, false))) && id !== null)
          await store.markNotified(id);
      } else if (this.#isOver(key, status)) {
        await this.#end(entry, this.#enqueue(entry, true));
        await store.resolve(key);
      }
    }
  }

  async #updateWithoutStore(present: ReadonlyMap<string, Alert>, status: FleetStatus): Promise<void> {
    for (const raised of this.#raisable(present)) {
      if (this.#open.has(raised.key)) continue;
      const alert = { ...raised, message: this.#clean(raised.message) };
      this.#logRaised(alert);
      this.#open.set(alert.key, { id: null, alert, since: this.#now(), toldAt: null, isUnmarked: false });
    }
    for (const entry of this.#open.values()) {
      const { key, name } = entry.alert;
      try {
        if (present.has(key)) {
          if (await this.#tellIfDue(entry, this.#deliver(entry, false))) entry.isUnmarked = true;
        } else if (this.#isOver(key, status)) {
          await this.#end(entry, this.#deliver(entry, true));
          this.#endedUnsaved.add(key);
        }
      } catch (error) {
        this.#options.log.error({ name, error: describeError(error) }, "An alert could not be delivered.");
      }
    }
  }

  /** What has been true for long enough. */
  #raisable(present: ReadonlyMap<string, Alert>): Alert[] {
    const now = this.#now();
    return [...present.values()].filter(({ key, hold }) => now - this.#presentSince.get(key)! >= hold);
  }

  /** Whether what is not true now has not been for long enough, and this process is the one to say so. */
  #isOver(key: string, status: FleetStatus): boolean {
    const isOrphan = this.#options.isAlone === true && isForeign(status, key);
    if (!isOrphan && !isAbout(status, key)) {
      this.#absentSince.delete(key);
      return false;
    }
    const since = this.#absentSince.get(key) ?? this.#now();
    this.#absentSince.set(key, since);
    return this.#now() - since >= this.#options.settings.clearAfter;
  }

  #toOpen(row: KeptAlert, before: Open | undefined): Open {
    const { id, key, message, chainId, vault } = row;
    const name = row.name as AlertName;
    // A later version may have had a rule that this one has not.
    const severity = (SEVERITY as Partial<typeof SEVERITY>)[name] ?? "warning";
    const markedAt = row.notifiedAt === null ? null : Number(row.notifiedAt);
    if (before === undefined && markedAt === null) this.#logRaised({ key, name, severity, message });
    return {
      id,
      alert: { key, name, severity, chainId, vault, message },
      since: Number(row.raisedAt),
      // What was told past the store is told all the same.
      toldAt: before?.toldAt ?? markedAt,
      isUnmarked: before?.isUnmarked ?? false,
    };
  }

  /** @returns Whether it told. */
  async #tellIfDue(entry: Open, tell: () => Promise<unknown>): Promise<boolean> {
    const now = this.#now();
    const { toldAt } = entry;
    const repeats = entry.alert.severity !== "info";
    const isDue = toldAt === null || (repeats && now - toldAt >= this.#options.settings.repeatAfter);
    if (!isDue) return false;
    await tell();
    entry.toldAt = now;
    return true;
  }

  /** What merely happened has no end worth telling, and neither has what nobody was told of. */
  async #end(entry: Open, tell: () => Promise<unknown>): Promise<void> {
    const { key, name, severity, message } = entry.alert;
    if (entry.toldAt !== null && severity !== "info") await tell();
    this.#open.delete(key);
    this.#absentSince.delete(key);
    this.#options.log.info({ key, name, severity, about: message }, "An alert is over.");
  }

  #enqueue(entry: Open, resolved: boolean): () => Promise<unknown> {
    const time = resolved ? "resolved" : String(Math.floor(this.#now()));
    const key = `${entry.alert.key}:${String(Math.floor(entry.since))}:${time}`;
    return async () => this.#options.webhook?.enqueue(messageOf(entry, resolved), key);
  }

  #deliver(entry: Open, resolved: boolean): () => Promise<unknown> {
    return async () => this.#options.webhook?.deliver(messageOf(entry, resolved));
  }

  #logRaised({ key, name, severity, message }: Pick<Alert, "key" | "name" | "severity" | "message">): void {
    this.#options.log[severity === "info" ? "info" : "warn"](
      { key, name, severity, about: message },
      "Alert.",
    );
  }

  #clean(message: string): string {
    return (this.#options.secrets ?? []).reduce((text, secret) => secret.blot(text), message);
  }
}

function messageOf({ alert, since }: Open, resolved: boolean): AlertMessage {
  const { name, severity, chainId, vault, message } = alert;
  const time = new Date(since * 1000).toISOString();
  return {
    text: `[${resolved ? "resolved" : severity}] ${message}`,
    name,
    severity,
    chainId,
    vault,
    since: time,
    resolved,
  };
}
