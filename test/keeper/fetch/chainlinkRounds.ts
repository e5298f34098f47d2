import { readFileSync } from "node:fs";

import { expect } from "chai";

import { datasetOf } from "../../../keeper/fetch/datasets.ts";
import { fetchInto, type FetchResult } from "../../../keeper/fetch/fetchInto.ts";
import { answerAt, nodeAnswer, type FakeChain, type FakePhase } from "../utils/fakeNode.ts";
import { scratch } from "../utils/scratch.ts";
import {
  startSourceServer,
  type SourceQuestion,
  type SourceReply,
  type SourceServer,
} from "../utils/sourceServer.ts";
import { fixture } from "../utils/sources.ts";

const START = Date.UTC(2024, 0, 1) / 1000;

/** Rounds every 1000 seconds, the first of them at `from`. */
const every = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + 1000 * index);

describe("fetching Chainlink rounds", () => {
  const files = scratch();
  let node: SourceServer;
  let answer: (question: SourceQuestion) => SourceReply | "hang up";

  beforeEach(async () => {
    node = await startSourceServer((question) => answer(question));
  });
  afterEach(() => node.close());

  function serve(phases: readonly FakePhase[], rest: FakeChain = {}): void {
    answer = (question) => nodeAnswer(question, { phases, ...rest });
  }

  function fetchSeconds(path: string, from: number, to: number): Promise<FetchResult> {
    const dataset = datasetOf("rounds", { rpc: node.url, requestsPerSecond: 10_000, retries: 0 });
    return fetchInto({ dataset, path, from: START + from, to: START + to });
  }

  /** `phase.round` of each row. */
  function placesIn(path: string): string[] {
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(1);
    return lines.map((line) => line.split(",").slice(1, 3).join("."));
  }

  const places = (phase: number, from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `${String(phase)}.${String(from + index)}`);

  it("writes what a round has in the columns of the recorded ones", async () => {
    const { answer: json, question } = fixture("node-eth-call") as unknown as {
      answer: object;
      question: { params: [{ data: string }] };
    };
    const phases = [[], [], [], [], [], Array.from({ length: 200 }, () => START + 11)];
    answer = (asked) => {
      const { params } = asked.body as { params: [{ data: string }] };
      return params[0].data === question.params[0].data ? { json } : nodeAnswer(asked, { phases });
    };
    const path = files.at("rounds.csv");
    await fetchSeconds(path, 0, 3600);
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines[0]).to.equal("round_id,phase,agg_round,answer,price_usd,started_at,updated_at");
    expect(lines[200]).to.equal("110680464442257309896,6,200,228392000000,2283.92,1704067211,1704067211");
  });

  it("finds the first round of a stretch, and ends with its last", async () => {
    serve([every(START - 500_000, 100), every(START - 300_000, 700)]);
    const path = files.at("rounds.csv");
    expect((await fetchSeconds(path, 0, 250_000)).rows).to.equal(250);
    expect(placesIn(path)).to.deep.equal(places(2, 301, 550));
    const [, , , price] = readFileSync(path, "utf8").split("\n")[1]!.split(",");
    expect(price).to.equal(answerAt(2, 301).toString());
  });

  it("goes from phase to phase, without the rounds nobody was shown", async () => {
    // The second phase is written for 30 rounds before the proxy moves on to it.
    serve([every(START, 100), every(START + 70_500, 100), every(START + 170_400, 20)]);
    const path = files.at("rounds.csv");
    await fetchSeconds(path, 50_000, 400_000);
    expect(placesIn(path)).to.deep.equal([...places(1, 51, 100), ...places(2, 30, 100), ...places(3, 1, 20)]);
  });

  it("passes over rounds that were never answered, and phases without any", async () => {
    const phase: FakePhase = every(START, 300).map((at, index) => (index % 7 === 3 ? null : at));
    serve([[], phase, every(START + 400_000, 3)]);
    const path = files.at("rounds.csv");
    await fetchSeconds(path, 100_000, 200_000);
    const expected = places(2, 101, 200).filter((_, index) => (index + 100) % 7 !== 3);
    expect(placesIn(path)).to.deep.equal(expected);
  });

  it("keeps what came before the node died, and goes on with the next round, also of the next phase", async () => {
    const phases = [every(START, 250), every(START + 250_000, 250)];
    answer = (question) => (question.index > 170 ? "hang up" : nodeAnswer(question, { phases }));
    const path = files.at("rounds.csv");
    const error = await fetchSeconds(path, 0, 600_000).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.match(/cannot be reached/);
    expect(placesIn(path)).to.deep.equal(places(1, 1, 100));
    serve(phases);
    await fetchSeconds(path, 0, 300_000);
    await fetchSeconds(path, 0, 600_000);
    expect(placesIn(path)).to.deep.equal([...places(1, 1, 250), ...places(2, 1, 250)]);
  });

  it("refuses a file whose last row is no round", async () => {
    serve([every(START, 3)]);
    const path = files.write(
      "rounds.csv",
      `round_id,phase,agg_round,answer,price_usd,started_at,updated_at\nnone,1,1,1,1,1,${String(START)}\n`,
    );
    const error = await fetchSeconds(path, 0, 3600).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.match(/its last row has no time to go on from/);
  });

  it("refuses an address without a feed, and a feed of other decimals", async () => {
    for (const [chain, message] of [
      [{}, /has no Chainlink feed \(feed 0x5f4e/i],
      [{ phases: [every(START, 3)], decimals: 18 }, /has a feed of 18 decimals, not 8/],
    ] as const) {
      answer = (question) => nodeAnswer(question, chain);
      const error = await fetchSeconds(files.at("rounds.csv"), 0, 3600).catch((thrown: unknown) => thrown);
      expect((error as Error).message).to.match(message);
    }
  });
});
