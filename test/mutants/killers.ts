import { globSync } from "node:fs";
import { join } from "node:path";

/** Test files that may kill the mutants of a Solidity file. */
export interface Killers {
  /** The likeliest and quickest first. */
  readonly mocha: readonly string[];
  /** Run when none of those does. */
  readonly solidity: readonly string[];
}

/** Patterns below test/contracts, in order; a file is taken where it first matches. */
interface Patterns extends Killers {
  readonly without: readonly string[];
}

const VAULT: Omit<Patterns, "mocha"> = {
  solidity: ["**/*.t.sol"],
  // They never meet the vault, or take long to find what the others do.
  without: [
    "utils/**",
    "risk/**",
    "OptionBook*",
    "UniswapV3*",
    "*Oracle*.ts",
    "Keel.random.ts",
    "StressWindows.ts",
  ],
};

/** By the longest prefix of the path. */
const BY_PREFIX: Readonly<Record<string, Patterns>> = {
  "contracts/risk/": {
    mocha: ["risk/RiskEngine.ts", "risk/*.ts"],
    solidity: ["risk/*.t.sol"],
    // A process of its own, which knows nothing of the mutant.
    without: ["risk/greeksOnchain.ts"],
  },
  "contracts/OptionBook.sol": {
    mocha: ["OptionBook.ts", "OptionBook.fill.ts", "OptionBook.settle.ts", "OptionBook*.ts"],
    solidity: ["OptionBook*.t.sol"],
    without: [],
  },
  "contracts/vault/OptionLedger.sol": {
    mocha: ["Vault.options.ts", "Vault.settle.ts", "HedgeReserve.ts", "Vault.*.ts", "**/*.ts"],
    ...VAULT,
  },
  "contracts/vault/HedgeGate.sol": {
    mocha: ["Vault.rebalance.ts", "Vault.rebalance*.ts", "Vault.*.ts", "**/*.ts"],
    ...VAULT,
  },
  "contracts/": {
    mocha: ["Vault.ts", "Vault.governance.ts", "Vault.entry.ts", "Vault.options.ts", "Vault.*.ts", "**/*.ts"],
    ...VAULT,
  },
};

/** The tests for a Solidity file, each once. @throws Error when nothing is named for it. */
export function killersOf(root: string, file: string): Killers {
  const prefix = Object.keys(BY_PREFIX)
    .filter((one) => file.startsWith(one))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) throw new Error(`no tests are named for ${file}`);
  const { mocha, solidity, without } = BY_PREFIX[prefix]!;
  const cwd = join(root, "test/contracts");
  const expand = (patterns: readonly string[]) => {
    const found = patterns.flatMap((pattern) => globSync(pattern, { cwd, exclude: [...without] }).sort());
    return [...new Set(found)].map((path) => `test/contracts/${path}`);
  };
  return { mocha: expand(mocha), solidity: expand(solidity) };
}
