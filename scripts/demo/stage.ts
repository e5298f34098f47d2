import hre from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";
import { parseUnits, type Address } from "viem";

import { fromUsdc, fromWad } from "../../keeper/math/units.ts";
import { deployKeel, flatSurface, MAINNET_GROUND, type KeelContracts } from "../deployKeel.ts";
import { bootDate, bootLocalMainnet, type LocalMainnet } from "../localMainnet/bootLocalMainnet.ts";
import { OPTION_BOOK, QUOTE_TYPES, RISK_ENGINE, VAULT, VOLATILITY_ORACLE } from "./abis.ts";
import { ACTORS } from "./actors.ts";
import type { Scenario } from "./scenario.ts";
import { listSeries, seriesId, type SeriesTerms } from "./terms.ts";

/** What the two depositors bring, USDC with 6 decimals. */
const DEPOSITS = [parseUnits("3000000", 6), parseUnits("2000000", 6)];
/**
 * USD of ETH under each series. The deposits afford it at any price: the calls may need 4.2 times this in hedges, and
 * the payouts ring-fence 2.12 times this.
 */
const NOTIONAL = 750_000;
/** The takers pay a little over mark, as takers do. */
const PREMIUM_OVER_MARK_BPS = 100n;
/** The chain is ready this long before the market starts: time for deployment, deposits and sales. */
const SETUP_SECONDS = 600;

/** A long position somebody bought. */
export interface Holding {
  readonly holder: Address;
  readonly terms: SeriesTerms;
  readonly id: bigint;
  readonly quantity: bigint;
  /** USDC, 6 decimals. */
  readonly paid: bigint;
}

/** The chain, Keel on it, money in the vault and options in the market. */
export interface Stage {
  readonly connection: NetworkConnection;
  readonly local: LocalMainnet;
  readonly contracts: KeelContracts;
  /** Options sold of each series, on 1 ETH each, 18 decimals. */
  readonly quantity: bigint;
  readonly holdings: readonly Holding[];
}

/** Builds the stage of a scenario, on a chain of its own, up to the moment before the market starts. */
export async function setStage(scenario: Scenario, log: (message: string) => void): Promise<Stage> {
  const readyAt = scenario.start - SETUP_SECONDS;
  const connection = await hre.network.create({
    network: "localMainnet",
    override: { initialDate: bootDate(readyAt) },
  });
  const local = await bootLocalMainnet(connection.provider, { price: scenario.spot, timestamp: readyAt });
  log("local mainnet: Uniswap v3, Aave v3, Chainlink and USDC at their mainnet addresses");
  const { spot, expiries } = scenario;
  return raiseVault(
    connection,
    local,
    { spot, expiries, volatility: scenario.volatility(scenario.start) },
    log,
  );
}

/** Deploys Keel on a booted chain that mines by itself, fills the vault and sells its first options. */
export async function raiseVault(
  connection: NetworkConnection,
  local: LocalMainnet,
  market: {
    readonly spot: number;
    /** Unix seconds, the earlier first. */
    readonly expiries: readonly [number, number];
    /** Annualised, as a fraction. */
    readonly volatility: number;
  },
  log: (message: string) => void,
): Promise<Stage> {
  const contracts = await deployKeel(connection, {
    ground: MAINNET_GROUND,
    roles: {
      admin: ACTORS.admin.address,
      keeper: ACTORS.keeper.address,
      quoter: ACTORS.quoter.address,
      guardian: ACTORS.guardian.address,
      surfacePoster: ACTORS.surfacePoster.address,
    },
    surface: flatSurface(market.volatility),
    // The admin is to act within a run of an hour or a day.
    adminDelay: 0,
  });
  log(`Keel deployed, vault ${contracts.Vault}`);

  for (const [index, depositor] of ACTORS.depositors.entries()) {
    await deposit(local, contracts, depositor.address, DEPOSITS[index]!);
  }
  log(
    `${String(ACTORS.depositors.length)} wallets deposited ${format(DEPOSITS.reduce((a, b) => a + b))} USDC`,
  );

  const quantity = optionsPerSeries(market.spot);
  const holdings: Holding[] = [];
  for (const [index, terms] of listSeries(market).entries()) {
    const taker = ACTORS.takers[index % ACTORS.takers.length]!.address;
    holdings.push(await sell(local, contracts, { taker, terms, quantity, nonce: BigInt(index) }));
  }
  const premiums = holdings.reduce((sum, { paid }) => sum + paid, 0n);
  const each = fromWad(quantity).toLocaleString("en-US");
  log(`${String(holdings.length)} series of ${each} options written for ${format(premiums)} USDC of premium`);
  return { connection, local, contracts, quantity, holdings };
}

