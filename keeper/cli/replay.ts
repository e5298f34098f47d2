import { Command, InvalidArgumentError } from "commander";
import { wholeIn } from "./numberFlag.ts";

export interface ReplayFlags {
  readonly config?: string;
  readonly from?: string;
  readonly to?: string;
  readonly vault?: string;
  readonly strategy?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly limit?: number;
  readonly json?: true;
}

const HELP = `
Each decision of the journal holds all it was made on, so that it can be made again without a chain. Without --strategy
it is made by the strategy that made it; with it, by that one: its parameters are those given, else the configured ones
if it is the configured strategy. The limits recorded with a decision hold for it too. --from and --to take a block
number or a time in ISO 8601 (UTC where no zone is given), and belong to the stretch.

An embedded store belongs to one process: stop the keeper first, or replay a copy of its directory.

With --json the output is {decisions, same, different, differences: [{id, block, recorded, now}]}.
Exit codes: 0 all the same, 1 some differ, 2 it could not be replayed.

Examples:
  $ npm run --silent keeper -- replay --from 2026-01-01 --to 2026-01-31T23:59:59Z
  $ npm run --silent keeper -- replay --from 19000000 --limit 500 --json
  $ npm run --silent keeper -- replay --strategy threshold --params '{"delta": 25, "inner": 5}'
  $ npm run --silent keeper -- replay --strategy volatility --params '{"fraction": 0.02, "reference": 0.6}'`;

/** `keeper replay`: makes recorded decisions again, and shows which come out otherwise. */
export function replayCommand(): Command {
  return new Command("replay")
    .description("Make a recorded stretch of decisions again, and show which come out otherwise.")
    .option("--config <file>", "configuration file; keeper.config.json when it is there")
    .option("--from <point>", "block number or ISO time to begin at")
    .option("--to <point>", "block number or ISO time to end at")
    .option("--vault <name>", "only the decisions of this vault; also by its address")
    .option(
      "--strategy <name>",
      "decide by another strategy: optimal-impulse, threshold, time, volatility, margin, fixed-band",
    )
    .option("--params <json>", "with --strategy, its parameters as a JSON object", toObject)
    .option("--limit <n>", "at most the newest n of them", wholeIn(1, 999_999_999))
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(flags: ReplayFlags): Promise<void> {
  const { runReplay } = await import("./runReplay.ts");
  process.exitCode = await runReplay(flags, {
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
  });
}

function toObject(value: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw new InvalidArgumentError("Not JSON.");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new InvalidArgumentError("Not a JSON object.");
  }
  return parsed as Record<string, unknown>;
}
