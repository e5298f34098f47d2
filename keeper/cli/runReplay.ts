import { existsSync } from "node:fs";

import { ConfigError, loadConfig, secretsOf, type Config } from "../config/load.ts";
import { plainJson } from "../fleet/plainJson.ts";
import { describeError } from "../log/describeError.ts";
import { paramsOf, strategyOf } from "../replay/recordedStrategy.ts";
import { changes, replay, type Difference, type ReplayTotals } from "../replay/replay.ts";
import { isWithin, StretchError, toPoint, toVault, type Stretch } from "../replay/stretch.ts";
import { openJournal, type Journal, type StoredDecision } from "../store/journal.ts";
import type { Decision, Strategy } from "../strategy/types.ts";
import type { ReplayFlags } from "./replay.ts";

export interface RunReplayOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

const EXIT = { same: 0, different: 1, failed: 2 } as const;

/** Replays what the flags name. @returns The exit code; every failure is one line on `stderr`. */
export async function runReplay(flags: ReplayFlags, options: RunReplayOptions): Promise<number> {
  const { env, stdout, stderr } = options;
  let config: Config | null = null;
  try {
    const stretch = stretchOf(flags);
    config = loadConfig({ file: flags.config, env });
    const strategyFor = await chooser(flags, config);
    const journal = await openRecorded(config);
    try {
      const differences: Difference[] = [];
      const totals = await replay({
        records: recordsOf(journal, stretch, flags.limit),
        strategyFor,
        onDifference(difference) {
          if (flags.json === true) differences.push(difference);
          else stdout.write(`${lineOf(difference)}\n`);
        },
      });
      stdout.write(
        flags.json === true ? `${plainJson({ ...totals, differences }, 2)}\n` : `${sumOf(totals)}\n`,
      );
      if (totals.decisions === 0) stderr.write("replay: no decision is recorded in this stretch\n");
      return totals.different === 0 ? EXIT.same : EXIT.different;
    } finally {
      await journal.close();
    }
  } catch (error) {
    const secrets = config === null ? [] : secretsOf(config);
    for (const line of error instanceof ConfigError ? error.problems : [describeError(error)]) {
      stderr.write(`replay: ${secrets.reduce((text, secret) => secret.blot(text), line)}\n`);
    }
    return EXIT.failed;
  }
}

/** The journal of an earlier run. Opening one that is not there would make it. */
async function openRecorded({ storeDir, databaseUrl }: Config): Promise<Journal> {
  if (databaseUrl !== null) return openJournal({ url: databaseUrl });
  if (!existsSync(storeDir)) throw new ConfigError([`storeDir: there is no store at ${storeDir}`]);
  return openJournal({ directory: storeDir });
}

function stretchOf({ from, to, vault }: ReplayFlags): Stretch {
  const read = <Value>(flag: string, text: string, parse: (text: string) => Value): Value => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof StretchError ? new ConfigError([`${flag}: ${error.message}`]) : error;
    }
  };
  return {
    ...(from === undefined ? {} : { from: read("--from", from, toPoint) }),
    ...(to === undefined ? {} : { to: read("--to", to, toPoint) }),
    ...(vault === undefined ? {} : { vault: read("--vault", vault, toVault) }),
  };
}

/** Who decides a record again: the strategy asked for, else the one that decided it. Each is made once. */
async function chooser(
  { strategy: asked, params }: ReplayFlags,
  config: Config,
): Promise<(record: StoredDecision) => Promise<Strategy>> {
  const configured = (name: string) => {
    const vault = config.vaults.find(({ strategy }) => strategy.name === name);
    return vault && paramsOf(vault.strategy, { riskAversion: vault.riskAversion });
  };
  if (asked !== undefined) {
    const strategy = await strategyOf(asked, { ...configured(asked), ...params });
    return () => Promise.resolve(strategy);
  }
  if (params !== undefined) throw new ConfigError(["--params: belongs to --strategy, which is not given"]);
  const made = new Map<string, Promise<Strategy>>();
  return (record) => {
    const { strategy: name, params: recorded } = record as StoredDecision & { readonly params?: unknown };
    const key = JSON.stringify([name, recorded ?? null]);
    const strategy = made.get(key) ?? strategyOf(name, recorded ?? configured(name));
    made.set(key, strategy);
    return strategy;
  };
}

/** More than any journal of one vault holds. */
const ALL = 1_000_000_000;

/** The records of a stretch, oldest first; of these the newest `limit`. */
async function* recordsOf(
  journal: Journal,
  stretch: Stretch,
  limit: number | undefined,
): AsyncGenerator<StoredDecision> {
  const newestFirst = await journal.decisions({ limit: ALL });
  const within = newestFirst.filter((record) => isWithin(record, stretch));
  yield* within.slice(0, limit).reverse();
}

function lineOf({ id, block, recorded, now }: Difference): string {
  const place = `block ${String(block)} (decision ${String(id)}):`;
  if ("error" in now) return `${place} ${wordsOf(recorded)} → ${now.error}`;
  const [before, after] = [wordsOf(recorded), wordsOf(now)];
  if (before !== after) return `${place} ${before} → ${after}`;
  return `${place} ${before}, but another ${changes(recorded, now).join(", ")}`;
}

function wordsOf({ action, reason, trade }: Decision): string {
  return action === "hold" ? `hold (${reason})` : `trade ${trade.toPrecision(6)} ETH (${reason})`;
}

function sumOf({ decisions, same, different }: ReplayTotals): string {
  return `${String(decisions)} decisions: ${String(same)} the same, ${String(different)} different`;
}
