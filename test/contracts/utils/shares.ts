import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { ContractTransactionResponse } from "ethers";

import { USDC } from "./keel.ts";
import { seriesOf, vaultAs } from "./vault.ts";
import type { Keel } from "./useKeel.ts";

/** `Value` of contracts/interfaces/IVault.sol, USDC with 6 decimals. */
export interface VaultValue {
  readonly bid: bigint;
  readonly mid: bigint;
  readonly ask: bigint;
  readonly free: bigint;
  readonly entryOpen: boolean;
  readonly exitOpen: boolean;
  readonly queueOpen: boolean;
}

/** `Queue` of contracts/interfaces/IVault.sol. */
export interface VaultQueue {
  readonly waiting: bigint;
  readonly owed: bigint;
  readonly oldestRequestAt: bigint;
}

/** Half-widths of the box that bid and ask cover, 18 decimals. */
export const BOX = { price: 10n ** 16n, volatility: 5n * 10n ** 16n };
/** How far a USDC may be from its feed, beside the box, 18 decimals. */
export const DOLLAR_BOX = 25n * 10n ** 14n;
/** Shares that one USDC buys at the start, 12 decimals. */
export const SHARE = 10n ** 12n;
/** Shares that count virtually. */
export const VIRTUAL_SHARES = 10n ** 6n;

/** Alice deposits a million USDC, Bob a fifth of that. */
export async function depositOfTwo(keel: Keel): Promise<void> {
  await keel.deposit(keel.alice, 1_000_000n * USDC);
  await keel.deposit(keel.bob, 200_000n * USDC);
}

export async function valueOf(keel: Keel, blockTag?: number): Promise<VaultValue> {
  return (await keel.vault.value!(blockTag === undefined ? {} : { blockTag })) as VaultValue;
}

export async function queueOf(keel: Keel): Promise<VaultQueue> {
  return (await keel.vault.queue!()) as VaultQueue;
}

/** Shares of `owner`, 12 decimals. */
export async function sharesOf(keel: Keel, owner: { readonly address: string }): Promise<bigint> {
  return (await keel.vault.balanceOf!(owner.address)) as bigint;
}

/** USDC of `owner`, 6 decimals. */
export async function usdcOf(keel: Keel, owner: { readonly address: string }): Promise<bigint> {
  return (await keel.usdc.balanceOf!(owner.address)) as bigint;
}

/** `owner` joins the line of exits, to be paid itself unless told. @returns The id of the request. */
export async function requestRedeem(
  keel: Keel,
  owner: HardhatEthersSigner,
  shares: bigint,
  receiver: string = owner.address,
): Promise<bigint> {
  const id = (await vaultAs(keel, owner).requestRedeem!.staticCall(
    shares,
    receiver,
    owner.address,
  )) as bigint;
  await vaultAs(keel, owner).requestRedeem!(shares, receiver, owner.address);
  return id;
}

/** The stranger has the line processed. @returns What its event tells: shares, 12 decimals, and USDC, 6 decimals. */
export async function processQueue(keel: Keel): Promise<{ shares: bigint; assets: bigint }> {
  const { vault, stranger } = keel;
  const sent = (await vaultAs(keel, stranger).processQueue!()) as ContractTransactionResponse;
  const logs = (await sent.wait())!.logs.flatMap((log) => vault.interface.parseLog(log) ?? []);
  const { args } = logs.find(({ name }) => name === "QueueProcessed")!;
  return { shares: args.shares as bigint, assets: args.assets as bigint };
}

/** The stranger claims for `receiver`. @returns What that got, USDC, 6 decimals. */
export async function claimExit(
  keel: Keel,
  id: bigint,
  receiver: { readonly address: string },
): Promise<bigint> {
  const before = await usdcOf(keel, receiver);
  await vaultAs(keel, keel.stranger).claim!(id);
  return (await usdcOf(keel, receiver)) - before;
}

/** What `owner` has after redeeming all it can at once, USDC, 6 decimals. */
export async function redeemAll(keel: Keel, owner: HardhatEthersSigner): Promise<bigint> {
  const shares = (await keel.vault.maxRedeem!(owner.address)) as bigint;
  if (shares !== 0n) await vaultAs(keel, owner).redeem!(shares, owner.address, owner.address);
  return usdcOf(keel, owner);
}

/** The series the vault holds. */
export async function seriesHeld(keel: Keel): Promise<bigint[]> {
  return ((await keel.vault.legs!()) as bigint[]).map(seriesOf);
}
