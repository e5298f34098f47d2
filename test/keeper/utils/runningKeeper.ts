import { PassThrough } from "node:stream";

import { runKeeper, type RunKeeperOptions } from "../../../keeper/cli/runKeeper.ts";
import { LogLines } from "./logLines.ts";

/** A keeper that runs in this process as `keeper run` does, until it is stopped. */
export class RunningKeeper {
  readonly log: LogLines;
  readonly #stop = new AbortController();
  readonly #ended: Promise<number>;

  constructor(options: Pick<RunKeeperOptions, "configFile" | "env">) {
    const stderr = new PassThrough();
    this.log = new LogLines(stderr);
    this.#ended = runKeeper({
      ...{ once: false, shadowOf: null, stderr, signal: this.#stop.signal },
      ...options,
    });
  }

  /** @returns The exit code. */
  stop(): Promise<number> {
    this.#stop.abort();
    return this.#ended;
  }
}
