import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { expect } from "chai";

import { datasetOf, type Sources } from "../../../keeper/fetch/datasets.ts";
import { fetchInto, type FetchResult } from "../../../keeper/fetch/fetchInto.ts";
import { SourceError } from "../../../keeper/fetch/sourceError.ts";
import { checkHourly, readCandleRows } from "../../../keeper/history/candle.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { InputError } from "../../../keeper/history/inputError.ts";
import { scratch } from "../utils/scratch.ts";
import {
  startSourceServer,
  type SourceQuestion,
  type SourceReply,
  type SourceServer,
} from "../utils/sourceServer.ts";
import { binanceKlines, coinbaseCandles, fixture, priceAt } from "../utils/sources.ts";

const HOUR = 3600;
const START = Date.UTC(2024, 0, 1) / 1000;

type Answer = (question: SourceQuestion) => SourceReply | "hang up";

describe("fetching candles", () => {
  const files = scratch();
  let binance: SourceServer;
  let coinbase: SourceServer;
  let atBinance: Answer;
  let atCoinbase: Answer;
  let notes: string[];

  beforeEach(async () => {
    [atBinance, atCoinbase] = [binanceKlines, coinbaseCandles];
    binance = await startSourceServer((question) => atBinance(question));
    coinbase = await startSourceServer((question) => atCoinbase(question));
    notes = [];
  });
  afterEach(async () => {
    await Promise.all([binance.close(), coinbase.close()]);
  });

  function fetchHours(path: string, hours: number, sources: Partial<Sources> = {}): Promise<FetchResult> {
    const urls = { binance: binance.url, coinbase: coinbase.url };
    return fetchInto({
      dataset: datasetOf("candles", { ...urls, requestsPerSecond: 1000, retries: 0, ...sources }),
      ...{ path, from: START, to: START + hours * HOUR },
      onNote: (note) => notes.push(note),
    });
  }

  function linesOf(path: string): string[] {
    const bytes = readFileSync(path);
    return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().split("\n");
  }

  const srcOf = (path: string) =>
    linesOf(path)
      .slice(1, -1)
      .map((line) => line.split(",").at(-1));

  it("writes what Binance's schema has in the columns of the other commands", async () => {
    const { question, answer } = fixture("binance-klines") as unknown as {
      question: { path: string; query: object };
      answer: unknown;
    };
    atBinance = () => ({ json: answer });
    const path = files.at("eth.csv");
    expect(await fetchHours(path, 3)).to.deep.equal({ added: 3, rows: 3 });
    expect(binance.questions.map(({ path: asked, query }) => ({ path: asked, query }))).to.deep.equal([
      question,
    ]);
    expect(linesOf(path)).to.deep.equal([
      "ts,open,high,low,close,volume_eth,src",
      "1704067200,2281.87,2299.9,2281.5,2297.4,9852.4359,binance",
      "1704070800,2297.4,2304.02,2293.1,2302.15,8120.0123,binance",
      "1704074400,2302.15,2303,2284.66,2290.01,7701.5,binance",
      "",
    ]);
    expect(coinbase.questions).to.be.empty;
  });

  it("writes what Coinbase's schema has, which is in another order", async () => {
    const { question, answer } = fixture("coinbase-candles") as unknown as {
      question: { path: string; query: object };
      answer: unknown;
    };
    atCoinbase = () => ({ json: answer });
    const path = files.at("eth.csv");
    await fetchHours(path, 3, { candleSource: "coinbase" });
    expect(coinbase.questions.map(({ path: asked, query }) => ({ path: asked, query }))).to.deep.equal([
      question,
    ]);
    expect(linesOf(path).slice(1)).to.deep.equal([
      "1704067200,2281.6,2299.4,2281.1,2297.02,1012.25,coinbase",
      "1704070800,2297.02,2303.71,2292.8,2301.88,905.1,coinbase",
      "1704074400,2301.88,2302.6,2284.2,2289.7,812.55120001,coinbase",
      "",
    ]);
  });

  it("goes through page after page, and the readers take the file", async () => {
    const path = files.at("eth.csv.gz");
    expect(await fetchHours(path, 2300)).to.deep.equal({ added: 2300, rows: 2300 });
    expect(binance.questions).to.have.length(3);
    const table = new CsvTable("--prices", path);
    const rows = readCandleRows(table);
    checkHourly(table, rows);
    const [open, high, low, close] = priceAt(START + 2299 * HOUR);
    expect(rows.at(-1)!.candle).to.deep.equal({ timestamp: START + 2299 * HOUR, open, high, low, close });
    expect(notes).to.deep.equal([]);
  });

  it("has the hours that Binance lacks from Coinbase, and says whose each row is", async () => {
    const missing = new Set([5, 6, 7, 1200].map((hour) => START + hour * HOUR));
    atBinance = (question) => binanceKlines(question, { missing });
    const path = files.at("eth.csv");
    await fetchHours(path, 1300);
    const table = new CsvTable("--prices", path);
    checkHourly(table, readCandleRows(table));
    const rows = srcOf(path).flatMap((src, hour) => (src === "coinbase" ? [hour] : []));
    expect(rows).to.deep.equal([5, 6, 7, 1200]);
  });

  it("leaves out, and tells of, hours that no source has", async () => {
    const missing = new Set([START + 5 * HOUR, START + 6 * HOUR, START + 9 * HOUR]);
    atBinance = (question) => binanceKlines(question, { missing });
    const path = files.at("eth.csv");
    expect(await fetchHours(path, 12, { candleSource: "binance" })).to.deep.equal({ added: 9, rows: 9 });
    expect(coinbase.questions).to.be.empty;
    expect(notes).to.deep.equal([
      "2 hours are missing from 2024-01-01T05:00:00Z",
      "1 hour is missing from 2024-01-01T09:00:00Z",
    ]);
  });

  it("tells the last gaps where there are many", async () => {
    const missing = new Set(Array.from({ length: 30 }, (_, index) => START + (2 * index + 1) * HOUR));
    atBinance = (question) => binanceKlines(question, { missing });
    await fetchHours(files.at("eth.csv"), 61, { candleSource: "binance" });
    expect(notes).to.have.length(11);
    expect(notes[0]).to.equal("20 earlier stretches are missing too");
    expect(notes.at(-1)).to.equal("1 hour is missing from 2024-01-03T11:00:00Z");
  });

  it("takes Coinbase for a new file where Binance does not answer at all", async () => {
    const { status, answer } = fixture("binance-klines")["restricted"] as { status: number; answer: unknown };
    atBinance = () => ({ status, json: answer });
    const path = files.at("eth.csv");
    expect((await fetchHours(path, 400)).rows).to.equal(400);
    expect(new Set(srcOf(path))).to.deep.equal(new Set(["coinbase"]));
    expect(notes).to.have.length(1);
    expect(notes[0]).to.match(/HTTP 451: .*; taking coinbase instead$/);
  });

  it("keeps what came before the source died, and goes on there to the same file", async () => {
    const path = files.at("eth.csv.gz");
    atBinance = (question) => (question.index === 2 ? "hang up" : binanceKlines(question));
    const died = await fetchHours(path, 2500).catch((error: unknown) => error);
    expect(died).to.be.instanceOf(SourceError);
    expect((died as Error).message).to.match(/^binance \(127\.0\.0\.1:\d+\) cannot be reached/);
    expect(linesOf(path)).to.have.length(2000 + 2);

    expect(await fetchHours(path, 2500)).to.deep.equal({ added: 500, rows: 2500 });
    expect(binance.questions.at(-1)!.query["startTime"]).to.equal(String((START + 2000 * HOUR) * 1000));
    const whole = files.at("whole.csv.gz");
    await fetchHours(whole, 2500);
    expect(linesOf(path)).to.deep.equal(linesOf(whole));
    expect(readdirSync(files.directory).sort()).to.deep.equal(["eth.csv.gz", "whole.csv.gz"]);
  });

  it("does nothing to a file that has everything", async () => {
    const path = files.at("eth.csv");
    await fetchHours(path, 10);
    expect(await fetchHours(path, 10)).to.deep.equal({ added: 0, rows: 10 });
    expect(binance.questions).to.have.length(1);
  });

  it("goes on with the source of the file's last rows", async () => {
    const path = files.at("eth.csv");
    await fetchHours(path, 10, { candleSource: "coinbase" });
    await fetchHours(path, 20);
    expect(new Set(srcOf(path))).to.deep.equal(new Set(["coinbase"]));
  });

  it("goes on with Binance where Coinbase has filled the last hour", async () => {
    const path = files.at("eth.csv");
    atBinance = (question) => binanceKlines(question, { missing: new Set([START + 9 * HOUR]) });
    await fetchHours(path, 10);
    await fetchHours(path, 12);
    expect(srcOf(path).slice(8)).to.deep.equal(["binance", "coinbase", "binance", "binance"]);
  });

  it("never writes the bar of an hour that has not ended", async () => {
    const now = START + 5 * HOUR + 1800;
    const date = new Date(now * 1000).toUTCString();
    const running = (reply: SourceReply): SourceReply => ({ ...reply, headers: { date } });
    atBinance = (question) => running(binanceKlines(question, { now }));
    atCoinbase = (question) => running(coinbaseCandles(question, { now }));
    const path = files.at("eth.csv");
    expect((await fetchHours(path, 10)).rows).to.equal(5);
    // One more ends; a minute later it is taken.
    const later = START + 6 * HOUR + 61;
    atBinance = (question) => ({
      ...binanceKlines(question, { now: later }),
      headers: { date: new Date(later * 1000).toUTCString() },
    });
    expect(await fetchHours(path, 6)).to.deep.equal({ added: 1, rows: 6 });
  });

  const wrong: Record<string, [unknown[], RegExp]> = {
    "whose high is below its close": [
      [[START * 1000, "10", "11", "9", "12", "1", 0]],
      /a bar at 2024-01-01T00:00:00Z whose high is below its open, low or close$/,
    ],
    "off the hour": [[[START * 1000 + 60_000, "10", "12", "9", "11", "1", 0]], /does not start on the hour$/],
    "with a price of nothing": [
      [[START * 1000, "10", "12", "0", "11", "1", 0]],
      /whose price is not above 0$/,
    ],
    twice: [
      Array.from({ length: 2 }, () => [START * 1000, "10", "12", "9", "11", "1", 0]),
      /not after the one before$/,
    ],
    "with a price that is a word": [[[START * 1000, "10", "NaN", "9", "11", "1", 0]], /0\.2: not a decimal/],
    "without its close": [[[START * 1000, "10", "12", "9"]], /schema does not allow/],
  };
  for (const [name, [json, message]] of Object.entries(wrong)) {
    it(`refuses a bar ${name}, and writes nothing`, async () => {
      atBinance = () => ({ json });
      const error = await fetchHours(files.at("eth.csv"), 3, { candleSource: "binance" }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(SourceError);
      expect((error as Error).message).to.match(message);
      expect(readdirSync(files.directory)).to.deep.equal([]);
    });
  }

  it("refuses a file of another kind, and one in a folder that is not there", async () => {
    const other = files.write("gas.csv", "ts,average_gwei\n1,2\n");
    for (const [path, message] of [
      [other, /has other columns than ts, open/],
      [files.at("none/eth.csv"), /cannot be written: ENOENT/],
      [files.at("eth.json"), /its name must end in \.csv or \.csv\.gz/],
    ] as const) {
      const error = await fetchHours(path, 3).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(InputError);
      expect((error as Error).message).to.match(message);
    }
    expect(readFileSync(other, "utf8")).to.equal("ts,average_gwei\n1,2\n");
  });

  it("refuses a file whose last row has no hour to go on from, and leaves it as it was", async () => {
    for (const ts of ["abc", "", "-3600", "3600.5", "1e300", "1700000000000"]) {
      const content = `ts,open,high,low,close,volume_eth,src\n${ts},1,1,1,1,1,binance\n`;
      const path = files.write("eth.csv", content);
      const error = await fetchHours(path, 3).catch((thrown: unknown) => thrown);
      expect(error, ts).to.be.instanceOf(InputError);
      expect((error as Error).message).to.match(/^--out \S+eth\.csv: its last row has no time to go on from/);
      expect(readFileSync(path, "utf8")).to.equal(content);
    }
  });

  it("says where every fixture is from", () => {
    const folder = new URL("./fixtures/", import.meta.url);
    const names = readdirSync(folder).map((name) => name.replace(".json", ""));
    expect(names).to.have.length(9);
    for (const name of names) {
      const { note, schema } = fixture(name);
      expect(note, name).to.match(/^Written by hand from the published schema; not recorded/);
      expect(schema, name).to.match(/^https:\/\//);
    }
  });
});
