import { readFileSync } from "node:fs";

import type { SourceQuestion, SourceReply } from "./sourceServer.ts";

const HOUR = 3600;

/** An answer as a source's published schema has it; `note` and `schema` say where it is from. */
export interface Fixture {
  readonly note: string;
  readonly schema: string;
  readonly answer: unknown;
  readonly [name: string]: unknown;
}

export function fixture(name: string): Fixture {
  const file = new URL(`../fetch/fixtures/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Fixture;
}

/** Hourly bars that a source makes up, in the shape of its fixture. */
export interface BarHistory {
  /** Unix seconds of the first bar; none when absent. */
  readonly first?: number;
  /** Hours it has no bar of. */
  readonly missing?: ReadonlySet<number>;
  /** Unix seconds at which it stands; the bar of that hour is there, and has not ended. */
  readonly now?: number;
}

/** Open, high, low and close of an hour: each open is the close before. */
export function priceAt(timestamp: number): [number, number, number, number] {
  const level = (at: number): number => 2000 + Math.round(10_000 * Math.sin(at / 86_400)) / 100;
  const [open, close] = [level(timestamp), level(timestamp + HOUR)];
  return [open, Math.max(open, close) + 1.5, Math.min(open, close) - 1.25, close];
}

/** Binance's klines, at most `limit` from `startTime` on. */
export function binanceKlines({ query }: SourceQuestion, history: BarHistory = {}): SourceReply {
  const [template] = fixture("binance-klines").answer as unknown[][];
  const [from, to] = [Number(query["startTime"]) / 1000, (Number(query["endTime"]) + 1) / 1000];
  const json = hours(from, to, history)
    .slice(0, Number(query["limit"]))
    .map((at) => {
      const prices = priceAt(at).map((price) => price.toFixed(8));
      return [at * 1000, ...prices, "12.50000000", (at + HOUR) * 1000 - 1, ...template!.slice(7)];
    });
  return { json };
}

/** Coinbase's candles, newest first, both ends included; refuses more than 300. */
export function coinbaseCandles({ query }: SourceQuestion, history: BarHistory = {}): SourceReply {
  const [from, to] = [Date.parse(query["start"]!) / 1000, Date.parse(query["end"]!) / 1000 + HOUR];
  if ((to - from) / HOUR > 300) return { status: 400, json: { message: "granularity too small" } };
  const json = hours(from, to, history).map((at) => {
    const [open, high, low, close] = priceAt(at);
    return [at, low, high, open, close, 7.25];
  });
  return { json: json.reverse() };
}

/** Deribit's volatility index: the newest `page` candles, and how to ask for older ones. */
export function deribitIndex({ query }: SourceQuestion, page = 1000, history: BarHistory = {}): SourceReply {
  const [from, to] = [Number(query["start_timestamp"]) / 1000, Number(query["end_timestamp"]) / 1000 + 0.001];
  const all = hours(from, to, history);
  const data = all.slice(-page).map((at) => [at * 1000, ...priceAt(at).map((price) => price / 40)]);
  const continuation = all.length > page ? all[all.length - page]! * 1000 - 1 : null;
  return { json: { jsonrpc: "2.0", result: { data, continuation }, testnet: false } };
}

function hours(from: number, to: number, { first = 0, missing, now }: BarHistory): number[] {
  const end = Math.min(to, now ?? Date.now() / 1000);
  const all: number[] = [];
  for (let at = Math.max(first, Math.ceil(from / HOUR) * HOUR); at < end; at += HOUR) {
    if (missing?.has(at) !== true) all.push(at);
  }
  return all;
}
