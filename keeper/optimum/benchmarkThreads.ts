import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { PolicyInputError } from "../math/policyInputError.ts";
import type { CaseRequest, CaseResult } from "./benchmarkCase.ts";
import type { CaseAnswer } from "./benchmarkThread.ts";

const THREAD = new URL("./benchmarkThread.ts", import.meta.url);

/**
 * Runs cases on so many threads and answers in their order, whatever the order they end in.
 *
 * @param onDone Called after each with how many are done.
 * @throws what the first case that fails throws, the threads being stopped.
 */
export async function runCases(
  requests: readonly CaseRequest[],
  threads: number,
  onDone: (done: number) => void,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const workers: Worker[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(THREAD);
    workers.push(worker);
    for (let i = next++; i < requests.length; i = next++) {
      worker.postMessage(requests[i]);
      const [answer] = (await once(worker, "message")) as [CaseAnswer];
      if ("error" in answer)
        throw answer.path === null
          ? new Error(answer.error)
          : new PolicyInputError(answer.path, answer.error);
      results[i] = answer.result;
      onDone(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(threads, requests.length) }, work));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}
