import type { AlertStore, KeptAlert } from "../../../keeper/alerts/notifier.ts";

/** Alerts kept in memory, by the clock of the test. */
export class MemoryAlerts implements AlertStore {
  readonly rows: (KeptAlert & { notifiedAt: bigint | null; message: string })[] = [];
  readonly #now: () => number;
  fails = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  async raise(alert: Parameters<AlertStore["raise"]>[0]): Promise<KeptAlert | null> {
    await this.#work();
    const known = this.rows.find(({ key }) => key === alert.key);
    if (known !== undefined) {
      known.message = alert.message;
      return null;
    }
    const row = { ...alert, id: BigInt(this.rows.length), raisedAt: BigInt(this.#now()), notifiedAt: null };
    this.rows.push(row);
    return { ...row };
  }

  async resolve(key: string): Promise<KeptAlert | null> {
    await this.#work();
    const at = this.rows.findIndex((row) => row.key === key);
    return at < 0 ? null : this.rows.splice(at, 1)[0]!;
  }

  async open(): Promise<readonly KeptAlert[]> {
    await this.#work();
    return this.rows.map((row) => ({ ...row }));
  }

  async markNotified(id: bigint): Promise<void> {
    await this.#work();
    const row = this.rows.find((each) => each.id === id);
    if (row !== undefined) row.notifiedAt = BigInt(this.#now());
  }

  async #work(): Promise<void> {
    await Promise.resolve();
    if (this.fails) throw new Error("The database is down.");
  }
}
