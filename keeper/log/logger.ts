import { pino, type Logger } from "pino";

import { formatLine } from "./formatLine.ts";
import { Secret } from "../config/secret.ts";

/** The part of a logger the keeper uses: fixed messages with fields. */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Values to blot out of every line, whoever wrote them. */
  readonly secrets?: readonly Secret[];
  /** Readable text instead of JSON lines. Default: whether the destination is a terminal. */
  readonly text?: boolean;
  /** Default: standard error, since standard output belongs to what a command answers. */
  readonly destination?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** A logger that writes JSON lines, or readable text on a terminal, and never a secret. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? process.stderr;
  const text = options.text ?? destination.isTTY === true;
  const secrets = options.secrets ?? [];
  const stream = {
    write(json: string): void {
      const line = secrets.reduce((current, secret) => secret.blot(current), json);
      destination.write(text ? formatLine(line) : line);
    },
  };
  return pino({ level: options.level, base: null, formatters: { log: withoutBigints } }, stream);
}

/** pino's serialiser refuses bigint; the chain's numbers are logged as decimal text. */
function withoutBigints(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === "bigint" ? value.toString() : value]),
  );
}

/** A log that drops everything, for callers that show progress in another way. */
export const silentLog: Log = pino({ level: "silent" });
