import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import { sql, type Transaction } from "kysely";

import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import type { Database } from "./database.ts";
import type { Tables } from "./schema.ts";

/** The part of its time for which a lease is no longer used, so that what was begun under it ends under it. */
const MARGIN = 1 / 5;
/** Heartbeats in the time of a lease. */
const HEARTBEATS = 3;
/** Tries in the time of a lease once a heartbeat failed. */
const RETRIES = 10;
/** SQLSTATE of a lock that was not granted in time. */
const LOCK_NOT_AVAILABLE = "55P03";

/** Somebody else acts for the key by now; what was to be written was not. */
export class LeaseLostError extends Error {
  constructor(key: string) {
    super(`The lease of ${key} is lost.`);
    this.name = "LeaseLostError";
  }
}

/** The right to act for a key, until it is lost or given back. */
export interface Lease {
  readonly key: string;
  readonly holder: string;
  /** Higher than that of every earlier holder. */
  readonly token: bigint;
  /**
   * Whether it certainly is held for a while yet, as far as this process can tell: both clocks are within what the last
   * heartbeat was granted, less a fifth. False for good once it is lost; may be true again after a jump of the clock.
   */
  isHeld(): boolean;
  /** Gives it back, so that the next holder need not wait. Never throws. */
  release(): Promise<void>;
  /** Fires once it is lost, not when it is released. */
  readonly lost: AbortSignal;
}

/** Milliseconds. Neither alone will do: one stands still while a machine sleeps, the other jumps. */
export interface Clock {
  wall(): number;
  monotonic(): number;
}

const systemClock: Clock = { wall: () => Date.now(), monotonic: () => performance.now() };

export interface LeaseOptions {
  readonly key: string;
  /** Names this process, and no other that ever lived: {@link newHolder}. */
  readonly holder: string;
  /** Seconds without a heartbeat after which another may take it. */
  readonly ttl: number;
  readonly log: Log;
  readonly clock?: Clock;
}

/** A name for this process that no other has or had. */
export function newHolder(): string {
  return `${hostname()}:${String(process.pid)}:${randomUUID()}`;
}

/**
 * Takes the lease of a key, and keeps it by heartbeats every third of `ttl`. Time is the database's.
 * @returns Null while somebody else has it.
 */
export async function acquireLease(database: Database, options: LeaseOptions): Promise<Lease | null> {
  const { key, holder, ttl, clock = systemClock } = options;
  const asked = { wall: clock.wall(), monotonic: clock.monotonic() };
  try {
    const { rows } = await sql<{ token: bigint }>`
      insert into leases (key, holder, token, expires_at) values (${key}, ${holder}, 1, ${expiry(ttl)})
      on conflict (key) do update
        set holder = excluded.holder, token = leases.token + 1, expires_at = ${expiry(ttl)}
        where leases.expires_at <= clock_timestamp()
      returning token`.execute(database.db);
    const token = rows[0]?.token;
    return token === undefined ? null : new HeldLease(database, { ...options, clock }, token, asked);
  } catch (error) {
    // Its holder is writing under it at this moment.
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return null;
    throw error;
  }
}