/** Whole options. @returns 18 decimals. */
function optionsPerSeries(spot: number): bigint {
  return parseUnits(String(Math.max(1, Math.floor(NOTIONAL / spot))), 18);
}

async function deposit(
  { chain, addresses, abis, mintUsdc }: LocalMainnet,
  { Vault }: KeelContracts,
  depositor: Address,
  assets: bigint,
): Promise<void> {
  await mintUsdc(depositor, assets);
  await chain.write(depositor, addresses.usdc, abis.erc20, "approve", [Vault, assets]);
  await chain.write(depositor, Vault, VAULT, "deposit", [assets, depositor]);
}

/** The quoter signs a quote of the vault at mark plus its margin; the taker fills it whole. */
async function sell(
  local: LocalMainnet,
  contracts: KeelContracts,
  sale: {
    readonly taker: Address;
    readonly terms: SeriesTerms;
    readonly quantity: bigint;
    readonly nonce: bigint;
  },
): Promise<Holding> {
  const { taker, terms, quantity, nonce } = sale;
  const { chain, addresses, abis, mintUsdc } = local;
  const id = seriesId(terms);
  const mark = await markOf(local, contracts, id);
  const premium = (mark * (10_000n + PREMIUM_OVER_MARK_BPS)) / 10_000n + 1n;
  const quote = {
    maker: contracts.Vault,
    taker,
    makerSells: true,
    seriesId: id,
    quantity,
    premium,
    nonce,
    deadline: BigInt(await chain.timestamp()) + 600n,
  };
  const signature = await ACTORS.quoter.signTypedData({
    domain: {
      name: "Keel OptionBook",
      version: "1",
      chainId: Number(await chain.rpc("eth_chainId")),
      verifyingContract: contracts.OptionBook,
    },
    types: QUOTE_TYPES,
    primaryType: "Quote",
    message: quote,
  });
  const paid = (premium * quantity + 10n ** 18n - 1n) / 10n ** 18n;
  await mintUsdc(taker, paid);
  await chain.write(taker, addresses.usdc, abis.erc20, "approve", [contracts.OptionBook, paid]);
  await chain.write(taker, contracts.OptionBook, OPTION_BOOK, "fill", [quote, signature, quantity]);
  return { holder: taker, terms, id, quantity, paid };
}

/**
 * USDC, 6 decimals, for one option at the vault's own marks when the chain was ready: not now, since the clock of the
 * set-up is the machine's, and a run must repeat exactly.
 */
async function markOf(
  { chain, addresses, abis, timestamp }: LocalMainnet,
  { RiskEngine, VolatilityOracle }: KeelContracts,
  id: bigint,
): Promise<bigint> {
  const [, answer] = await chain.read(addresses.ethUsdFeed, abis.feed, "latestRoundData", []);
  const surface = await chain.read(VolatilityOracle, VOLATILITY_ORACLE, "surface", []);
  const { price } = await chain.read(RiskEngine, RISK_ENGINE, "value", [
    id,
    answer * 10n ** 10n,
    BigInt(timestamp),
    surface,
  ]);
  return price / 10n ** 12n;
}

function format(usdc: bigint): string {
  return fromUsdc(usdc).toLocaleString("en-US", { maximumFractionDigits: 0 });
}
