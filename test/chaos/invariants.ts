import { expect } from "chai";
import { parseEventLogs, type Hash, type Hex } from "viem";

import { vaultAbi } from "../../keeper/chain/abi.ts";
import type { Database } from "../../keeper/store/database.ts";
import { Journal } from "../../keeper/store/journal.ts";
import type { Ground } from "./ground.ts";
import type { KeeperProcess } from "./keeperProcess.ts";

/** ETH: what may be left of a drift of 100 after it was hedged. */
const BAND = 1;
const ALL = 100_000;

export interface Claims {
  readonly ground: Ground;
  /** Not through the proxy. */
  readonly database: Database;
  readonly keepers: readonly KeeperProcess[];
  /** Transactions of the account that others have sent. */
  readonly foreign: ReadonlySet<Hash>;
}

interface ChainTransaction {
  readonly hash: Hash;
  readonly from: Hex;
  readonly nonce: Hex;
}

/** What the canonical chain itself says of the account and the vault. */
async function readChain(ground: Ground) {
  const head = await ground.height();
  const mined: (ChainTransaction & { readonly block: number; readonly isGood: boolean })[] = [];
  const rebalanced: { readonly nonce: bigint; readonly hash: Hash }[] = [];
  for (let number = ground.firstBlock; number <= head; number += 1) {
    const { transactions } = await ground.rpc<{ transactions: ChainTransaction[] }>("eth_getBlockByNumber", [
      `0x${number.toString(16)}`,
      true,
    ]);
    for (const transaction of transactions) {
      const { hash, from } = transaction;
      const isOwn = from.toLowerCase() === ground.keeper.toLowerCase();
      const { status, logs } = await ground.rpc<{ status: Hex; logs: never[] }>("eth_getTransactionReceipt", [
        hash,
      ]);
      for (const { args, eventName } of parseEventLogs({ abi: vaultAbi, logs }))
        if (eventName === "Rebalanced") rebalanced.push({ nonce: args.rebalanceNonce, hash });
      if (isOwn) mined.push({ ...transaction, block: number, isGood: status === "0x1" });
    }
  }
  return { mined, rebalanced };
}

/** Throws where anything that must hold after every scenario does not. */
export async function checkInvariants({ ground, database, keepers, foreign }: Claims): Promise<void> {
  const journal = new Journal(database);
  const executions = (await journal.executions({ limit: ALL })).toReversed();
  const decisions = new Map((await journal.decisions({ limit: ALL })).map((each) => [each.id, each]));
  const { mined, rebalanced } = await readChain(ground);

  // No double rebalance.
  const confirmed = executions.filter(({ kind, status }) => kind === "rebalance" && status === "confirmed");
  expect(await ground.rebalances(), "the vault's rebalance nonce is the number of its events").to.equal(
    rebalanced.length,
  );
  expect(
    confirmed.map(({ hash }) => hash).toSorted(),
    "the rebalances confirmed in the journal are those on the chain",
  ).to.deep.equal(rebalanced.map(({ hash }) => hash).toSorted());
  const causes = confirmed.map(({ decision_id: id }) => id);
  expect(new Set(causes).size, "no decision was carried out twice").to.equal(causes.length);
  expect(
    confirmed.map(({ rebalance_nonce: nonce }) => nonce).toSorted((a, b) => Number(a! - b!)),
    "each rebalance used the vault's nonce it was made for",
  ).to.deep.equal(confirmed.map((_, index) => BigInt(index)));

  // No lost decision.
  for (const { decision_id: id, hash } of confirmed) {
    const decision = id === null ? undefined : decisions.get(id);
    expect(decision?.decision.action, `the decision behind ${hash ?? ""}`).to.be.oneOf([
      "rebalance",
      "emergency",
    ]);
  }
  const recorded = new Set([...decisions.values()].map(({ block }) => Number(block.number)));
  for (const keeper of keepers) {
    const blocksOf = (text: string) =>
      keeper.lines.filter(({ msg }) => msg === text).map(({ block }) => Number(block));
    // What it said it could not handle it has not acted on either.
    const failed = new Set(blocksOf("A block could not be handled."));
    const decided = blocksOf("Decided.").filter((block) => !failed.has(block) || recorded.has(block));
    // What was under way when it died is lost with it, but nothing before something that is not.
    const last = decided.findLastIndex((block) => recorded.has(block));
    const lost = decided.slice(0, last + 1).filter((block) => !recorded.has(block));
    expect(lost, "blocks decided at that the journal does not hold").to.deep.equal([]);
    expect(decided.length - last - 1, "decisions that only a death may lose").to.be.at.most(
      keeper.end?.signal === "SIGKILL" ? 2 : 0,
    );
  }

  // Nonces in order.
  expect(await ground.nonce(), "the account's nonce is the number of its transactions").to.equal(
    mined.length,
  );
  expect(await ground.nonce("pending"), "nothing of the account is pending").to.equal(mined.length);
  const own = mined.filter(({ hash }) => !foreign.has(hash));
  const ended = executions.filter(({ status }) => status === "confirmed" || status === "reverted");
  expect(
    ended.map(({ hash, status, tx_nonce: nonce }) => [hash, status, Number(nonce)]).toSorted(byNonce),
    "what the journal says was mined is what the chain has mined",
  ).to.deep.equal(
    own.map(({ hash, isGood, nonce }) => [hash, isGood ? "confirmed" : "reverted", Number(nonce)]),
  );
  const open = executions.filter(({ status }) => ["intent", "signed", "sent"].includes(status));
  expect(
    open.map(({ id, status }) => [id, status]),
    "nothing is left whose end is not known",
  ).to.deep.equal([]);

  // Hedged.
  expect(Math.abs(await ground.drift()), "drift, ETH").to.be.lessThan(BAND);
}

function byNonce(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[2]) - Number(b[2]);
}
