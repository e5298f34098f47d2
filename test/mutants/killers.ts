import { globSync } from "node:fs";
import { join } from "node:path";

/** Test files that may kill the mutants of a Solidity file. */
export interface Killers {
  /** The likeliest and quickest first. */
  readonly mocha: readonly string[];
  /** Run when none of those does. */
  readonly solidity: readonly string[];
}

const RISK = { mocha: ["risk/*.ts"], solidity: ["risk/*.t.sol"] };
const VAULT_LAST = ["Vault.*.ts", "*.ts"];

/** By the longest prefix of the path; patterns below test/contracts, in order. */
const BY_PREFIX: Readonly<Record<string, { mocha: readonly string[]; solidity: readonly string[] }>> = {
  "contracts/risk/": RISK,
  "contracts/OptionBook.sol": {
    mocha: ["OptionBook.ts", "OptionBook.fill.ts", "OptionBook.settle.ts", "OptionBook*.ts"],
    solidity: ["OptionBook*.t.sol"],
  },
  "contracts/vault/OptionLedger.sol": {
    mocha: ["Vault.options.ts", "Vault.settle.ts", "HedgeReserve.ts", ...VAULT_LAST],
    solidity: ["Vault*.t.sol"],
  },
  "contracts/vault/HedgeGate.sol": {
    mocha: ["Vault.rebalance.ts", "Vault.rebalance*.ts", ...VAULT_LAST],
    solidity: ["Vault*.t.sol"],
  },
  "contracts/": {
    mocha: ["Vault.ts", "Vault.governance.ts", "Vault.entry.ts", "Vault.options.ts", ...VAULT_LAST],
    solidity: ["Vault*.t.sol"],
  },
};
/** They start processes of their own, which know nothing of the mutant; or take minutes and kill what others do. */
const LEFT_OUT = ["risk/greeksOnchain.ts", "Keel.random.ts", "OptionBook*.ts", "risk/*.ts"];

/** The tests for a Solidity file, each once. */
export function killersOf(root: string, file: string): Killers {
  const prefix = Object.keys(BY_PREFIX)
    .filter((one) => file.startsWith(one))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) throw new Error(`no tests are named for ${file}`);
  const { mocha, solidity } = BY_PREFIX[prefix]!;
  const cwd = join(root, "test/contracts");
  const expand = (patterns: readonly string[]) => {
    const exclude = LEFT_OUT.filter((one) => !patterns.some((pattern) => pattern === one)).filter(
      (one) => !(one.startsWith("OptionBook") && prefix === "contracts/OptionBook.sol"),
    );
    const found = patterns.flatMap((pattern) => globSync(pattern, { cwd, exclude }).sort());
    return [...new Set(found)].map((path) => `test/contracts/${path}`);
  };
  return { mocha: expand(mocha), solidity: expand(solidity) };
}
