import { AbiCoder, TypedDataEncoder, ZeroAddress } from "ethers";
import type { Contract, Signer } from "ethers";
import type { NetworkConnection } from "hardhat/types/network";

import { ChainlinkFeed } from "./chainlink.ts";
import { deployUsdc } from "./usdc.ts";

export const ONE = 10n ** 18n;
export const USD = 10n ** 8n;
export const USDC = 10n ** 6n;
export const DAY = 86_400n;
const SCALE = 10n ** 20n;

export interface Terms {
  readonly isPut: boolean;
  /** USD, 8 decimals. */
  readonly strike: bigint;
  /** USD, 8 decimals; the floor of a put. */
  readonly cap: bigint;
  /** Unix seconds. */
  readonly expiry: bigint;
}

/** The ERC-1155 id of a series: the packing of contracts/types/Series.sol. */
export function seriesIdOf({ isPut, strike, cap, expiry }: Terms): bigint {
  return ((isPut ? 1n : 0n) << 168n) | (strike << 104n) | (cap << 40n) | expiry;
}

/** USD, 8 decimals, that one option pays at `price`. */
export function payoutOf({ isPut, strike, cap }: Terms, price: bigint): bigint {
  const gain = isPut ? strike - price : price - strike;
  const width = isPut ? strike - cap : cap - strike;
  return gain < 0n ? 0n : gain > width ? width : gain;
}

/** `quantity` options at `usd` each in USDC, rounded down. */
export function toUsdcDown(quantity: bigint, usd: bigint): bigint {
  return (quantity * usd) / SCALE;
}

/** `quantity` options at `usd` each in USDC, rounded up. */
export function toUsdcUp(quantity: bigint, usd: bigint): bigint {
  return (quantity * usd + SCALE - 1n) / SCALE;
}

export interface QuoteFields {
  maker: string;
  taker: string;
  makerSells: boolean;
  seriesId: bigint;
  quantity: bigint;
  premium: bigint;
  nonce: bigint;
  deadline: bigint;
}

/** The EIP-712 type of a quote. */
export const QUOTE_TYPES = {
  Quote: [
    { name: "maker", type: "address" },
    { name: "taker", type: "address" },
    { name: "makerSells", type: "bool" },
    { name: "seriesId", type: "uint256" },
    { name: "quantity", type: "uint256" },
    { name: "premium", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

/** A book over real USDC and a real feed in its phase 1, with a call and a put that expire in a week. */
export async function deployBook({ ethers, networkHelpers }: NetworkConnection<"l1">) {
  const [owner, proxyAdmin, writer, holder, maker, taker, stranger] = await ethers.getSigners();
  if (!owner || !proxyAdmin || !writer || !holder || !maker || !taker || !stranger) {
    throw new Error("seven accounts are needed");
  }
  const usdc = await deployUsdc(owner, proxyAdmin);
  const { time } = networkHelpers;
  const feed = await ChainlinkFeed.deploy(owner, (at) => time.setNextBlockTimestamp(at));
  await feed.submit(1, 3_000n * USD);
  const book = await ethers.deployContract("OptionBook", [usdc, feed.proxy]);
  const address = await book.getAddress();

  const fund = async (account: string) => usdc.mint!(account, 10_000_000n * USDC);
  for (const account of [writer, holder, maker, taker]) {
    await fund(await account.getAddress());
    await (usdc.connect(account) as Contract).approve!(address, 2n ** 256n - 1n);
  }

  const expiry = BigInt(await time.latest()) + 7n * DAY;
  const call: Terms = { isPut: false, strike: 3_000n * USD, cap: 4_000n * USD, expiry };
  const put: Terms = { isPut: true, strike: 3_000n * USD, cap: 2_000n * USD, expiry };
  const domain = {
    name: "Keel OptionBook",
    version: "1",
    chainId: (await ethers.provider.getNetwork()).chainId,
    verifyingContract: address,
  };
  const quote: QuoteFields = {
    maker: await maker.getAddress(),
    taker: ZeroAddress,
    makerSells: true,
    seriesId: seriesIdOf(call),
    quantity: 10n * ONE,
    premium: 150n * USDC,
    nonce: 1n,
    deadline: expiry,
  };

  return {
    usdc,
    feed,
    book,
    address,
    owner,
    writer,
    holder,
    maker,
    taker,
    stranger,
    expiry,
    call,
    put,
    callId: seriesIdOf(call),
    putId: seriesIdOf(put),
    quote,
    fund,
    /** The book as `account` calls it. */
    as: (account: Signer) => book.connect(account) as Contract,
    sign: (signer: Signer, fields: QuoteFields) => signer.signTypedData(domain, QUOTE_TYPES, fields),
    hash: (fields: QuoteFields) => TypedDataEncoder.hash(domain, QUOTE_TYPES, fields),
    /** Answers a round at `expiry` with `price` and settles there. */
    settleAt: async (price: bigint) => {
      const roundId = await feed.submit(1, price, expiry);
      await book.settle!(expiry, roundId, []);
    },
  };
}

/** What `ContractWallet` needs to call `contract.method(...args)`. */
export function callData(contract: Contract, method: string, args: readonly unknown[]): string {
  return contract.interface.encodeFunctionData(method, args);
}

/** The selector and arguments of a custom error, as a contract returns them. */
export function errorData(contract: Contract, name: string, args: readonly unknown[] = []): string {
  const error = contract.interface.getError(name);
  if (error === null) throw new Error(`no error ${name}`);
  return error.selector + AbiCoder.defaultAbiCoder().encode(error.inputs, args).slice(2);
}
