import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import type { Abi, Address, Hex } from "viem";

const require = createRequire(import.meta.url);

/** Byte ranges of the creation code that hold a library's address, by source file and library name. */
type LinkReferences = Record<string, Record<string, readonly { start: number; length: number }[]>>;

export interface Artifact {
  readonly abi: Abi;
  readonly bytecode: Hex;
  readonly linkReferences: LinkReferences;
}

/** The shapes in which the packages publish the compiler's output. */
interface CompilerOutput {
  readonly abi: Abi;
  readonly bytecode?: string;
  readonly linkReferences?: LinkReferences;
  readonly evm?: { readonly bytecode: { readonly object: string; readonly linkReferences?: LinkReferences } };
}

/**
 * Reads the creation code a protocol's own npm package ships.
 * @param path package and file, e.g. `@uniswap/v3-core/artifacts/…/UniswapV3Factory.json`.
 * @throws Error when the file holds no creation code (an interface or an abstract contract).
 */
export function loadArtifact(path: string): Artifact {
  const json = JSON.parse(readFileSync(require.resolve(path), "utf8")) as
    CompilerOutput | { readonly compilerOutput: CompilerOutput };
  const output = "compilerOutput" in json ? json.compilerOutput : json;
  const code = output.bytecode ?? output.evm?.bytecode.object ?? "";
  const bytecode: Hex = code.startsWith("0x") ? (code as Hex) : `0x${code}`;
  if (bytecode === "0x") throw new Error(`${path} has no creation code`);
  return {
    abi: output.abi,
    bytecode,
    linkReferences: output.linkReferences ?? output.evm?.bytecode.linkReferences ?? {},
  };
}

/**
 * Fills the library placeholders of an artifact's creation code.
 * @throws Error when a library it needs is not given.
 */
export function linkArtifact(artifact: Artifact, libraries: Readonly<Record<string, Address>>): Artifact {
  let bytecode: string = artifact.bytecode;
  for (const referencesByName of Object.values(artifact.linkReferences)) {
    for (const [name, references] of Object.entries(referencesByName)) {
      const library = libraries[name];
      if (library === undefined) throw new Error(`library ${name} is not deployed`);
      for (const { start, length } of references) {
        const from = 2 + 2 * start;
        bytecode =
          bytecode.slice(0, from) + library.slice(2).toLowerCase() + bytecode.slice(from + 2 * length);
      }
    }
  }
  return { ...artifact, bytecode: bytecode as Hex, linkReferences: {} };
}

/** Multicall3's creation code. viem carries it in a module its package exports do not name. */
export async function loadMulticall3(): Promise<Artifact> {
  const viemRoot = join(dirname(require.resolve("viem")), "..");
  const constants = pathToFileURL(join(viemRoot, "_esm", "constants", "contracts.js")).href;
  const { multicall3Bytecode } = (await import(constants)) as { multicall3Bytecode: Hex };
  return { abi: [], bytecode: multicall3Bytecode, linkReferences: {} };
}
