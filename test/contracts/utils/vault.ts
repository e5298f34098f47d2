import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { ABIS } from "../../../scripts/localMainnet/abis.ts";
import { MAINNET, MAINNET_AUTHORITIES } from "../../../scripts/localMainnet/addresses.ts";
import { DEFAULT_LIMITS, USES, type VaultBudgets, type VaultLimits } from "../../../scripts/deployKeel.ts";
import { DAY, seriesId } from "./keel.ts";
import { contractAt, impersonate } from "./market.ts";
import type { Keel } from "./useKeel.ts";

/** One argument of `Vault.rebalance`; without a limit only the vault's own binds. */
export interface Leg {
  readonly venue: number;
  readonly dDelta: bigint;
  readonly limitPrice?: bigint;
}

export interface RebalanceOptions {
  readonly nonce?: bigint;
  readonly deadline?: bigint;
  readonly maxLoss?: bigint;
  readonly as?: HardhatEthersSigner;
}

export const SPOT = 0;
export const SHORT = 1;
const FOREVER = 2n ** 40n;

/** A call of `days` from now, 3,000 to 4,000 unless told. */
export async function callOf(keel: Keel, days: number, strike = 3_000, cap = 4_000): Promise<bigint> {
  const expiry = (await keel.networkHelpers.time.latest()) + days * DAY;
  return seriesId({ isPut: false, strike, cap, expiry });
}

/** A put of `days` from now, 3,000 to 2,000 unless told. */
export async function putOf(keel: Keel, days: number, strike = 3_000, floor = 2_000): Promise<bigint> {
  const expiry = (await keel.networkHelpers.time.latest()) + days * DAY;
  return seriesId({ isPut: true, strike, cap: floor, expiry });
}

/** The vault as `signer` calls it. */
export function vaultAs(keel: Keel, signer: HardhatEthersSigner): Contract {
  return keel.vault.connect(signer) as Contract;
}

export async function driftOf(keel: Keel): Promise<bigint> {
  return (await keel.vault.drift!()) as bigint;
}

/** Sends a rebalance; by the keeper, with the current nonce and no limits of its own unless told. */
export async function rebalance(keel: Keel, legs: readonly Leg[], options: RebalanceOptions = {}) {
  const nonce = options.nonce ?? ((await keel.vault.rebalanceNonce!()) as bigint);
  return vaultAs(keel, options.as ?? keel.keeper).rebalance!(
    legs.map(({ venue, dDelta, limitPrice }) => ({
      venue,
      dDelta,
      limitPrice: limitPrice ?? (dDelta > 0n ? 2n ** 200n : 0n),
    })),
    nonce,
    options.deadline ?? FOREVER,
    options.maxLoss ?? 2n ** 100n,
  );
}

/** Changes some of the default limits, as the admin. */
export async function setLimits(keel: Keel, limits: Partial<VaultLimits>) {
  return vaultAs(keel, keel.admin).setLimits!({ ...DEFAULT_LIMITS, ...limits });
}

/** Changes one of the default budgets, as the admin. */
export async function setBudget(keel: Keel, use: keyof VaultBudgets, capacity: bigint, perDay = 0n) {
  return vaultAs(keel, keel.admin).setBudget!(USES.indexOf(use), capacity, perDay);
}

/** Deploys a mock venue of the vault and adds it, as the admin. */
export async function addVenue(keel: Keel, contract: string): Promise<Contract> {
  const venue = await keel.ethers.deployContract(contract, [keel.contracts.Vault]);
  await vaultAs(keel, keel.admin).addVenue!(venue, 2n ** 96n - 1n);
  return venue as unknown as Contract;
}

/** `seller` sells options back to the vault, or short to it, at mark less 1 %. */
export async function sell(keel: Keel, seller: HardhatEthersSigner, id: bigint, quantity: bigint) {
  const premium = ((await keel.mark(id)) * 99n) / 100n;
  const { terms, signature } = await keel.quote(id, quantity, premium, { makerSells: false });
  return (keel.book.connect(seller) as Contract).fill!(terms, signature, quantity);
}

