import { types, type PGlite } from "@electric-sql/pglite";
import type { Db } from "pg-boss";

/**
 * The embedded database as the queue wants it. Its own adapter rolls a failed block back in a statement of its own, and
 * whatever the store asks in between would fail with it; here nothing comes between. Values come as the queue knows them.
 */
export function embeddedQueue(pglite: PGlite): Db {
  const asText = (text: string) => text;
  const parsers = {
    [types.INT8]: asText,
    [types.NUMERIC]: asText,
    [types.JSONB]: (text: string): unknown => JSON.parse(text),
  };
  return {
    async executeSql(text, values) {
      if (values !== undefined && values.length > 0) return pglite.query(text, [...values], { parsers });
      // The block's own BEGIN and COMMIT are no more than warnings inside a transaction.
      const results = text.trimStart().startsWith("BEGIN")
        ? await pglite.transaction((transaction) => transaction.exec(text, { parsers }))
        : await pglite.exec(text, { parsers });
      return { rows: results.flatMap(({ rows }) => rows) };
    },
  };
}
