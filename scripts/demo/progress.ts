import { driftOf, hedgeOf, type Snapshot } from "../../keeper/chain/snapshot.ts";
import { fromUsdc, fromWad } from "../../keeper/math/units.ts";
import { moment } from "./moment.ts";
import type { ProgressEvent } from "./playRun.ts";

/** A line of the path is written every so many hours of it. */
const HOURS_BETWEEN_LINES = 6;

/** Tells how a demo proceeds, one line at a time, the seconds since it started in front. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #startedAt = performance.now();
  #hours = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** A line about something other than the path. */
  say(message: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    this.#write(`${seconds.padStart(6)} s  ${message}\n`);
  }

  /** Starts the part of a strategy; the columns are named once for all of its lines. */
  begin(title: string, blocks: number): void {
    this.#hours = 0;
    this.#write("\n");
    this.say(`${title}, ${blocks.toLocaleString("en-US")} blocks`);
    this.say(
      row(["UTC", "ETH, USD", "NAV, USDC", "book, ETH", "hedge, ETH", "drift, ETH", "rebalances", "path"]),
    );
  }

  /** A line for every sixth hour, the first rebalance, and whatever else is news. */
  onEvent(event: ProgressEvent): void {
    if (event.kind === "note") this.say(`${moment(event.timestamp)}  ${event.text}`);
    else if (event.kind === "rebalance") {
      if (event.count === 1) this.say(`${state(event.snapshot)}  first`);
    } else if (this.#hours++ % HOURS_BETWEEN_LINES === 0 || event.done === 1) {
      this.say(`${state(event.snapshot)}  ${(100 * event.done).toFixed(0).padStart(3)} %`);
    }
  }
}

function state(snapshot: Snapshot): string {
  const eth = (wad: bigint) => fixed(fromWad(wad), 1);
  return row([
    moment(Number(snapshot.timestamp)),
    fixed(fromWad(snapshot.price), 0),
    fixed(fromUsdc(snapshot.nav), 0),
    eth(snapshot.book.delta),
    eth(hedgeOf(snapshot)),
    eth(driftOf(snapshot)),
    String(snapshot.rebalanceNonce),
  ]);
}

const WIDTHS = [11, 8, 10, 9, 10, 10, 10];

function row(cells: readonly string[]): string {
  return cells
    .map((cell, column) => (column === 0 ? cell.padEnd(WIDTHS[0]!) : cell.padStart(WIDTHS[column] ?? 0)))
    .join("  ");
}

/** Never "-0.0". */
function fixed(value: number, decimals: number): string {
  const rounded = Number(value.toFixed(decimals)) + 0;
  return rounded.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