/** Puts a faulty aggregator behind a Chainlink proxy, as its owner, answering `answer` as of `updatedAt`. */
export async function breakFeed(
  keel: Keel,
  answer: bigint,
  updatedAt?: number,
  feed: string = MAINNET.ethUsdFeed,
) {
  const aggregator = await keel.ethers.deployContract("MockFaultyAggregator");
  await aggregator.set!(answer, updatedAt ?? (await keel.networkHelpers.time.latest()));
  const owner = await impersonate(keel, MAINNET_AUTHORITIES.chainlinkOwner);
  const proxy = contractAt(
    feed,
    ["function proposeAggregator(address)", "function confirmAggregator(address)"],
    owner,
  );
  await proxy.proposeAggregator!(aggregator);
  await proxy.confirmAggregator!(aggregator);
  return aggregator;
}

/** The ERC-1155 id of the series of a leg. */
export function seriesOf(leg: bigint): bigint {
  return leg & (2n ** 176n - 1n);
}

/** Options of a leg, 18 decimals; negative is short. */
export function quantityOf(leg: bigint): bigint {
  return BigInt.asIntN(80, leg >> 176n);
}

export function abs(x: bigint): bigint {
  return x < 0n ? -x : x;
}

/** Expects `sent` to revert with a custom error, of the vault unless told. */
export function refusalsOf(keel: () => Keel) {
  return async (sent: Promise<unknown>, error: string, contract: Contract = keel().vault) =>
    expect(sent).to.be.revertedWithCustomError(contract, error);
}

/** USDC that could leave at once, 6 decimals. */
export async function freeCash({ vault }: Keel): Promise<bigint> {
  const { free, exitOpen } = (await vault.value!()) as { free: bigint; exitOpen: boolean };
  return exitOpen ? free : 0n;
}

/** Checks after each test of the enclosing `describe` that the vault's ledgers are what it has. */
export function accountForEveryUnit(keel: () => Keel): void {
  afterEach("every unit is accounted for", async () => {
    expect(await ledgerGap(keel())).to.deep.equal({ cash: 0n, nav: 0n });
  });
}

/** That the cash ledger, with what is set aside for claims, is the vault's USDC and the collateral ledger what the option book holds for it. */
export async function ledgerGap(keel: Keel): Promise<{ cash: bigint; nav: bigint }> {
  const { vault, usdc, book, contracts } = keel;
  const cash = (await vault.cash!()) as bigint;
  const { owed } = (await vault.queue!()) as { owed: bigint };
  const [marks, nav] = (await vault.status!()) as [{ venueEquity: bigint; book: { price: bigint } }, bigint];
  let collateral = 0n;
  for (const leg of (await vault.legs!()) as bigint[]) {
    collateral += (await book.collateralOf!(contracts.Vault, seriesOf(leg))) as bigint;
  }
  const unit = 10n ** 12n;
  const value = marks.book.price / unit - (marks.book.price % unit < 0n ? 1n : 0n);
  return {
    cash: ((await usdc.balanceOf!(contracts.Vault)) as bigint) - cash - owed,
    nav: nav - (cash + collateral + marks.venueEquity + value),
  };
}

/** Posts the surface that stands again: a fresh time, the same volatilities. */
export async function postSurface(keel: Keel): Promise<void> {
  const oracle = keel.volatilityOracle.connect(keel.surfacePoster) as Contract;
  const surface = (await oracle.surface!()) as { toObject(deep: boolean): { pillars: unknown[] } };
  await oracle.post!(surface.toObject(true).pillars);
}

/** Answers a round at `usd` in the very second of `expiry` and settles the option book there. */
export async function settleBook(keel: Keel, expiry: number, usd: number): Promise<void> {
  await keel.networkHelpers.time.setNextBlockTimestamp(expiry - 1);
  await keel.mainnet.submitUsdcUsd(1);
  await keel.mainnet.submitEthUsd(usd);
  const feed = contractAt(MAINNET.ethUsdFeed, ABIS.feed, keel.stranger);
  const [roundId] = (await feed.latestRoundData!()) as [bigint];
  await (keel.book.connect(keel.stranger) as Contract).settle!(expiry, roundId, []);
}

/** Unix seconds at which a series expires. */
export function expiryOf(id: bigint): number {
  return Number(id & (2n ** 40n - 1n));
}
