import { readFileSync } from "node:fs";

import { expect } from "chai";

import { datasetOf } from "../../../keeper/fetch/datasets.ts";
import { fetchInto, type FetchResult } from "../../../keeper/fetch/fetchInto.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { readGasSamples } from "../../../keeper/history/gasSamples.ts";
import { Random } from "../../../keeper/math/random.ts";
import { nodeAnswer, type FakeBlock, type FakeChain } from "../utils/fakeNode.ts";
import { scratch } from "../utils/scratch.ts";
import {
  startSourceServer,
  type SourceQuestion,
  type SourceReply,
  type SourceServer,
} from "../utils/sourceServer.ts";
import { fixture } from "../utils/sources.ts";

const HOUR = 3600;
const START = Date.UTC(2024, 0, 1) / 1000;
const GWEI = 1e9;

/** Blocks every 12 seconds with slots left out now and then, from half an hour before the start on. */
function blocks(hours: number, missed = 0.02): FakeBlock[] {
  const random = new Random(61);
  const made: FakeBlock[] = [];
  for (let timestamp = START - 1800; timestamp < START + hours * HOUR; timestamp += 12) {
    if (random.uniform() < missed) continue;
    made.push({ timestamp, baseFee: BigInt(Math.round(GWEI * (10 + 5 * random.uniform()))) });
  }
  return made;
}

/** The hours that rows must be of, from the definition. */
function rowsOf(chain: readonly FakeBlock[], from: number, to: number): string[] {
  const rows: string[] = [];
  for (let at = from; at < to; at += HOUR) {
    const gwei = chain
      .filter(({ timestamp }) => timestamp >= at && timestamp < at + HOUR)
      .map(({ baseFee }) => Number(baseFee) / GWEI)
      .sort((a, b) => a - b);
    if (gwei.length === 0) continue;
    const [below, above] = [gwei[(gwei.length - 1) >> 1]!, gwei[gwei.length >> 1]!];
    rows.push([at, (below + above) / 2, gwei[0], gwei.at(-1), gwei.length].join(","));
  }
  return rows;
}

describe("fetching base fees", () => {
  const files = scratch();
  let node: SourceServer;
  let answer: (question: SourceQuestion) => SourceReply | "hang up";
  let notes: string[];

  beforeEach(async () => {
    notes = [];
    node = await startSourceServer((question) => answer(question));
  });
  afterEach(() => node.close());

  function serve(chain: FakeChain): void {
    answer = (question) => nodeAnswer(question, chain);
  }

  function fetchHours(path: string, hours: number, from = START): Promise<FetchResult> {
    const dataset = datasetOf("base-fees", { rpc: node.url, requestsPerSecond: 10_000, retries: 0 });
    const to = START + hours * HOUR;
    return fetchInto({ dataset, path, from, to, onNote: (note) => notes.push(note) });
  }

  const rowsIn = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n").slice(1);

  it("writes the median of each hour's blocks, and the reader of gas prices takes it", async () => {
    const chain = blocks(13);
    serve({ blocks: chain });
    const path = files.at("gas.csv");
    expect(await fetchHours(path, 12)).to.deep.equal({ added: 12, rows: 12 });
    expect(rowsIn(path)).to.deep.equal(rowsOf(chain, START, START + 12 * HOUR));
    const samples = readGasSamples(new CsvTable("--gas", path));
    expect(samples.map(({ timestamp }) => timestamp)).to.deep.equal(
      Array.from({ length: 12 }, (_, hour) => START + hour * HOUR),
    );
    expect(node.questions.length).to.be.below(6 * 12 + 12);
  });

  it("does without an hour that the chain has not left behind", async () => {
    const chain = blocks(5.5);
    serve({ blocks: chain });
    const path = files.at("gas.csv");
    expect((await fetchHours(path, 12)).rows).to.equal(5);
    expect(rowsIn(path)).to.deep.equal(rowsOf(chain, START, START + 5 * HOUR));
  });

  it("begins with the first whole hour of the chain", async () => {
    const chain = blocks(4);
    serve({ blocks: chain });
    const path = files.at("gas.csv");
    await fetchHours(path, 3, START - 48 * HOUR);
    expect(rowsIn(path)).to.deep.equal(rowsOf(chain, START, START + 3 * HOUR));
    expect(notes).to.deep.equal(["the chain begins at 2023-12-31T23:30:00Z"]);
  });

  it("takes blocks of every second, an hour without any, and a node that gives few at once", async () => {
    const random = new Random(62);
    const chain: FakeBlock[] = [];
    for (let timestamp = START - 100; timestamp <= START + 4 * HOUR + 10; timestamp += 1 + (timestamp % 3)) {
      if (timestamp >= START + HOUR && timestamp < START + 2 * HOUR) continue;
      chain.push({ timestamp, baseFee: BigInt(1 + Math.floor(100 * random.uniform())) });
    }
    serve({ blocks: chain, mostBlocks: 700 });
    const path = files.at("gas.csv");
    expect((await fetchHours(path, 4)).rows).to.equal(3);
    expect(rowsIn(path)).to.deep.equal(rowsOf(chain, START, START + 4 * HOUR));
    expect(notes).to.deep.equal(["1 hour is missing from 2024-01-01T01:00:00Z"]);
  });

  it("keeps the hours before the node died, and goes on there", async () => {
    const chain = blocks(13);
    answer = (question) => (question.index > 30 ? "hang up" : nodeAnswer(question, { blocks: chain }));
    const path = files.at("gas.csv");
    const error = await fetchHours(path, 12).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.match(/^node \(127\.0\.0\.1:\d+\) cannot be reached/);
    const kept = rowsIn(path);
    expect(kept.length).to.be.within(2, 11);
    serve({ blocks: chain });
    await fetchHours(path, 12);
    expect(rowsIn(path)).to.deep.equal(rowsOf(chain, START, START + 12 * HOUR));
    expect(notes).to.deep.equal([
      `${path} has ${String(kept.length)} rows and goes on at ${new Date((START + kept.length * HOUR) * 1000).toISOString().replace(".000", "")}`,
    ]);
  });

  it("refuses blocks from before EIP-1559, other blocks than it asked for, and what the node refuses", async () => {
    const chain = blocks(3).map((block) => ({ ...block, baseFee: 0n }));
    const tooOld = fixture("node-fee-history")["tooOld"] as { error: object };
    const shifted = (question: SourceQuestion): SourceReply => {
      const { json } = nodeAnswer(question, { blocks: blocks(3) }) as {
        json: { result: { oldestBlock?: string } };
      };
      const { oldestBlock } = json.result;
      if (oldestBlock !== undefined) json.result.oldestBlock = `0x${(BigInt(oldestBlock) + 1n).toString(16)}`;
      return { json };
    };
    for (const [given, message] of [
      [
        (question: SourceQuestion) => nodeAnswer(question, { blocks: chain }),
        /no base fee for block \d+: it is from before EIP-1559$/,
      ],
      [shifted, /for other blocks than were asked for$/],
      [
        (question: SourceQuestion) =>
          (question.body as { method: string }).method === "eth_feeHistory"
            ? { json: { jsonrpc: "2.0", id: 1, error: tooOld.error } }
            : nodeAnswer(question, { blocks: chain }),
        /refuses eth_feeHistory: pruned history unavailable$/,
      ],
    ] as const) {
      answer = given;
      const error = await fetchHours(files.at("gas.csv"), 2).catch((thrown: unknown) => thrown);
      expect((error as Error).message).to.match(message);
    }
  });
});
