import { createRequire } from "node:module";

import { Contract, ContractFactory } from "ethers";
import type { InterfaceAbi, Signer } from "ethers";

const require = createRequire(import.meta.url);

type LinkReferences = Record<string, Record<string, { start: number; length: number }[]>>;

/** A contract somebody else compiled, as its npm package carries it. */
export interface PackagedArtifact {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
}

/**
 * Reads a Hardhat or a Chainlink (sol-compiler) artifact from a package and links it.
 * @param path Module path of the JSON file.
 * @param libraries Addresses by library name; one that is missing throws.
 */
export function readArtifact(path: string, libraries: Record<string, string> = {}): PackagedArtifact {
  const json = require(path);
  const abi: InterfaceAbi = json.compilerOutput?.abi ?? json.abi;
  let bytecode: string = json.compilerOutput?.evm.bytecode.object ?? json.bytecode;
  const references: LinkReferences = json.linkReferences ?? {};
  for (const [name, places] of Object.values(references).flatMap((file) => Object.entries(file))) {
    const address = libraries[name];
    if (address === undefined) throw new Error(`${path} needs the library ${name}`);
    for (const { start, length } of places) {
      const at = 2 + start * 2;
      bytecode = bytecode.slice(0, at) + address.slice(2).toLowerCase() + bytecode.slice(at + length * 2);
    }
  }
  return { abi, bytecode };
}

/** Deploys a packaged contract from `signer`. */
export async function deployArtifact(
  artifact: PackagedArtifact,
  signer: Signer,
  args: readonly unknown[] = [],
): Promise<Contract> {
  const factory = new ContractFactory(artifact.abi, artifact.bytecode, signer);
  const contract = await factory.deploy(...args);
  await contract.waitForDeployment();
  return new Contract(await contract.getAddress(), artifact.abi, signer);
}
