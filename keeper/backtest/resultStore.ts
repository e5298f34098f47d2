import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

import { InputError } from "../history/inputError.ts";
import type { Database } from "../store/database.ts";
import type { StrategyRun } from "./result.ts";
import type { Scenario } from "./scenario.ts";

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Keys asked for at a time: a statement takes only so many parameters. */
const BATCH = 1000;

/** Results and worlds of backtests, by digest, in the keeper's database. */
export class ResultStore {
  readonly #db: Database["db"];

  constructor({ db }: Database) {
    this.#db = db;
  }

  /**
   * Those of `keys` that are there.
   * @throws InputError when one of them failed for good; it is then forgotten, so that asking again tries again.
   */
  async find(keys: readonly string[]): Promise<Map<string, StrategyRun>> {
    const found = new Map<string, StrategyRun>();
    for (let from = 0; from < keys.length; from += BATCH) {
      const rows = await this.#db
        .selectFrom("backtest_results")
        .select(["key", "content", "error"])
        .where("key", "in", keys.slice(from, from + BATCH))
        .execute();
      for (const { key, content, error } of rows) {
        if (content === null) {
          await this.#db.deleteFrom("backtest_results").where("key", "=", key).execute();
          throw new InputError(error ?? "failed");
        }
        found.set(key, (await read(content)) as StrategyRun);
      }
    }
    return found;
  }

  async has(key: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom("backtest_results")
      .select("key")
      .where("key", "=", key)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Keeps a result, or why there is none. Whoever was first stays: they are the same. */
  async put(key: string, result: StrategyRun | { readonly error: string }): Promise<void> {
    const values =
      "error" in result
        ? { key, content: null, error: result.error }
        : { key, content: await pack(JSON.stringify(result)), error: null };
    await this.#db
      .insertInto("backtest_results")
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async putScenario(key: string, scenario: Scenario): Promise<void> {
    const content = await pack(JSON.stringify(scenario));
    await this.#db
      .insertInto("backtest_inputs")
      .values({ key, content })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async scenario(key: string): Promise<Scenario> {
    const row = await this.#db
      .selectFrom("backtest_inputs")
      .select("content")
      .where("key", "=", key)
      .executeTakeFirst();
    if (row === undefined) throw new Error(`The inputs ${key} of a backtest are not in the database.`);
    return (await read(row.content)) as Scenario;
  }
}

async function read(content: Uint8Array): Promise<unknown> {
  return JSON.parse((await unpack(content)).toString());
}
