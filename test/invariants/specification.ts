import { expect } from "chai";

import { payoutOf } from "../contracts/utils/optionBook.ts";
import { expiryOf, ledgerGap } from "../contracts/utils/vault.ts";
import type { Life } from "./support/life.ts";

/**
 * What holds of Keel at every moment, whatever anybody has done: read this first. Each invariant is a function that throws
 * where it does not hold. What holds of single calls (exact previews, rounding, the reserve) is in the handlers that make them.
 */
export const SPECIFICATION: Readonly<Record<string, (life: Life) => Promise<void>>> = {
  sharesAreConserved,
  sharesInLineAreInEscrow,
  cashLedgerIsWhatTheVaultHas,
  navIsTheSumOfItsParts,
  payoutsAreRingFenced,
  claimsAreSetAside,
  theLineIsFirstComeFirstServed,
  bidAndAskEncloseMid,
  valuationNeverReverts,
};

/** The shares of all holders, those in escrow included, are all shares. */
async function sharesAreConserved({ keel, depositors }: Life): Promise<void> {
  const { vault, contracts, taker, stranger } = keel;
  let sum = 0n;
  for (const holder of [...depositors, taker, stranger, { address: contracts.Vault }]) {
    sum += (await vault.balanceOf!(holder.address)) as bigint;
  }
  expect(sum).to.equal(await vault.totalSupply!());
}

/** What waits is what the vault holds of its own shares. */
async function sharesInLineAreInEscrow({ keel: { vault, contracts } }: Life): Promise<void> {
  const { waiting } = (await vault.queue!()) as { waiting: bigint };
  expect(await vault.balanceOf!(contracts.Vault)).to.equal(waiting);
}

/** USDC held = cash + what is owed to claims + what others sent in. */
async function cashLedgerIsWhatTheVaultHas({ keel, donated }: Life): Promise<void> {
  expect((await ledgerGap(keel)).cash).to.equal(donated);
}

/** NAV = cash + collateral in the option book + venues + options at their marks. */
async function navIsTheSumOfItsParts({ keel }: Life): Promise<void> {
  expect((await ledgerGap(keel)).nav).to.equal(0n);
}

/** The option book holds at least what every holder of an option can come to be paid, at any price. */
async function payoutsAreRingFenced({ keel, series }: Life): Promise<void> {
  const { book, usdc, contracts, taker } = keel;
  let most = 0n;
  for (const id of series) {
    const terms = {
      isPut: id >> 168n === 1n,
      strike: (id >> 104n) & (2n ** 64n - 1n),
      cap: (id >> 40n) & (2n ** 64n - 1n),
      expiry: BigInt(expiryOf(id)),
    };
    const price = (await book.settlementPrice!(terms.expiry)) as bigint;
    const worst = terms.isPut ? 0n : 2n ** 64n;
    const payout = payoutOf(terms, price === 0n ? worst : price);
    for (const holder of [taker.address, contracts.Vault]) {
      most += (((await book.balanceOf!(holder, id)) as bigint) * payout) / 10n ** 20n;
    }
  }
  expect((await usdc.balanceOf!(contracts.OptionBook)) >= most).to.equal(true);
}

/** All that can be claimed is owed, and what is owed is there beside the cash. */
async function claimsAreSetAside({ keel, requests }: Life): Promise<void> {
  const { vault, usdc, contracts } = keel;
  const { owed } = (await vault.queue!()) as { owed: bigint };
  let claimable = 0n;
  for (const { id } of requests) claimable += (await vault.claimable!(id)) as bigint;
  expect(claimable <= owed, `${String(claimable)} claimable, ${String(owed)} owed`).to.equal(true);
  const held = (await usdc.balanceOf!(contracts.Vault)) as bigint;
  expect(held >= ((await vault.cash!()) as bigint) + owed).to.equal(true);
}

/** Nobody behind what was processed has anything to claim. */
async function theLineIsFirstComeFirstServed({ keel: { vault }, requests }: Life): Promise<void> {
  const { waiting } = (await vault.queue!()) as { waiting: bigint };
  const processed = (requests.at(-1)?.end ?? 0n) - waiting;
  for (const { id, start } of requests) {
    if (start >= processed) expect(await vault.claimable!(id)).to.equal(0n);
  }
}

async function bidAndAskEncloseMid({ keel: { vault } }: Life): Promise<void> {
  const { bid, mid, ask, free } = (await vault.value!()) as Record<string, bigint>;
  expect(bid! <= mid! && mid! <= ask!, `${String(bid)} ${String(mid)} ${String(ask)}`).to.equal(true);
  expect(free! <= ((await vault.cash!()) as bigint)).to.equal(true);
}

/** Every view answers, whatever has expired, gone stale or strayed. */
async function valuationNeverReverts({ keel }: Life): Promise<void> {
  const { vault, lens, contracts, alice } = keel;
  for (const read of [
    "value",
    "status",
    "nav",
    "drift",
    "totalAssets",
    "hedgeReserve",
    "needsRebalance",
    "queue",
  ]) {
    await vault.getFunction(read)();
  }
  for (const read of ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"]) {
    await vault.getFunction(read)(alice.address);
  }
  for (const read of ["previewDeposit", "previewMint", "previewWithdraw", "previewRedeem"]) {
    await vault.getFunction(read)(10n ** 9n);
  }
  await vault.convertToAssets!(10n ** 12n);
  await vault.convertToShares!(10n ** 6n);
  await lens.snapshot!(contracts.Vault);
}
