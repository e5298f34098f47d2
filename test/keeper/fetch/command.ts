import { existsSync, readFileSync } from "node:fs";
import { PassThrough } from "node:stream";

import { expect } from "chai";

import type { FetchFlags } from "../../../keeper/cli/fetch.ts";
import { runFetch } from "../../../keeper/cli/runFetch.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { checkHourly, readCandleRows } from "../../../keeper/history/candle.ts";
import { nodeAnswer } from "../utils/fakeNode.ts";
import { runCli, type CliRun } from "../utils/runCli.ts";
import { scratch } from "../utils/scratch.ts";
import {
  startSourceServer,
  type SourceQuestion,
  type SourceReply,
  type SourceServer,
} from "../utils/sourceServer.ts";
import { binanceKlines, coinbaseCandles, deribitIndex, fixture } from "../utils/sources.ts";

type Reply = SourceReply | "hang up";

/** Every source in one server: their paths tell them apart. */
function everySource(question: SourceQuestion): Reply {
  const { path } = question;
  if (path === "/api/v3/klines") return binanceKlines(question);
  if (path.startsWith("/products/")) return coinbaseCandles(question);
  if (path.endsWith("get_volatility_index_data")) return deribitIndex(question);
  if (path.endsWith("get_book_summary_by_currency")) return { json: fixture("deribit-book-summary").answer };
  if (path.endsWith("get_index_price")) return { json: fixture("deribit-index-price").answer };
  if (path.endsWith("get_instruments")) return { json: listedTomorrow() };
  const now = Math.floor(Date.now() / 1000);
  const blocks = Array.from({ length: 400 }, (_, index) => ({
    ...{ timestamp: now - 12 * (400 - index), baseFee: 12_000_000_000n },
  }));
  return nodeAnswer(question, { blocks, phases: [[now - 7200, now - 3600]] });
}

/** The fixture's options, which expire tomorrow. */
function listedTomorrow(): object {
  const { result, ...rest } = fixture("deribit-instruments").answer as { result: object[] };
  const expiration_timestamp = Date.now() + 86_400_000;
  return { ...rest, result: result.map((each) => ({ ...each, expiration_timestamp })) };
}

