import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { expect } from "chai";
import { parse } from "csv-parse/sync";
import { network } from "hardhat";

import { recordedData } from "../support/recordedData.ts";
import { roundIdOf } from "./utils/chainlink.ts";
import { deployBook } from "./utils/optionBook.ts";

const connection = await network.create({ network: "localMainnet", chainType: "l1" });
const { ethers } = connection;

const SAMPLES = 40;

interface Round {
  readonly id: bigint;
  readonly answer: bigint;
  readonly updatedAt: bigint;
}

function readRounds(file: string): Round[] {
  const rows: Record<string, string>[] = parse(gunzipSync(readFileSync(file)), { columns: true });
  return rows.map((row) => ({
    id: BigInt(row["round_id"]!),
    answer: BigInt(row["answer"]!),
    updatedAt: BigInt(row["updated_at"]!),
  }));
}

describe("OptionBook.settle on the rounds of the mainnet feed", () => {
  it("takes one round for each expiry, ties included", async function () {
    const file = recordedData(this, "chainlink_ethusd_rounds_2023-04_2024-01.csv.gz");
    const rounds = readRounds(file).sort((a, b) => (a.id < b.id ? -1 : 1));
    const tied = rounds.slice(1).filter((round, i) => round.updatedAt === rounds[i]!.updatedAt);
    expect(tied.length).to.equal(5);
    const first = rounds[5]!.updatedAt;
    const span = rounds.at(-5)!.updatedAt - first;
    const expiries = new Set([
      ...tied.flatMap((round) => [round.updatedAt - 1n, round.updatedAt, round.updatedAt + 1n]),
      ...Array.from({ length: SAMPLES }, (_, i) => first + (span * BigInt(i)) / BigInt(SAMPLES)),
    ]);

    const { usdc } = await deployBook(connection);
    const feed = await ethers.deployContract("MockGappyFeed");
    const book = await ethers.deployContract("OptionBook", [usdc, feed]);
    const lower = [1, 2, 3, 4, 5].map((phase) => roundIdOf(phase, 0));
    for (const expiry of expiries) {
      const at = rounds.findIndex((round) => round.updatedAt >= expiry);
      const near = rounds.slice(at - 3, at + 4);
      for (const { id, answer, updatedAt } of near) await feed.setRound!(id, answer, updatedAt);
      const passing: bigint[] = [];
      for (const { id } of near) {
        await book.settle!.staticCall(expiry, id, lower).then(
          () => passing.push(id),
          () => undefined,
        );
      }
      expect(passing, `expiry ${expiry}`).to.deep.equal([rounds[at]!.id]);
    }
  }).timeout(60_000);
});
