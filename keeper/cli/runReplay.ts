import { existsSync } from "node:fs";

import { getAddress, isAddress } from "viem";

import { ConfigError, loadConfig, secretsOf, type Config } from "../config/load.ts";
import { plainJson } from "../fleet/plainJson.ts";
import { describeError } from "../log/describeError.ts";
import { paramsOf, recordedStrategy, strategyOf } from "../replay/recordedStrategy.ts";
import { changes, replay, type Difference, type ReplayTotals } from "../replay/replay.ts";
import { rangeOf, StretchError, toPoint, type Point, type Stretch } from "../replay/stretch.ts";
import type { RiskTransition } from "../risk/riskRecord.ts";
import { openJournal, type Journal, type StoredDecision, type Subject } from "../store/journal.ts";
import { phaseOf } from "../strategy/jitter.ts";
import type { Decision, Strategy } from "../strategy/types.ts";
import { locateVaults } from "./operatorSession.ts";
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
    config = loadConfig({ file: flags.config, env });
    const stretch = await stretchOf(flags, config);
    const strategyFor = await chooser(flags, config);
    const journal = await openRecorded(config);
    try {
      const differences: Difference[] = [];
      const transitions: (RiskTransition & Pick<StoredDecision, "vault" | "chainId">)[] = [];
      const totals = await replay({
        records: recordsOf(journal, stretch, flags.limit),
        strategyFor,
        onDifference(difference) {
          if (flags.json === true) differences.push(difference);
          else stdout.write(`${lineOf(difference)}\n`);
        },
        onTransition(transition, { vault, chainId, block }) {
          if (flags.json === true) transitions.push({ vault, chainId, ...transition });
          else stdout.write(`${riskLine(transition, block.number)}\n`);
        },
      });
      stdout.write(
        flags.json === true
          ? `${plainJson({ ...totals, differences, transitions }, 2)}\n`
          : `${sumOf(totals)}\n`,
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

async function stretchOf({ from, to, vault }: ReplayFlags, config: Config): Promise<Stretch> {
  const read = (flag: string, text: string): Point => {
    try {
      return toPoint(text);
    } catch (error) {
      throw error instanceof StretchError ? new ConfigError([`${flag}: ${error.message}`]) : error;
    }
  };
  return {
    ...(from === undefined ? {} : { from: read("--from", from) }),
    ...(to === undefined ? {} : { to: read("--to", to) }),
    ...(vault === undefined ? {} : { subject: await subjectOf(vault, config) }),
  };
}

/** A vault by its address, which may have left the settings, or by its name in them. */
async function subjectOf(text: string, config: Config): Promise<Partial<Subject>> {
  if (isAddress(text, { strict: false })) return { vault: getAddress(text) };
  const [located] = await locateVaults(config, text);
  const { chainId, contracts } = located!.deployment;
  return { chainId, vault: contracts.Vault };
}

/** Who decides a record again: the strategy asked for, else the one that decided it. Each is made once. */
async function chooser(
  { strategy: asked, params }: ReplayFlags,
  config: Config,
): Promise<(record: StoredDecision) => Promise<Strategy>> {
  const settingsOf = (name: string) => config.vaults.find(({ strategy }) => strategy.name === name);
  const configured = (name: string) => {
    const vault = settingsOf(name);
    return vault && paramsOf(vault.strategy, { riskAversion: vault.riskAversion });
  };
  const made = new Map<string, Promise<Strategy>>();
  if (asked !== undefined) {
    const jitter = settingsOf(asked)?.jitter ?? 0;
    const chosen = { ...configured(asked), ...(jitter === 0 ? {} : { jitter }), ...params };
    // What cannot be made is said before anything is read.
    await strategyOf(asked, chosen);
    return ({ vault, chainId }) => {
      const phase = phaseOf(vault, chainId);
      const strategy = made.get(String(phase)) ?? strategyOf(asked, { phase, ...chosen });
      made.set(String(phase), strategy);
      return strategy;
    };
  }
  if (params !== undefined) throw new ConfigError(["--params: belongs to --strategy, which is not given"]);
  return (record) => {
    const { strategy: name, params: recorded } = record as StoredDecision & { readonly params?: unknown };
    const key = JSON.stringify([name, recorded ?? null]);
    const strategy = made.get(key) ?? recordedStrategy(name, recorded ?? configured(name));
    made.set(key, strategy);
    return strategy;
  };
}

/** The records of a stretch, oldest first; of these the newest `limit`, which fit into memory. */
async function* recordsOf(
  journal: Journal,
  stretch: Stretch,
  limit: number | undefined,
): AsyncGenerator<StoredDecision> {
  const range = rangeOf(stretch);
  if (limit === undefined) yield* journal.allDecisions(range);
  else yield* (await journal.decisions({ ...range, limit })).reverse();
}

function riskLine({ from, to, why }: RiskTransition, block: bigint): string {
  return `block ${String(block)}: risk ${from} → ${to}: ${why}`;
}

function lineOf({ id, block, recorded, now, risk }: Difference): string {
  const place = `block ${String(block)} (decision ${String(id)}):`;
  if (risk !== undefined)
    return `${place} risk ${risk.recorded.level} → ${"error" in risk.now ? risk.now.error : risk.now.level}`;
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
