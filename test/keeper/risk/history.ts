import { expect } from "chai";

import { walkCandles, type PricePoint } from "../../../keeper/history/bridge.ts";
import { readCandleRows, type Candle } from "../../../keeper/history/candle.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { readFacts, remember, type RiskMemory } from "../../../keeper/risk/riskFacts.ts";
import { AT_EASE, nextState, type RiskState } from "../../../keeper/risk/riskState.ts";
import { tighten } from "../../../keeper/risk/tighten.ts";
import type { DecisionInput } from "../../../keeper/strategy/types.ts";
import { recordedData } from "../../support/recordedData.ts";
import { RISK } from "../utils/riskFacts.ts";
import { DAY } from "../utils/ruleInput.ts";

const WAD = 10n ** 18n;
const sight = { fresh: true, open: true, price: WAD, poolPrice: WAD, venues: [] };
const unix = (time: string) => Date.parse(`${time}:00Z`) / 1000;

/** Short 100 calls at the money with two weeks to go at every look, and a delta limit of 20 ETH. */
function inputAt({ timestamp, price: spot }: PricePoint, sigma: number): DecisionInput {
  const strike = Math.round(spot / 100) * 100;
  const leg = {
    type: "call",
    strike,
    cap: 2 * strike,
    expiry: timestamp + 14 * DAY,
    quantity: -100,
  } as const;
  return {
    ...{ timestamp, spot, legs: [{ ...leg, sigma, forwardRatio: 1 }], hedgeDelta: 0, sigma },
    ...{
      gasUsd: 10,
      feeRate: 0.0005,
      kappa: 0.01,
      checkInterval: 60,
      lastRebalanceAt: null,
      marginCall: false,
    },
    limits: { delta: 20, minDrift: 0.1, maxAge: 7 * DAY },
  };
}

interface Change {
  /** ISO, to the minute. */
  readonly at: string;
  readonly level: RiskState["level"];
  /** ETH: the limit from here on. */
  readonly limit: number;
}

/** Plays prices look by look. @returns Each change of the state, and the part of looks at each level. */
function play(points: readonly PricePoint[], sigmaAt: (timestamp: number) => number) {
  let memory: RiskMemory | null = null;
  let state = AT_EASE;
  const changes: Change[] = [];
  const looks = { normal: 0, cautious: 0, defensive: 0, halt: 0 };
  for (const point of points) {
    const input = inputAt(point, sigmaAt(point.timestamp));
    memory = remember(memory, input, RISK);
    const { level } = state;
    state = nextState(state, readFacts(input, sight, memory, RISK), RISK);
    looks[state.level] += 1 / points.length;
    if (state.level === level) continue;
    const at = new Date(point.timestamp * 1000).toISOString().slice(0, 16);
    changes.push({ at, level: state.level, limit: tighten(input, state.level, RISK.tighten).limits.delta });
  }
  return { changes, looks };
}

function expectBetween({ at }: Change, from: string, to: string): void {
  expect(at >= from && at <= to, at).to.equal(true);
}

const lineOf = ({ at, level, limit }: Change) => `      ${at} ${level}, limit ${String(limit)} ETH`;
const candlesOf = (file: string): Candle[] =>
  readCandleRows(new CsvTable("--prices", file)).map(({ candle }) => candle);

/** The oracle's own rounds, looked at every so many seconds. */
function chainlinkPoints(file: string, from: number, to: number, every = 60): PricePoint[] {
  const table = new CsvTable("--rounds", file);
  const [at, usd] = [table.column("updated_at"), table.column("price_usd")];
  const rounds = table.rows.map((row) => ({
    timestamp: table.number(row, at),
    price: table.number(row, usd),
  }));
  const points: PricePoint[] = [];
  let round = 0;
  for (let timestamp = Math.max(from, rounds[0]!.timestamp); timestamp <= to; timestamp += every) {
    while (rounds[round + 1] !== undefined && rounds[round + 1]!.timestamp <= timestamp) round += 1;
    points.push({ timestamp, price: rounds[round]!.price });
  }
  return points;
}

