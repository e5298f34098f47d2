import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { expect } from "chai";

import { fetchInto } from "../../../keeper/fetch/fetchInto.ts";
import { optionChain } from "../../../keeper/fetch/optionChain.ts";
import { PublicServer } from "../../../keeper/fetch/publicServer.ts";
import { Secret } from "../../../keeper/config/secret.ts";
import { vanillaGreeks } from "../../../keeper/math/blackScholes.ts";
import { recordedData } from "../../support/recordedData.ts";
import { scratch } from "../utils/scratch.ts";
import { startSourceServer, type SourceReply, type SourceServer } from "../utils/sourceServer.ts";
import { fixture } from "../utils/sources.ts";

const NOW = Date.UTC(2024, 0, 1, 9) / 1000;
const CHAIN = ["deribit-instruments", "deribit-book-summary", "deribit-index-price"];

describe("fetching the option chain", () => {
  const files = scratch();
  let deribit: SourceServer;
  let instead: Record<string, SourceReply>;

  beforeEach(async () => {
    instead = {};
    deribit = await startSourceServer(({ path }) => {
      const name = CHAIN.find((each) => (fixture(each)["question"] as { path: string }).path === path)!;
      return instead[name] ?? { json: fixture(name).answer };
    });
  });
  afterEach(() => deribit.close());

  function snapshotAt(now: number, path: string, notes: string[] = []) {
    const options = { name: "deribit", url: new Secret(deribit.url), requestsPerSecond: 1000, retries: 0 };
    const dataset = optionChain(new PublicServer(options), () => now);
    return fetchInto({ dataset, path, from: now, to: Infinity, onNote: (note) => notes.push(note) });
  }

  it("joins listing, quotes and index in the columns and the order of the recorded chains", async () => {
    const [path, notes] = [files.at("chain.csv"), [] as string[]];
    expect(await snapshotAt(NOW, path, notes)).to.deep.equal({ added: 4, rows: 4 });
    expect(readFileSync(path, "utf8").split("\n")).to.deep.equal([
      "ts,expiry,strike,cp,bid,ask,mark,iv,delta,oi,vol24h,fut,idx",
      "1704099600,20240105,2300,C,0.0205,0.0215,0.021052,58.4,0.4753,12033,811.5,2287.1,2283.92",
      "1704099600,20240105,2300,P,0.026,0.027,0.026693,58.4,-0.5247,9120,402,2287.1,2283.92",
      "1704099600,20240126,2400,C,0.0465,0.0475,0.046901,61.02,0.422,30110,1204,2296.4,2283.92",
      "1704099600,20240126,2400,P,,0.0935,0.092013,61.02,-0.578,4100,0,2296.4,2283.92",
      "",
    ]);
    expect(notes).to.deep.equal(["1 listed options have no forward or volatility and are left out"]);
    const asked = deribit.questions.map(({ path: at, query }) => ({ path: at, query }));
    expect(asked).to.have.deep.members(CHAIN.map((name) => fixture(name)["question"]));
  });

  it("adds a snapshot to a file that is there, of what has not expired", async () => {
    const path = files.at("chain.csv.gz");
    await snapshotAt(NOW, path);
    expect(await snapshotAt(NOW + 4 * 86_400, path)).to.deep.equal({ added: 2, rows: 6 });
  });

  it("refuses quotes that are no numbers, and a chain without any", async () => {
    const { result } = fixture("deribit-book-summary").answer as { result: object[] };
    for (const [json, message] of [
      [{ result: [{ ...result[0], mark_price: "0.02" }] }, /schema does not allow/],
      [{ result: [] }, /answered no option with a quote$/],
    ] as const) {
      instead = { "deribit-book-summary": { json } };
      const error = await snapshotAt(NOW, files.at("chain.csv")).catch((thrown: unknown) => thrown);
      expect((error as Error).message).to.match(message);
      expect(existsSync(files.at("chain.csv"))).to.equal(false);
    }
  });

  it("has the delta that the venue shows", function () {
    const recorded = recordedData(this, "deribit_eth_chain/2026-02.csv.gz");
    const lines = gunzipSync(readFileSync(recorded)).toString().trimEnd().split("\n").slice(1, 20_000);
    const errors = lines.map((line) => {
      const [ts, day, strike, cp, , , , iv, delta, , , forward] = line.split(",");
      const expiry = Date.parse(`${day!.slice(0, 4)}-${day!.slice(4, 6)}-${day!.slice(6)}T08:00Z`) / 1000;
      const tau = Math.max(0, expiry - Number(ts)) / (365 * 86_400);
      const terms = { spot: Number(forward), strike: Number(strike), sigma: Number(iv) / 100, tau };
      return Math.abs(vanillaGreeks({ type: cp === "C" ? "call" : "put", ...terms }).delta - Number(delta));
    });
    errors.sort((a, b) => a - b);
    expect(errors[errors.length >> 1]).to.be.below(0.0005);
    expect(errors[Math.floor(errors.length * 0.98)]).to.be.below(0.01);
  });
});
