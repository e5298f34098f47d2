import { fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { on } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";

import type { Scenario, Series } from "./scenario.ts";
import type { Result, Task } from "./worker.ts";

const USAGE = `Plays what can go wrong between a keeper, its chain and its database, and looks what came of it.

  --seed NUMBER   draws the same faults again (default: another one every time)
  --only TEXT     scenarios whose name contains it
  --jobs NUMBER   worlds to play in at a time (1)
  --list          prints the names
  --help`;

const WORKER = join(import.meta.dirname, "worker.ts");

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: String(randomInt(2 ** 31)) },
      only: { type: "string", default: "" },
      jobs: { type: "string", default: "1" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { scenarios, series } = await import("./scenarios/all.ts");
  const queue = new Queue(scenarios, series, values.only);
  if (values.list) {
    for (const { name } of [...scenarios, ...series]) console.log(name);
    return 0;
  }
  const seed = Number(values.seed);
  console.log(`seed ${String(seed)}`);
  const startedAt = performance.now();
  const report = new Report();
  await Promise.all(Array.from({ length: Number(values.jobs) }, () => employ(queue, seed, report)));
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  report.conclude(`in ${minutes} min, seed ${String(seed)}`);
  return report.failures.length === 0 && report.passed > 0 ? 0 : 1;
}

/** A worker in a process of its own, as long as there is something to do. */
async function employ(queue: Queue, seed: number, report: Report): Promise<void> {
  const worker = fork(WORKER, [String(seed)]);
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    worker.once("exit", () => {
      ended = true;
      resolve();
    });
  });
  const stopped = new AbortController();
  void gone.then(() => {
    stopped.abort();
  });
  let task: Task | null = null;
  let began = 0;
  try {
    for await (const [result] of on(worker, "message", { signal: stopped.signal }) as AsyncIterable<
      [Result | null]
    >) {
      if (task !== null && result !== null) {
        queue.note(task, result.outcome === "unreached");
        report.note(task, result, (performance.now() - began) / 1000);
      }
      task = queue.next();
      began = performance.now();
      worker.send(task as Task);
      if (task === null) break;
    }
  } catch (error) {
    if (!ended) throw error;
    report.note(
      task ?? { name: "the start of a world", n: null },
      { outcome: "failed", error: "The worker died." },
      0,
    );
  }
  await gone;
}

class Report {
  passed = 0;
  readonly failures: string[] = [];

  note({ name, n }: Task, { outcome, error }: Result, seconds: number): void {
    const title = n === null ? name : `${name}, ${String(n)}`;
    console.log(`${outcome.padEnd(9)} ${seconds.toFixed(1).padStart(5)} s  ${title}`);
    if (outcome === "ok") this.passed += 1;
    if (outcome !== "failed") return;
    console.log(error);
    this.failures.push(`${title}: ${error?.split("\n")[0] ?? ""}`);
  }

  conclude(when: string): void {
    console.log(`${String(this.passed)} passed, ${String(this.failures.length)} failed ${when}`);
    for (const failure of this.failures) console.log(`  ${failure}`);
  }
}

/** Of a series: after so many that were not reached there is nothing more to reach. */
const ENOUGH = 2;

/** What is left to play: single scenarios, and of each series one number after the other until they are not reached any more. */
class Queue {
  readonly #scenarios: Scenario[];
  readonly #series: { readonly name: string; n: number; unreached: number }[];
  /** The one of a series that is wanted, or null for all. */
  readonly #exact: number | null;

  /** @param only Part of a name; of a series also the name of one of it. */
  constructor(scenarios: readonly Scenario[], series: readonly Series[], only: string) {
    const wanted = scenarios.filter(({ name }) => name.includes(only));
    const number = Number(/\d+/.exec(only)?.[0] ?? NaN);
    const exact = series.filter(({ at }) => at(number).name === only);
    this.#exact = exact.length > 0 ? number : null;
    this.#scenarios = wanted;
    const all = exact.length > 0 ? exact : series.filter(({ name }) => name.includes(only));
    this.#series = all.map(({ name }) => ({ name, n: 0, unreached: 0 }));
  }

  next(): Task | null {
    const scenario = this.#scenarios.shift();
    if (scenario !== undefined) return { name: scenario.name, n: null };
    const [state] = this.#series;
    if (state === undefined) return null;
    if (state.unreached >= ENOUGH) {
      this.#series.shift();
      return this.next();
    }
    if (this.#exact !== null) this.#series.shift();
    state.n += 1;
    return { name: state.name, n: this.#exact ?? state.n };
  }

  note({ name, n }: Task, isUnreached: boolean): void {
    const state = this.#series.find((each) => each.name === name);
    if (n !== null && state !== undefined && isUnreached) state.unreached += 1;
  }
}

// Run as a command: Mocha loads every file here.
if (process.argv[1] === import.meta.filename) process.exit(await main());
