import { readFileSync } from "node:fs";

import { expect } from "chai";

import { datasetOf } from "../../../keeper/fetch/datasets.ts";
import { fetchInto, type FetchResult } from "../../../keeper/fetch/fetchInto.ts";
import { checkHourly, readCandleRows } from "../../../keeper/history/candle.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { scratch } from "../utils/scratch.ts";
import {
  startSourceServer,
  type SourceQuestion,
  type SourceReply,
  type SourceServer,
} from "../utils/sourceServer.ts";
import { deribitIndex, fixture } from "../utils/sources.ts";

const HOUR = 3600;
const START = Date.UTC(2024, 0, 1) / 1000;

describe("fetching implied volatility", () => {
  const files = scratch();
  let deribit: SourceServer;
  let answer: (question: SourceQuestion) => SourceReply;

  beforeEach(async () => {
    deribit = await startSourceServer((question) => answer(question));
  });
  afterEach(() => deribit.close());

  function fetchHours(path: string, hours: number): Promise<FetchResult> {
    const sources = { deribit: deribit.url, requestsPerSecond: 1000, retries: 0 };
    const dataset = datasetOf("implied-volatility", sources);
    return fetchInto({ dataset, path, from: START, to: START + hours * HOUR });
  }

  it("writes what the schema has", async () => {
    const { question, answer: json } = fixture("deribit-volatility-index");
    answer = () => ({ json });
    const path = files.at("dvol.csv");
    await fetchHours(path, 3);
    expect(deribit.questions.map(({ path: asked, query }) => ({ path: asked, query }))).to.deep.equal([
      question,
    ]);
    expect(readFileSync(path, "utf8")).to.equal(
      "ts,open,high,low,close\n1704067200,62.1,62.44,61.9,62.3\n1704070800,62.3,63.05,62.2,62.98\n1704074400,62.98,63,62.4,62.51\n",
    );
  });

  it("follows continuations backwards and stretches forwards to a file without gaps", async () => {
    answer = (question) => deribitIndex(question, 200);
    const path = files.at("dvol.csv.gz");
    expect((await fetchHours(path, 1100)).rows).to.equal(1100);
    // 500 in pages of 200, the same again, and 100.
    expect(deribit.questions).to.have.length(3 + 3 + 1);
    const table = new CsvTable("--dvol", path);
    checkHourly(table, readCandleRows(table));
  });

  it("goes on where the file ends", async () => {
    answer = (question) => deribitIndex(question);
    const path = files.at("dvol.csv");
    await fetchHours(path, 30);
    expect(await fetchHours(path, 50)).to.deep.equal({ added: 20, rows: 50 });
    expect(deribit.questions.at(-1)!.query["start_timestamp"]).to.equal(String((START + 30 * HOUR) * 1000));
  });

  it("refuses fractions, as the schema's own examples are, and a continuation that leads nowhere", async () => {
    const of = (result: object) => () => ({ json: { jsonrpc: "2.0", result } });
    for (const [given, message] of [
      [{ data: [[START * 1000, 0.21, 0.22, 0.2, 0.21]], continuation: null }, /answered no per cent$/],
      [{ data: [], continuation: (START + 9 * HOUR) * 1000 }, /a continuation that does not go on$/],
    ] as const) {
      answer = of(given);
      const error = await fetchHours(files.at("dvol.csv"), 3).catch((thrown: unknown) => thrown);
      expect((error as Error).message).to.match(message);
    }
  });

  it("says why the venue refuses", async () => {
    const { status, answer: json } = fixture("deribit-volatility-index")["refusal"] as {
      status: number;
      answer: unknown;
    };
    answer = () => ({ status, json });
    const error = await fetchHours(files.at("dvol.csv"), 3).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.match(
      /^deribit \(.*\) refuses get_volatility_index_data: Invalid params$/,
    );
  });
});
