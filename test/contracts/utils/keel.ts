import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { network } from "hardhat";
import type { Address } from "viem";

import { deployKeel, flatSurface, MAINNET_GROUND, type KeelContracts } from "../../../scripts/deployKeel.ts";
import { bootLocalMainnet, type LocalMainnet } from "../../../scripts/localMainnet/bootLocalMainnet.ts";
import { QUOTE_TYPES, seriesIdOf } from "./optionBook.ts";

export const WAD = 10n ** 18n;
export const USDC = 10n ** 6n;
export const DAY = 86_400;

/** A series by its terms; prices in whole USD, expiry in unix seconds. */
export interface SeriesTerms {
  readonly isPut: boolean;
  readonly strike: number;
  readonly cap: number;
  readonly expiry: number;
}

/** The ERC-1155 id of a series. */
export function seriesId({ isPut, strike, cap, expiry }: SeriesTerms): bigint {
  const price = (usd: number) => BigInt(Math.round(usd * 1e8));
  return seriesIdOf({ isPut, strike: price(strike), cap: price(cap), expiry: BigInt(expiry) });
}

/**
 * The local mainnet with Keel on it, at 3,000 USDC per ETH, and an account for everyone.
 * @param adminDelay Seconds.
 * @param initialDate When the chain begins.
 * @param chainId By default that of the local mainnet.
 * @param deploymentId Under which Ignition remembers it, where the chain is not in this process.
 * @param url Of an empty development chain that serves already; by default a chain in this process is made.
 */
export async function keelFixture({ adminDelay = 0, url, deploymentId, ...override }: FixtureOptions = {}) {
  const connection = await network.create(
    url === undefined ? { network: "localMainnet", override } : { network: "localhost", override: { url } },
  );
  const { ethers, provider, networkHelpers } = connection;
  const mainnet: LocalMainnet = await bootLocalMainnet(provider, { price: 3_000 });
  const signers = await ethers.getSigners();
  const [, admin, keeper, quoter, guardian, surfacePoster, alice, bob, taker, stranger] = signers as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ];
  const address = (signer: HardhatEthersSigner) => signer.address as Address;
  const contracts: KeelContracts = await deployKeel(connection, {
    ground: MAINNET_GROUND,
    roles: {
      admin: address(admin),
      keeper: address(keeper),
      quoter: address(quoter),
      guardian: address(guardian),
      surfacePoster: address(surfacePoster),
    },
    surface: flatSurface(0.6),
    adminDelay,
    ...(deploymentId === undefined ? {} : { deploymentId }),
  });

  const vault = await ethers.getContractAt("Vault", contracts.Vault);
  const book = await ethers.getContractAt("OptionBook", contracts.OptionBook);
  const manager = await ethers.getContractAt("AccessManager", contracts.AccessManager);
  const engine = await ethers.getContractAt("RiskEngine", contracts.RiskEngine);
  const volatilityOracle = await ethers.getContractAt("VolatilityOracle", contracts.VolatilityOracle);
  const priceOracle = await ethers.getContractAt("PriceOracle", contracts.PriceOracle);
  const spot = await ethers.getContractAt("SpotUniswapV3", contracts.SpotUniswapV3);
  const short = await ethers.getContractAt("ShortAaveV3", contracts.ShortAaveV3);
  const revoker = await ethers.getContractAt("HotKeyRevoker", contracts.HotKeyRevoker);
  const lens = await ethers.getContractAt("Lens", contracts.Lens);
  const usdc = new ethers.Contract(
    mainnet.addresses.usdc,
    [
      "function approve(address,uint256) returns (bool)",
      "function transfer(address,uint256) returns (bool)",
      "function balanceOf(address) view returns (uint256)",
      "function nonces(address) view returns (uint256)",
    ],
    alice,
  );

  /** Gives `user` USDC and deposits it. */
  const deposit = async (user: HardhatEthersSigner, assets: bigint) => {
    await mainnet.mintUsdc(address(user), assets);
    await usdc.connect(user).getFunction("approve")(contracts.Vault, assets);
    await vault.connect(user).getFunction("deposit")(assets, user.address);
  };

  /** Gives `user` USDC, and the option book leave to take any it has. */
  const fund = async (user: HardhatEthersSigner, assets: bigint) => {
    await mainnet.mintUsdc(address(user), assets);
    await usdc.connect(user).getFunction("approve")(contracts.OptionBook, 2n ** 255n);
  };

  const { chainId = 31337 } = override;
  let nonce = 0n;
  /** A quote of the vault for `id`, signed by `signer` (the quoter unless told). */
  const quote = async (
    id: bigint,
    quantity: bigint,
    premium: bigint,
    { makerSells = true, signer = quoter }: QuoteOptions = {},
  ) => {
    const terms = {
      maker: contracts.Vault,
      taker: ethers.ZeroAddress,
      makerSells,
      seriesId: id,
      quantity,
      premium,
      nonce: ++nonce,
      deadline: 2n ** 40n,
    };
    const signature = await signer.signTypedData(
      { name: "Keel OptionBook", version: "1", chainId, verifyingContract: contracts.OptionBook },
      QUOTE_TYPES,
      terms,
    );
    return { terms, signature };
  };

  /** USDC, 6 decimals, that one option of `id` is worth at the oracle marks now. */
  const mark = async (id: bigint): Promise<bigint> => {
    const reading = await priceOracle.getFunction("read")();
    const surface = await volatilityOracle.getFunction("surface")();
    const value = await engine.getFunction("value")(
      id,
      reading.ethUsd,
      await networkHelpers.time.latest(),
      surface.toObject(true),
    );
    return (value.price as bigint) / 10n ** 12n;
  };

  /** `buyer` buys from the vault at mark and 1 %. */
  const buy = async (buyer: HardhatEthersSigner, id: bigint, quantity: bigint) => {
    const premium = ((await mark(id)) * 101n) / 100n + 1n;
    const { terms, signature } = await quote(id, quantity, premium);
    await fund(buyer, (premium * quantity) / WAD + 1n);
    return book.connect(buyer).getFunction("fill")(terms, signature, quantity);
  };

  return {
    connection,
    ethers,
    provider,
    networkHelpers,
    mainnet,
    contracts,
    vault,
    book,
    manager,
    engine,
    volatilityOracle,
    priceOracle,
    spot,
    short,
    lens,
    revoker,
    usdc,
    admin,
    keeper,
    quoter,
    guardian,
    surfacePoster,
    alice,
    bob,
    taker,
    stranger,
    deposit,
    fund,
    quote,
    mark,
    buy,
  };
}

interface FixtureOptions {
  readonly adminDelay?: number;
  readonly initialDate?: Date;
  readonly chainId?: number;
  readonly url?: string;
  readonly deploymentId?: string;
}

interface QuoteOptions {
  readonly makerSells?: boolean;
  readonly signer?: HardhatEthersSigner;
}
