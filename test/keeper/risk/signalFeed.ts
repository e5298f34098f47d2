import { expect } from "chai";
import fc from "fast-check";

import { loadConfig, secretsOf } from "../../../keeper/config/load.ts";
import { Secret } from "../../../keeper/config/secret.ts";
import { silentLog, type Log } from "../../../keeper/log/logger.ts";
import { RiskManager } from "../../../keeper/risk/riskManager.ts";
import { rankOf } from "../../../keeper/risk/riskRules.ts";
import { SignalFeed } from "../../../keeper/risk/signalFeed.ts";
import { startJsonServer, type Answer, type JsonServer } from "../utils/jsonServer.ts";
import { inputAt } from "../utils/recordedDecisions.ts";
import { noisyFacts, RISK, states } from "../utils/riskFacts.ts";
import { minimal } from "../utils/settings.ts";
import { scratch } from "../utils/scratch.ts";

const WAD = 10n ** 18n;
const sight = { fresh: true, open: true, price: WAD, poolPrice: WAD, venues: [] };

describe("the feed of the risk state", () => {
  const { write } = scratch();
  let server: JsonServer;
  let answer: Answer;
  let asked: number;
  let now: number;
  let told: string[];
  const log = {
    ...silentLog,
    warn: ({ why }: { why: string }, text: string) => told.push(`${text} ${why}`),
    info: (_: object, text: string) => told.push(text),
  } as unknown as Log;

  before(async () => {
    server = await startJsonServer(() => {
      asked += 1;
      return answer;
    });
  });
  after(() => server.close());
  beforeEach(() => {
    [asked, now, told] = [0, 1000, []];
  });

  const open = () =>
    new SignalFeed({ url: new Secret(server.url), name: "fear", every: 60, maxAge: 600 }, log, () => now);
  const said = (value: unknown, at = now) => ({ json: { name: "fear", value, at } });
  /** What it says after so many seconds, when it has been asked. */
  async function readAfter(feed: SignalFeed, seconds: number): Promise<number | null> {
    now += seconds;
    feed.read(now);
    await feed.rest();
    return feed.read(now);
  }

  it("is asked beside the blocks, now and then, and counts for a while", async () => {
    answer = said(0.7);
    const feed = open();
    expect(feed.read(now)).to.equal(null);
    await feed.rest();
    expect(feed.read(now)).to.equal(0.7);
    expect([await readAfter(feed, 59), asked]).to.deep.equal([0.7, 1]);
    answer = said(0.2, now + 1);
    expect([await readAfter(feed, 1), asked]).to.deep.equal([0.2, 2]);
    answer = "hang up";
    expect(await readAfter(feed, 600)).to.equal(0.2);
    expect(await readAfter(feed, 1)).to.equal(null);
    expect(told).to.deep.equal([
      "The feed of the risk state does not count. is 601 s old, at most 600 s counts",
    ]);
  });

  it("is asked again where the machine's clock is set back", async () => {
    answer = said(0.7);
    const feed = open();
    await readAfter(feed, 0);
    await readAfter(feed, -3600);
    expect(asked).to.equal(2);
  });

  const useless: [string, () => Answer, RegExp][] = [
    ["hangs up", () => "hang up", /cannot be reached/],
    ["answers with an error", () => ({ ...said(0.9), status: 503 }), /answered HTTP 503/],
    ["answers no JSON", () => ({ text: "fear" }), /did not answer in JSON/],
    ["answers for another", () => ({ json: { name: "greed", value: 0.9, at: now } }), /of another name/],
    ["answers text", () => said("0.9"), /is no signal \(value: /],
    ["answers more than the worst", () => said(9), /is no signal \(value: /],
    ["answers of long ago", () => said(0.9, now - 601), /601 s old/],
  ];
  for (const [name, bad, why] of useless) {
    it(`says nothing where it ${name}, which is told once until it is over`, async () => {
      const feed = open();
      answer = bad();
      expect(await readAfter(feed, 0)).to.equal(null);
      expect(await readAfter(feed, 60)).to.equal(null);
      expect(told).to.have.length(1);
      expect(told[0])
        .to.match(/^The feed of the risk state does not count\. /)
        .and.to.match(why);
      answer = said(0, now + 60);
      expect(await readAfter(feed, 60)).to.equal(0);
      expect(told.slice(1)).to.deep.equal(["The feed of the risk state counts again."]);
    });
  }

  it("makes the keeper careful, with what it said on record", () => {
    const feed = { value: 0.9 as number | null };
    const manager = new RiskManager(RISK, silentLog, { read: () => feed.value });
    const input = manager.assess(inputAt(0), sight);
    expect(input.limits.delta).to.equal(10);
    expect(input.risk).to.deep.include({
      level: "defensive",
      why: "the feed's signal rose to 0.9: defensive from 0.8",
    });
    expect(input.risk!.facts.signal).to.equal(0.9);
    feed.value = null;
    expect(manager.assess(inputAt(0), sight).limits.delta).to.equal(20);
  });

  it("can tighten, never loosen: whatever it says, the state is at least what it is without", () => {
    fc.assert(
      fc.property(noisyFacts, (sequence) => {
        const alone = states(sequence.map((facts) => ({ ...facts, signal: 0 })));
        for (const [index, { level }] of states(sequence).entries())
          expect(rankOf(level)).to.be.at.least(rankOf(alone[index]!.level));
      }),
      { numRuns: 200 },
    );
  });

  it("has its address kept from view, and out of what is recorded", () => {
    const url = "https://feed.example/token-of-the-feed-0123456789";
    const file = write("config.json", { ...minimal, risk: { feed: { url } } });
    const config = loadConfig({ file, env: {} });
    const [vault] = config.vaults;
    expect(JSON.stringify(config)).to.not.include("token-of-the-feed");
    expect(vault.risk).to.deep.equal(RISK);
    expect(vault.riskFeed).to.include({ name: "risk", every: 60, maxAge: 600 });
    expect(secretsOf(config).map((secret) => secret.reveal())).to.include(url);
  });
});
