import { getAddress, isAddress } from "viem";

import { datasetOf, WHAT, type Sources, type What } from "../fetch/datasets.ts";
import { fetchInto } from "../fetch/fetchInto.ts";
import { SourceError } from "../fetch/sourceError.ts";
import { InputError } from "../history/inputError.ts";
import { formatInstant, parseFrom, parseTo } from "../history/instant.ts";
import { HOUR_SECONDS } from "../history/candle.ts";
import type { FetchFlags } from "./fetch.ts";
import { Progress } from "./progress.ts";

export interface RunFetchOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const EXIT = { done: 0, failed: 1, badInput: 2 } as const;

const DEFAULT_SECONDS = 30 * 86_400;

/** Seconds for which the hour that has just ended is not asked for. */
const SETTLING = 60;

/** Fetches, or checks the sources. @returns The exit code; every failure is one line on `stderr`. */
export async function runFetch(
  given: string | undefined,
  flags: FetchFlags,
  options: RunFetchOptions,
): Promise<number> {
  const { stdout, stderr } = options;
  const progress = new Progress(stderr, "fetch");
  try {
    const sources = sourcesOf(flags, options.env, (message) => {
      progress.say(message);
    });
    if (flags.check === true) {
      const [{ checkSources }, { plainTable }] = await Promise.all([
        import("../fetch/check.ts"),
        import("./plainTable.ts"),
      ]);
      const checks = await checkSources(given === undefined ? null : whatOf(given), sources);
      const table = plainTable(["source", "for", "", "answer"], { aligns: Array<"left">(4).fill("left") });
      for (const { source, what: of, verdict, detail } of checks) table.push([source, of, verdict, detail]);
      stdout.write(`${table.toString()}\n`);
      return checks.every(({ verdict }) => verdict !== "fails") ? EXIT.done : EXIT.failed;
    }
    const what = whatOf(given);
    const { out } = flags;
    if (out === undefined) throw new InputError("name a file with --out");
    const { from, to } = stretchOf(what, flags);
    const { added, rows } = await fetchInto({
      ...{ dataset: datasetOf(what, sources), path: out, from, to },
      onProgress: ({ until, share, added: sofar }) => {
        progress.show(share, `${what} to ${formatInstant(until)}, ${String(sofar)} rows`);
      },
      onNote: (note) => {
        progress.say(note);
      },
    });
    progress.stop();
    if (rows === 0)
      throw new SourceError("unexpected", "there is nothing in that stretch; no file was written");
    stdout.write(`${out}: ${String(added)} rows added, ${String(rows)} in all\n`);
    return EXIT.done;
  } catch (error) {
    progress.stop();
    if (!(error instanceof InputError || error instanceof SourceError)) throw error;
    stderr.write(`fetch: ${error.message}\n`);
    return error instanceof InputError ? EXIT.badInput : EXIT.failed;
  }
}

function whatOf(given: string | undefined): What {
  const what = WHAT.find((name) => name === given);
  if (what !== undefined) return what;
  const wrong = given === undefined ? "name what to fetch" : `there is no ${given} to fetch`;
  throw new InputError(`${wrong}: ${WHAT.join(", ")}`);
}

function sourcesOf(
  flags: FetchFlags,
  env: RunFetchOptions["env"],
  onRetry: (message: string) => void,
): Sources {
  const { binance, coinbase, deribit, feed, source: candleSource, rps: requestsPerSecond } = flags;
  if (feed !== undefined && !isAddress(feed, { strict: false }))
    throw new InputError(`--feed ${feed}: no address`);
  const { retries = flags.check === true ? 1 : 6 } = flags;
  const [configured] = (env["KEEL_RPC_URL"] ?? "").split(/[\s,]+/);
  const rpc = [flags.rpc, configured, env["RPC_URL"]].find((url) => url !== undefined && url !== "");
  return {
    ...{ binance, coinbase, deribit, rpc, candleSource, requestsPerSecond, retries, onRetry },
    feed: feed === undefined ? undefined : getAddress(feed.toLowerCase()),
  };
}

/** Unix seconds; whole hours where rows are, and then none that has not ended. */
function stretchOf(what: What, { from, to }: FetchFlags): { from: number; to: number } {
  const now = Math.floor(Date.now() / 1000);
  if (what === "chain") {
    if (from !== undefined || to !== undefined) {
      throw new InputError("chain is a snapshot of now: it takes neither --from nor --to");
    }
    return { from: now, to: Infinity };
  }
  const step = what === "rounds" ? 1 : HOUR_SECONDS;
  const latest = what === "rounds" ? now : now - SETTLING;
  const asked = to === undefined ? latest : Math.min(latest, parseTo("--to", to));
  const end = Math.floor(asked / step) * step;
  const start = from === undefined ? end - DEFAULT_SECONDS : parseFrom("--from", from);
  const begin = Math.ceil(start / step) * step;
  if (begin < end) return { from: begin, to: end };
  const unit = step === 1 ? "nothing" : "no whole hour that has ended";
  throw new InputError(`there is ${unit} from ${formatInstant(start)} to ${formatInstant(asked)}`);
}