describe("the risk state in recorded crashes", function () {
  this.timeout(60_000);

  it("turns defensive in the flash crash of 2023-08-17, by the oracle's own rounds, and is normal the day after", function () {
    const rounds = recordedData(this, "chainlink_ethusd_rounds_2023-04_2024-01.csv.gz");
    const implied = new Map(
      candlesOf(recordedData(this, "eth_dvol_1h.csv.gz")).map(({ timestamp, open }) => [
        timestamp,
        open / 100,
      ]),
    );
    const points = chainlinkPoints(rounds, unix("2023-08-16T00:00"), unix("2023-08-19T00:00"));
    const { changes } = play(points, (timestamp) => implied.get(timestamp - (timestamp % 3600))!);
    console.log(changes.map(lineOf).join("\n"));
    // The price fell by a tenth from 21:34 on.
    const crash = changes.find(({ at, level }) => at >= "2023-08-17T21" && level === "defensive")!;
    expectBetween(crash, "2023-08-17T21:34", "2023-08-17T21:44");
    expect(crash.limit).to.equal(10);
    const after = changes.slice(changes.indexOf(crash) + 1).map(({ level }) => level);
    expect(after.slice(0, 2)).to.deep.equal(["cautious", "normal"]);
    const calm = changes.find(({ at, level }) => at > crash.at && level === "normal")!;
    expectBetween(calm, "2023-08-17T23:44", "2023-08-18T12:00");
    expect(calm.limit).to.equal(20);
  });

  it("is normal nine parts in ten of the time, over ten months of the oracle's rounds", function () {
    const rounds = recordedData(this, "chainlink_ethusd_rounds_2023-04_2024-01.csv.gz");
    const implied = new Map(
      candlesOf(recordedData(this, "eth_dvol_1h.csv.gz")).map(({ timestamp, open }) => [
        timestamp,
        open / 100,
      ]),
    );
    const points = chainlinkPoints(rounds, 0, unix("2024-01-29T00:00"), 300);
    const { changes, looks } = play(points, (timestamp) => implied.get(timestamp - (timestamp % 3600))!);
    const raised = changes.filter(({ level }) => level === "defensive").length;
    const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
    console.log(
      `      normal ${percent(looks.normal)}, cautious ${percent(looks.cautious)}, defensive ${percent(looks.defensive)}, halt ${percent(looks.halt)}; defensive ${String(raised)} times`,
    );
    expect(looks.normal).to.be.within(0.9, 0.99);
    expect(looks.defensive).to.be.within(0.002, 0.03);
    expect(looks.halt).to.equal(0);
  });

  it("is careful through 2020-03-12 and the day after, on hourly candles filled in", function () {
    const prices = recordedData(this, "eth_usd_1h.csv.gz");
    const [from, to] = [unix("2020-03-08T00:00"), unix("2020-03-18T00:00")];
    const candles = candlesOf(prices).filter(({ timestamp }) => timestamp >= from && timestamp < to);
    // Nothing recorded tells what was implied then: 90 % stands for a market that was nervous already, and stayed behind.
    const { changes } = play(walkCandles(candles, 1), () => 0.9);
    console.log(changes.map(lineOf).join("\n"));
    const first = changes.find(({ at, level }) => at >= "2020-03-12" && level === "defensive")!;
    // From 10:00 on the price fell from 180 to 130 in an hour.
    expectBetween(first, "2020-03-12T10:00", "2020-03-12T11:00");
    const at = (time: string) => changes.filter((change) => change.at <= time).at(-1)?.level ?? "normal";
    expect(at("2020-03-12T09:00")).to.be.oneOf(["normal", "cautious"]);
    expect(at("2020-03-12T11:30")).to.be.oneOf(["defensive", "halt"]);
    expect(at("2020-03-13T03:00")).to.be.oneOf(["defensive", "halt"]);
    expect(at("2020-03-15T12:00")).to.be.oneOf(["normal", "cautious"]);
  });
});
