import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract, ContractTransactionResponse } from "ethers";

import { USDC, WAD } from "../../test/contracts/utils/keel.ts";
import { movePool, passTime } from "../../test/contracts/utils/market.ts";
import type { Keel } from "../../test/contracts/utils/useKeel.ts";
import {
  driftOf,
  expiryOf,
  postSurface,
  rebalance,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "../../test/contracts/utils/vault.ts";
import { capped, PRICE } from "./market.ts";
import { gasRow, METERED, TARGETS, type GasRow } from "./row.ts";
import { whereItGoes } from "./whereItGoes.ts";

const EXPIRIES = 4;
const WRITTEN = 10n * WAD;
const SERIES = 8;
const HALF_AN_HOUR = 1_800;

/** What a transaction used, its 21,000 and its calldata included. */
export async function gasOf(sent: Promise<unknown>): Promise<bigint> {
  const receipt = await ((await sent) as ContractTransactionResponse).wait();
  return receipt!.gasUsed;
}

/** Gas of a call within a transaction to `contract`, everything it reads cold. */
async function callGas(meter: Contract, contract: Contract, method: string, args: readonly unknown[] = []) {
  const data = contract.interface.encodeFunctionData(method, args);
  return ((await meter.getFunction("callGas").staticCall(contract, data)) as bigint) - METERED;
}

async function write(keel: Keel, ids: readonly bigint[]): Promise<void> {
  for (const id of ids) await keel.buy(keel.taker, id, WRITTEN);
}

/** Pool and feed go to `usd` per ETH, and half an hour passes: no rebalance is too soon after the last. */
async function moveMarket(keel: Keel, usd: number): Promise<void> {
  await movePool(keel, usd);
  await passTime(keel, HALF_AN_HOUR, usd);
}

async function now(keel: Keel): Promise<number> {
  return keel.networkHelpers.time.latest();
}

/** Deposits by a newcomer, redemptions by a holder of shares. */
async function depositAndRedeem(keel: Keel, label: string): Promise<GasRow[]> {
  const { vault, mainnet, usdc, contracts, bob, alice } = keel;
  const snapshot = await keel.networkHelpers.takeSnapshot();
  await mainnet.mintUsdc(bob.address as `0x${string}`, 2_000n * USDC);
  await (usdc.connect(bob) as Contract).approve!(contracts.Vault, 2_000n * USDC);
  const first = await gasOf(vaultAs(keel, bob).deposit!(1_000n * USDC, bob.address));
  const next = await gasOf(vaultAs(keel, bob).deposit!(1_000n * USDC, bob.address));
  const shares = ((await vault.balanceOf!(alice.address)) as bigint) / 100n;
  const redeemed = await gasOf(vaultAs(keel, alice).redeem!(shares, alice.address, alice.address));
  await snapshot.restore();
  return [
    gasRow(`deposit by a newcomer, ${label}`, first, TARGETS.deposit),
    gasRow(`deposit by a holder, ${label}`, next, TARGETS.deposit),
    gasRow(`redeem, ${label}`, redeemed),
  ];
}

/** Entry and exit, without series and with eight. */
export async function measureEntry(keel: Keel): Promise<GasRow[]> {
  await keel.deposit(keel.alice, 10_000_000n * USDC);
  const none = await depositAndRedeem(keel, "no series");
  await write(keel, capped(SERIES, EXPIRIES, await now(keel)));
  return [...none, ...(await depositAndRedeem(keel, `${String(SERIES)} series`))];
}

/** An exit through the queue, with eight series. */
export async function measureQueue(keel: Keel): Promise<GasRow[]> {
  const { vault, alice, stranger } = keel;
  await keel.deposit(alice, 10_000_000n * USDC);
  await write(keel, capped(SERIES, EXPIRIES, await now(keel)));
  const shares = ((await vault.balanceOf!(alice.address)) as bigint) / 100n;
  const own = vaultAs(keel, alice);
  const id = (await own.requestRedeem!.staticCall(shares, alice.address, alice.address)) as bigint;
  return [
    gasRow(
      "exit queue: request, 8 series",
      await gasOf(own.requestRedeem!(shares, alice.address, alice.address)),
    ),
    gasRow("exit queue: process, 8 series", await gasOf(vaultAs(keel, stranger).processQueue!())),
    gasRow("exit queue: claim", await gasOf(vaultAs(keel, stranger).claim!(id))),
  ];
}

/** What an entry or a rebalance is made of, with a short open, and whole valuations. */
export async function measureParts(keel: Keel): Promise<GasRow[]> {
  const { vault, priceOracle, volatilityOracle, spot, short } = keel;
  const meter = (await keel.ethers.deployContract("GasMeter")) as unknown as Contract;
  const price = BigInt(PRICE) * WAD;
  const valuation = async (series: number, hedge = "") =>
    gasRow(
      `vault's totalAssets, ${String(series)} series${hedge}`,
      await callGas(meter, vault, "totalAssets"),
    );
  await keel.deposit(keel.alice, 10_000_000n * USDC);
  const rows = [await valuation(0)];
  const ids = capped(32, EXPIRIES, await now(keel), { isPut: true });
  for (let held = 0; held < ids.length;) {
    const until = [1, 8, 16, 32].find((count) => count > held)!;
    await write(keel, ids.slice(held, until));
    held = until;
    rows.push(await valuation(held));
  }
  await rebalance(keel, [{ venue: SHORT, dDelta: -(await driftOf(keel)) }]);
  rows.push(await valuation(ids.length, ", short open"));
  for (const [name, contract, method] of [
    ["price oracle's reading", priceOracle, "read"],
    ["volatility surface's reading", volatilityOracle, "surface"],
    ["spot venue's delta", spot, "delta"],
    ["spot venue's equity", spot, "equity"],
    ["short venue's delta", short, "delta"],
    ["short venue's equity", short, "equity"],
    ["short venue's liquidation distance", short, "liquidationDistance"],
  ] as const) {
    // Whatever these ask for is the price.
    const args = contract.interface.getFunction(method)!.inputs.map(() => price);
    rows.push(gasRow(`part: ${name}`, await callGas(meter, contract as unknown as Contract, method, args)));
  }
  return rows;
}

/** Fills of the vault's quotes. */
export async function measureFills(keel: Keel): Promise<GasRow[]> {
  await keel.deposit(keel.alice, 10_000_000n * USDC);
  const [first, ...others] = capped(SERIES + 1, EXPIRIES, await now(keel)) as [bigint, ...bigint[]];
  const fill = (id: bigint) => gasOf(keel.buy(keel.taker, id, WRITTEN));
  const rows = [gasRow("write: fill of a quote, the vault's first series", await fill(first))];
  await write(keel, others.slice(0, SERIES - 1));
  rows.push(gasRow("write: fill of a quote, a series held, 8 series", await fill(first)));
  rows.push(gasRow("write: fill of a quote, a ninth series", await fill(others.at(-1)!)));
  return rows;
}

/** Hedges on either venue with eight series. */
export async function measureRebalances(keel: Keel): Promise<GasRow[]> {
  await keel.deposit(keel.alice, 10_000_000n * USDC);
  const unhedged = await keel.networkHelpers.takeSnapshot();
  const hedge = async (venue: number) => gasOf(rebalance(keel, [{ venue, dDelta: -(await driftOf(keel)) }]));

  await write(keel, capped(SERIES, EXPIRIES, await now(keel), { isPut: false }));
  const buys = await hedge(SPOT);
  await moveMarket(keel, 3_060);
  const buysMore = await hedge(SPOT);
  await moveMarket(keel, 2_980);
  const sells = await hedge(SPOT);
  await unhedged.restore();

  await write(keel, capped(SERIES, EXPIRIES, await now(keel), { isPut: true }));
  const opens = await hedge(SHORT);
  await moveMarket(keel, 2_960);
  const adds = await hedge(SHORT);
  await moveMarket(keel, 3_040);
  const reduces = await hedge(SHORT);
  return [
    gasRow("rebalance on spot: first buy, 8 series", buys, TARGETS.spotRebalance),
    gasRow("rebalance on spot: buy, 8 series", buysMore, TARGETS.spotRebalance),
    gasRow("rebalance on spot: sell, 8 series", sells, TARGETS.spotRebalance),
    gasRow("rebalance on Aave: open a short, 8 series", opens),
    gasRow("rebalance on Aave: add to it, 8 series", adds),
    gasRow("rebalance on Aave: close part of it, 8 series", reduces),
  ];
}

/** What makes the two transactions of `TARGETS` what they are. */
export async function measureWhereItGoes(keel: Keel): Promise<GasRow[]> {
  const { contracts, usdc, alice } = keel;
  await keel.deposit(alice, 10_000_000n * USDC);
  await write(keel, capped(SERIES, EXPIRIES, await now(keel), { isPut: false }));
  const hedge = async () => rebalance(keel, [{ venue: SPOT, dDelta: -(await driftOf(keel)) }]);
  await hedge();
  await moveMarket(keel, 3_060);
  const hedged = await whereItGoes(keel, "spot rebalance", hedge());
  await keel.mainnet.mintUsdc(alice.address as `0x${string}`, 2_000n * USDC);
  await (usdc.connect(alice) as Contract).approve!(contracts.Vault, 2_000n * USDC);
  const entered = await whereItGoes(
    keel,
    "deposit",
    vaultAs(keel, alice).deposit!(1_000n * USDC, alice.address),
  );
  return [...hedged, ...entered];
}

/** The end of a series, for the vault and for everybody. */
export async function measureSettlement(keel: Keel): Promise<GasRow[]> {
  const { book, taker, bob, stranger, contracts } = keel;
  const as = (contract: unknown, signer: HardhatEthersSigner) =>
    (contract as Contract).connect(signer) as Contract;
  await keel.deposit(keel.alice, 10_000_000n * USDC);
  const ids = capped(SERIES, EXPIRIES, await now(keel));
  await write(keel, ids);
  const id = ids[0]!;
  await keel.fund(bob, 100_000n * USDC);
  const firstWrite = await gasOf(as(book, bob).write!(id, WRITTEN, taker.address));
  const nextWrite = await gasOf(as(book, bob).write!(id, WRITTEN, taker.address));
  await as(book, taker).safeTransferFrom!(taker.address, bob.address, id, WRITTEN / 2n, "0x");
  const closed = await gasOf(as(book, bob).close!(id, WRITTEN / 2n));
  const posted = await gasOf(postSurfaceLater(keel));

  // settleBook mines the settlement as the latest transaction.
  await settleBook(keel, expiryOf(id), 3_200);
  const block = await keel.ethers.provider.getBlock("latest");
  const receipt = await keel.ethers.provider.getTransactionReceipt(block!.transactions[0]!);
  if (receipt?.to !== contracts.OptionBook) throw new Error("the last transaction is not the settlement");
  const vaultSettles = await gasOf(vaultAs(keel, stranger).settle!(id));
  const claimed = await gasOf(as(book, taker).claim!(id, taker.address));
  const released = await gasOf(as(book, bob).release!(id));
  return [
    gasRow("settle: the vault, one of 8 series", vaultSettles),
    gasRow("option book: write, a writer's first", firstWrite),
    gasRow("option book: write, more of it", nextWrite),
    gasRow("option book: close a pair", closed),
    gasRow("option book: settle an expiry", receipt.gasUsed),
    gasRow("option book: claim", claimed),
    gasRow("option book: release", released),
    gasRow("volatility oracle: post a surface", posted),
  ];
}

async function postSurfaceLater(keel: Keel): Promise<unknown> {
  await keel.networkHelpers.time.increase(600);
  await postSurface(keel);
  const block = await keel.ethers.provider.getBlock("latest");
  return keel.ethers.provider.getTransaction(block!.transactions[0]!);
}