/** Who has the lease of a key, and until when unless it says so again; null while it is free. */
export async function holderOf(
  database: Database,
  key: string,
): Promise<{ readonly holder: string; readonly until: Date } | null> {
  const row = await database.db
    .selectFrom("leases")
    .select(["holder", "expires_at as until"])
    .where("key", "=", key)
    .where("expires_at", ">", sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  return row ?? null;
}

/**
 * The row of `lease` while it is held by the database's own clock, and no row otherwise. Nobody else can take it before
 * the statement this is part of, and its transaction, are done: what is written from it is written under the lease.
 */
export function heldBy(lease: Lease) {
  return sql`select key from leases where key = ${lease.key} and token = ${lease.token}
    and expires_at > clock_timestamp() for share`;
}

/** What a write throws that found no row of {@link heldBy}; the lease knows from then on. */
export function leaseLost(lease: Lease): LeaseLostError {
  if (lease instanceof HeldLease) lease.lose();
  return new LeaseLostError(lease.key);
}

/**
 * Does `work` in a transaction that is committed only if `lease` is still held by the database's own clock; until then
 * nobody else can take it. Throws {@link LeaseLostError} otherwise, and then nothing of it was written.
 */
export async function fenced<T>(
  database: Database,
  lease: Lease,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  return database.db.transaction().execute(async (transaction) => {
    const { rows } = await heldBy(lease).execute(transaction);
    if (rows.length === 0) throw leaseLost(lease);
    return work(transaction);
  });
}

class HeldLease implements Lease {
  readonly key: string;
  readonly holder: string;
  readonly token: bigint;
  readonly #database: Database;
  readonly #ttl: number;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  /** When each clock says that the lease is no longer to be used. */
  #until: { readonly wall: number; readonly monotonic: number };
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(
    database: Database,
    { key, holder, ttl, log, clock }: LeaseOptions & { readonly clock: Clock },
    token: bigint,
    asked: { readonly wall: number; readonly monotonic: number },
  ) {
    this.key = key;
    this.holder = holder;
    this.token = token;
    this.#database = database;
    this.#ttl = ttl * 1000;
    this.#log = log;
    this.#clock = clock;
    this.#until = this.#grantedFrom(asked);
    this.#beatIn(this.#ttl / HEARTBEATS);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isHeld(): boolean {
    const { wall, monotonic } = this.#until;
    return !this.#over && this.#clock.wall() < wall && this.#clock.monotonic() < monotonic;
  }

  async release(): Promise<void> {
    if (this.#over) return;
    this.#end();
    try {
      await this.#database.db
        .updateTable("leases")
        .set({ expires_at: sql<Date>`'-infinity'::timestamptz` })
        .where("key", "=", this.key)
        .where("token", "=", this.token)
        .execute();
    } catch (error) {
      this.#log.warn(
        { key: this.key, error: describeError(error) },
        "A lease could not be given back; it runs out.",
      );
    }
  }

  /** Stops using it for good: somebody else has it, or may have it by now. */
  lose(): void {
    if (this.#over) return;
    this.#end();
    this.#log.warn({ key: this.key, token: this.token }, "A lease is lost.");
    this.#lost.abort(new LeaseLostError(this.key));
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #beatIn(delay: number): void {
    if (this.#over) return;
    // A clock that was set back must not put the end off: the timer asks the monotonic one.
    const left = Math.max(0, this.#until.monotonic - this.#clock.monotonic());
    this.#timer = setTimeout(() => void this.#beat(), Math.min(delay, left));
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    const asked = { wall: this.#clock.wall(), monotonic: this.#clock.monotonic() };
    // By the monotonic clock alone: after a jump of the other, the database tells whether it is still ours.
    if (asked.monotonic >= this.#until.monotonic) {
      this.lose();
      return;
    }
    try {
      const kept = await this.#extend();
      if (this.#over) return;
      if (!kept) {
        this.lose();
        return;
      }
      this.#until = this.#grantedFrom(asked);
      this.#beatIn(this.#ttl / HEARTBEATS);
    } catch (error) {
      this.#log.warn({ key: this.key, error: describeError(error) }, "A heartbeat of a lease failed.");
      this.#beatIn(this.#ttl / RETRIES);
    }
  }

  /** Whether the database still has it under our token. Fails after the time of one heartbeat. */
  async #extend(): Promise<boolean> {
    const answer = this.#database.db
      .updateTable("leases")
      .set({ expires_at: expiry(this.#ttl / 1000) })
      .where("key", "=", this.key)
      .where("token", "=", this.token)
      // A heartbeat that arrives after the release must not take it back.
      .where("expires_at", ">", sql<Date>`'-infinity'::timestamptz`)
      .returning("token")
      .execute();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("No answer in time.")), this.#ttl / HEARTBEATS);
      timer.unref();
    });
    try {
      return (await Promise.race([answer, timeout])).length > 0;
    } finally {
      clearTimeout(timer);
    }
  }

  #grantedFrom(asked: { readonly wall: number; readonly monotonic: number }) {
    const granted = this.#ttl * (1 - MARGIN);
    return { wall: asked.wall + granted, monotonic: asked.monotonic + granted };
  }
}

/** `ttl` seconds from now, by the clock of the database. */
function expiry(ttl: number) {
  return sql<Date>`clock_timestamp() + make_interval(secs => ${ttl}::double precision)`;
}