describe("keeper fetch", function () {
  this.timeout(20_000);
  const files = scratch();
  let server: SourceServer;
  let answer: (question: SourceQuestion) => Reply;

  beforeEach(async () => {
    answer = everySource;
    server = await startSourceServer((question) => answer(question));
  });
  afterEach(() => server.close());

  function fetching(...args: string[]): Promise<CliRun> {
    const urls = ["--binance", server.url, "--coinbase", server.url, "--deribit", server.url];
    return runCli(["fetch", ...args, ...urls, "--retries", "0"], "", { RPC_URL: "" });
  }

  it("writes a file that the readers of prices take, and goes on with it", async () => {
    const out = files.at("eth.csv.gz");
    const first = await fetching(
      "candles",
      "--from",
      "2024-01-01",
      "--to",
      "2024-02-29",
      "--out",
      out,
      "--rps",
      "100",
    );
    expect(first).to.deep.equal({ code: 0, stdout: `${out}: 1440 rows added, 1440 in all\n`, stderr: "" });
    const table = new CsvTable("--prices", out);
    checkHourly(table, readCandleRows(table));

    const more = await fetching("candles", "--to", "2024-03-01", "--out", out);
    expect(more).to.deep.equal({
      code: 0,
      stdout: `${out}: 24 rows added, 1464 in all\n`,
      stderr: `fetch: ${out} has 1440 rows and goes on at 2024-03-01T00:00:00Z\n`,
    });
  });

  it("says in one line why a source cannot be used, and writes nothing", async () => {
    answer = () => ({ json: [["soon"]] });
    const out = files.at("eth.csv");
    const { code, stdout, stderr } = await fetching("candles", "--source", "binance", "--out", out);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.match(
      /^fetch: binance \(127\.0\.0\.1:\d+\) answered what its schema does not allow \(.*\)\n$/,
    );
    expect(existsSync(out)).to.equal(false);
  });

  it("takes the node from the environment, and shows no key of its address", async () => {
    const key = "0123456789abcdef0123456789abcdef";
    answer = () => ({ status: 401, json: { error: { code: -32000, message: `no such key: ${key}` } } });
    const args = ["fetch", "base-fees", "--out", files.at("gas.csv"), "--retries", "0"];
    const { code, stderr } = await runCli(args, "", { RPC_URL: `${server.url}/v3/${key}` });
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^fetch: node \(127\.0\.0\.1:\d+\) refuses eth_getBlockByNumber: no such key: \[secret\]\n$/,
    );
  });

  const out = "x.csv";
  const refused: Record<string, [string | undefined, FetchFlags, RegExp]> = {
    "nothing named": [
      undefined,
      {},
      /^fetch: name what to fetch: candles, base-fees, implied-volatility, chain, rounds\n$/,
    ],
    "something else": ["trades", { out }, /^fetch: there is no trades to fetch: candles, /],
    "no file": ["candles", {}, /^fetch: name a file with --out\n$/],
    "no node": ["base-fees", { out }, /^fetch: base fees come from a node: give its URL with --rpc/],
    "a snapshot of the past": ["chain", { from: "2024-01-01", out }, /^fetch: chain is a snapshot of now/],
    "a day that is none": [
      "candles",
      { from: "2024-02-30", out },
      /^fetch: --from 2024-02-30: expected a day/,
    ],
    "an end before the start": [
      ...(["candles", { from: "2024-02-02", to: "2024-02-01", out }] as const),
      /^fetch: there is no whole hour that has ended from 2024-02-02T00:00:00Z to 2024-02-02T00:00:00Z\n$/,
    ],
    "a feed that is no address": ["rounds", { feed: "0x12", out }, /^fetch: --feed 0x12: no address\n$/],
  };
  for (const [name, [what, flags, message]] of Object.entries(refused)) {
    it(`refuses ${name} in one line`, async () => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      expect(await runFetch(what, flags, { env: {}, stdout, stderr })).to.equal(2);
      const said = String(stderr.read());
      expect(stdout.read()).to.equal(null);
      expect(said).to.match(message);
      expect(said.trimEnd()).not.to.include("\n");
      expect(server.questions).to.be.empty;
    });
  }

  describe("--check", () => {
    const verdictsIn = (stdout: string) =>
      stdout
        .split("\n")
        .slice(1, -1)
        .map((line) => /  (fits|fails|not asked)  /.exec(line)?.[1]);

    it("finds that every source fits, and says what it answered", async () => {
      const { code, stdout, stderr } = await fetching("--check", "--rpc", server.url);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(verdictsIn(stdout)).to.deep.equal(Array.from({ length: 6 }, () => "fits"));
      expect(stdout).to.match(/candles +fits +3 hours, the last 20\S+Z with a close of \d+(\.\d+)? USDT/);
      expect(stdout).to.match(/chain +fits +4 options, index 2283\.92 USD/);
      expect(stdout).to.match(/base-fees +fits +block 399 of \S+, base fee 12\.0 gwei/);
      expect(stdout).to.match(/rounds +fits +ETH \/ USD 2010\.00 in round 18446744073709551618 of/);
    });

    it("names the one that does not fit, asks the rest all the same, and fails", async () => {
      answer = (question) => {
        const reply = everySource(question);
        if (question.path !== "/products/ETH-USD/candles" || reply === "hang up") return reply;
        // As if it had gone over to objects.
        return { json: (reply.json as number[][]).map(([time, low]) => ({ time, low })) };
      };
      const { code, stdout } = await fetching("--check", "--rpc", server.url);
      expect(code).to.equal(1);
      expect(verdictsIn(stdout)).to.deep.equal(["fits", "fails", "fits", "fits", "fits", "fits"]);
      expect(stdout).to.match(
        /Coinbase 127\.0\.0\.1:\d+ +candles +fails +coinbase .* schema does not allow \(0: /,
      );
    });

    it("fails where nothing can be reached, in one line for each source", async () => {
      await server.close();
      const { code, stdout } = await fetching("--check", "--rpc", server.url);
      expect(code).to.equal(1);
      expect(verdictsIn(stdout)).to.deep.equal(Array.from({ length: 6 }, () => "fails"));
      expect(stdout.match(/cannot be reached \(ECONNREFUSED\)/g)).to.have.length(6);
      server = await startSourceServer(everySource);
    });

    it("asks only what a dataset needs, and no node where none is given", async () => {
      const { code, stdout } = await fetching("candles", "--check");
      expect({ code, verdicts: verdictsIn(stdout) }).to.deep.equal({ code: 0, verdicts: ["fits", "fits"] });
      const { stdout: all } = await fetching("--check");
      expect(verdictsIn(all).slice(-2)).to.deep.equal(["not asked", "not asked"]);
    });
  });

  it("keeps a file as it was where the last request fails", async () => {
    const out = files.at("dvol.csv");
    await fetching("implied-volatility", "--from", "2024-01-01", "--to", "2024-01-02", "--out", out);
    const before = readFileSync(out, "utf8");
    answer = () => "hang up";
    const { code } = await fetching("implied-volatility", "--to", "2024-01-09", "--out", out);
    expect(code).to.equal(1);
    expect(readFileSync(out, "utf8")).to.equal(before);
  });
});
