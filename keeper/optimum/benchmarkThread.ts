import { parentPort } from "node:worker_threads";

import { describeError } from "../log/describeError.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { runCase, type CaseRequest, type CaseResult } from "./benchmarkCase.ts";

/** What a thread answers to a {@link CaseRequest}. `path`: of what was asked and cannot be, null for another failure. */
export type CaseAnswer =
  { readonly result: CaseResult } | { readonly error: string; readonly path: string | null };

parentPort!.on("message", (request: CaseRequest) => {
  void answerTo(request).then((answer) => {
    parentPort!.postMessage(answer);
  });
});

async function answerTo(request: CaseRequest): Promise<CaseAnswer> {
  try {
    return { result: await runCase(request) };
  } catch (error) {
    return error instanceof PolicyInputError
      ? { error: error.message, path: error.path }
      : { error: describeError(error), path: null };
  }
}
