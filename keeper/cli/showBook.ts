import { ConfigError, loadConfig, secretsOf, type Config } from "../config/load.ts";
import { bookOf, oddsOf, sumBooks, type BookState } from "../fleet/book.ts";
import { describeError } from "../log/describeError.ts";
import { renderBook } from "./bookTable.ts";
import { readingsOf, type Reading, type ReadVault } from "./readings.ts";

export interface ShowBookOptions {
  readonly configFile: string | undefined;
  /** The vault to read; without one, the only one there is. */
  readonly vault: string | undefined;
  readonly all: boolean;
  /** Seconds. */
  readonly horizon: number;
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Probabilities within the horizon, and the prices, USD per ETH, between which no limit breaks. */
export interface BreachAnswer {
  readonly delta: number;
  readonly margin: number;
  readonly any: number;
  /** Null where no price below breaks one. */
  readonly low: number | null;
  readonly high: number | null;
}

export type BookAnswer = Omit<BookState, "breach"> & { readonly breach: BreachAnswer };
export type VaultAnswer = { readonly name: string; readonly chainId: number; readonly vault: string } & {
  /** Its number. */
  readonly block: number;
} & BookAnswer;

/** What the command prints with --json. */
export interface FleetAnswer {
  /** Unix seconds at which it was asked. */
  readonly at: number;
  readonly horizon: number;
  readonly vaults: readonly (VaultAnswer | { readonly name: string; readonly error: string })[];
  /** Of the vaults that could be read; null without any. */
  readonly fleet: BookAnswer | null;
}

const EXIT = { allRead: 0, someFailed: 1, badSettings: 2 } as const;

/** Prints the book of one vault or of all. @returns The exit code; a vault that cannot be read does not stop the others. */
export async function showBook(options: ShowBookOptions): Promise<number> {
  const { json, stdout, stderr } = options;
  let config: Config;
  let readings: Reading[];
  try {
    config = loadConfig({ file: options.configFile, env: options.env });
    readings = chosen(readingsOf(config), options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.problems) stderr.write(`keeper: ${line}\n`);
    return EXIT.badSettings;
  }
  const secrets = secretsOf(config);
  const answer = await answerBook(readings, options.horizon, (error) =>
    secrets.reduce((text, secret) => secret.blot(text), describeError(error)),
  );
  stdout.write(json ? `${JSON.stringify(answer, null, 2)}\n` : `${renderBook(answer)}\n`);
  return answer.vaults.some((row) => "error" in row) ? EXIT.someFailed : EXIT.allRead;
}

function chosen(readings: Reading[], { vault, all }: ShowBookOptions): Reading[] {
  if (all) return readings;
  const names = readings.map(({ name }) => name).join(", ");
  if (vault !== undefined) {
    const found = readings.filter(({ name }) => name === vault);
    if (found.length === 0) throw new ConfigError([`--vault: there is none of that name, only ${names}`]);
    return found;
  }
  if (readings.length > 1)
    throw new ConfigError([`--vault: name one of ${names}, or give --all for their sums`]);
  return readings;
}

/**
 * Reads all of them at once, and answers each in its place. One that fails keeps no other from its answer.
 *
 * @param horizon Seconds. @param describe Puts an error into a line without secrets.
 */
export async function answerBook(
  readings: readonly Reading[],
  horizon: number,
  describe: (error: unknown) => string,
): Promise<FleetAnswer> {
  const at = Math.floor(Date.now() / 1000);
  const answers = await Promise.all(
    readings.map(async ({ name, deltaLimit, read }) => {
      try {
        const { snapshot, chainId, vault }: ReadVault = await read();
        const book = bookOf(snapshot, deltaLimit);
        return {
          book,
          row: { name, chainId, vault, block: Number(snapshot.blockNumber), ...bookAnswer(book, horizon) },
        };
      } catch (error) {
        return { book: null, row: { name, error: describe(error) } };
      }
    }),
  );
  const fleet = sumBooks(answers.flatMap(({ book }) => book ?? []));
  const vaults = answers.map(({ row }) => row);
  return { at, horizon, vaults, fleet: fleet === null ? null : bookAnswer(fleet, horizon) };
}

function bookAnswer(book: BookState, horizon: number): BookAnswer {
  const { low, high } = book.breach.any;
  const breach = {
    ...oddsOf(book, horizon),
    low: low === 0 ? null : low,
    high: high === Infinity ? null : high,
  };
  return { ...book, breach };
}
