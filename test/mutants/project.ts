import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { parseProject } from "./ast.ts";
import { findMutants, type Mutant } from "./findMutants.ts";
import { SWITCH_FILE, SWITCH_SOURCE, switchedSource } from "./switchedSource.ts";

export const HARDHAT = join(
  createRequire(import.meta.url).resolve("hardhat/package.json"),
  "..",
  "dist/src/cli.js",
);
/** What the tests of contracts need beside the contracts. */
const COPIED = [
  "deployments",
  "keeper",
  "scripts",
  "test/contracts",
  "test/support",
  "test/mutants",
  "package.json",
  "tsconfig.json",
];

/** The project's configuration with the mutant of `KEEL_MUTANT_COINBASE` on, and room for the switches. */
const CONFIG = `import base from "./base.config.ts";

const coinbase = process.env.KEEL_MUTANT_COINBASE ?? "0x0000000000000000000000000000000000000000";
const switched = { coinbase, allowUnlimitedContractSize: true };

export default {
  ...base,
  networks: {
    ...base.networks,
    localMainnet: { ...base.networks.localMainnet, ...switched },
    default: { type: "edr-simulated", ...switched },
  },
  test: { solidity: { coinbase, fuzz: { seed: "0x4b65656c" } } },
};
`;

/** A copy of the project whose contracts carry every mutant, each behind its number: 1 for the first. */
export interface MutantProject {
  readonly root: string;
  readonly mutants: readonly Mutant[];
}

/**
 * Writes the copy, in a directory git ignores, and compiles it unless it is as it was.
 * @param files Solidity files to mutate.
 * @throws Error when the switched contracts do not compile: no mutant can be judged then.
 */
export function buildMutantProject(source: string, root: string, files: readonly string[]): MutantProject {
  const project = parseProject(source, files);
  const mutants = findMutants(project);
  mkdirSync(root, { recursive: true });
  for (const path of [...COPIED, "contracts"]) {
    rmSync(join(root, path), { recursive: true, force: true });
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(join(source, path), join(root, path), { recursive: true });
  }
  cpSync(join(source, "hardhat.config.ts"), join(root, "base.config.ts"));
  writeFileSync(join(root, "hardhat.config.ts"), CONFIG);
  writeFileSync(join(root, SWITCH_FILE), SWITCH_SOURCE);
  if (!existsSync(join(root, "node_modules")))
    symlinkSync(join(source, "node_modules"), join(root, "node_modules"));
  const numbered = mutants.map((mutant, index) => ({ id: index + 1, mutant }));
  for (const { file, text } of project.sources) {
    const own = numbered.filter(({ mutant }) => mutant.file === file);
    writeFileSync(join(root, file), switchedSource(file, text, own));
  }
  try {
    execFileSync(process.execPath, [HARDHAT, "build", "--no-typechain"], { cwd: root, stdio: "inherit" });
  } catch {
    throw new Error(`the contracts of ${root} do not compile with their mutants`);
  }
  return { root, mutants };
}
