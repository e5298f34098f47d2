import { z } from "zod";

import type { PublicServer } from "./publicServer.ts";

export const DERIBIT_URL = "https://www.deribit.com";

/** Why Deribit refuses a question: https://docs.deribit.com/articles/errors */
const refusal = z.object({ error: z.object({ code: z.int(), message: z.string() }) });

/**
 * Asks one of Deribit's public methods.
 * @throws SourceError when there is no answer that fits the schema of its `result`.
 */
export async function askDeribit<T>(
  server: PublicServer,
  method: string,
  query: Readonly<Record<string, string | number>>,
  result: z.ZodType<T>,
): Promise<T> {
  const answer = await server.get(
    `/api/v2/public/${method}`,
    query,
    z.union([z.object({ result }), refusal]),
  );
  if ("error" in answer) throw server.refused(method, answer.error.message);
  return answer.result;
}
