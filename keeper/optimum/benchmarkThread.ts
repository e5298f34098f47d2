import { parentPort } from "node:worker_threads";

import { describeError } from "../log/describeError.ts";
import { runCase, type CaseRequest, type CaseResult } from "./benchmarkCase.ts";

/** What a thread answers to a {@link CaseRequest}. */
export type CaseAnswer = { readonly result: CaseResult } | { readonly error: string };

parentPort!.on("message", (request: CaseRequest) => {
  let answer: CaseAnswer;
  try {
    answer = { result: runCase(request) };
  } catch (error) {
    answer = { error: describeError(error) };
  }
  parentPort!.postMessage(answer);
});
