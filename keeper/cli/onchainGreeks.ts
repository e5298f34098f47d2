import {
  custom,
  createWalletClient,
  formatUnits,
  getAddress,
  parseAbi,
  parseUnits,
  type Address,
  type Hex,
} from "viem";

import { createChainClient, type Endpoint } from "../chain/client.ts";
import { deploymentFile } from "../config/deployment.ts";
import { readJsonObject } from "../config/load.ts";
import type { Greeks } from "../math/blackScholes.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { EntryError } from "./jsonBatch.ts";
import type { OptionEntry } from "./optionEntry.ts";

const riskEngineAbi = parseAbi([
  "struct Greeks { int256 price; int256 delta; int256 gamma; int256 vega; int256 theta; }",
  "function greeks(bool isPut, uint256 spot, uint256 strike, uint256 cap, uint256 sigma, uint256 tau, uint256 forward) pure returns (Greeks)",
]);

/** What the contract prices without clamping it, in the units of an entry. */
const RANGES = {
  S: [1e-9, 1e12],
  strike: [1e-18, 3e20],
  cap: [0, 3e20],
  forward: [1e-18, 1e12],
  sigma: [0, 100],
  tau: [0, 100],
} as const;

/** The Solidity `RiskEngine`, wherever it runs. */
export interface OnchainEngine {
  /** @throws EntryError when the entry lies outside what the contract prices. */
  greeks(entry: OptionEntry): Promise<Greeks>;
  close(): Promise<void>;
}

/**
 * Reaches the `RiskEngine` deployed on the chain at `rpc`, a URL; without one, deploys it on a Hardhat network of this
 * process.
 * @param options.deployment the file with its address, by default that of the chain.
 */
export async function openRiskEngine(
  options: { readonly rpc?: string; readonly deployment?: string } = {},
): Promise<OnchainEngine> {
  if (options.rpc === undefined) return deployedInProcess();
  const endpoint = { url: options.rpc };
  const file = options.deployment ?? deploymentFile(await createChainClient(endpoint).getChainId());
  const { contracts } = readJsonObject(file) as { contracts?: { RiskEngine?: unknown } };
  if (typeof contracts?.RiskEngine !== "string") throw new Error(`${file}: contracts.RiskEngine is missing`);
  return engineAt(endpoint, getAddress(contracts.RiskEngine), () => Promise.resolve());
}

async function deployedInProcess(): Promise<OnchainEngine> {
  const source = "contracts/risk/RiskEngine.sol";
  // Standard output carries the answers alone, whatever a build has to say.
  const write = process.stdout.write;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    const { default: hre } = await import("hardhat");
    await hre.tasks.getTask("build").run({ files: [source], quiet: true, noTests: true });
    const { bytecode } = await hre.artifacts.readArtifact(`${source}:RiskEngine`);
    const connection = await hre.network.create("localMainnet");
    const endpoint = { provider: connection.provider as never };
    const wallet = createWalletClient({ transport: custom(endpoint.provider) });
    const [account] = await wallet.getAddresses();
    const hash = await wallet.deployContract({
      abi: riskEngineAbi,
      bytecode: bytecode as Hex,
      account: account!,
      chain: null,
    });
    const { contractAddress } = await createChainClient(endpoint).getTransactionReceipt({ hash });
    return engineAt(endpoint, contractAddress!, () => connection.close());
  } finally {
    process.stdout.write = write;
  }
}

function engineAt(endpoint: Endpoint, address: Address, close: () => Promise<void>): OnchainEngine {
  const client = createChainClient(endpoint);
  return {
    async greeks(entry) {
      checkRanges(entry);
      const { type, S, strike, cap = 0, sigma, tau, forward = S } = entry;
      const answer = await client.readContract({
        abi: riskEngineAbi,
        address,
        functionName: "greeks",
        args: [
          type === "put",
          wad(S),
          wad(strike),
          wad(cap),
          wad(sigma),
          BigInt(Math.round(tau * SECONDS_PER_YEAR)),
          wad(forward),
        ],
      });
      return {
        price: fromWad(answer.price),
        delta: fromWad(answer.delta),
        gamma: fromWad(answer.gamma),
        vega: fromWad(answer.vega),
        theta: fromWad(answer.theta),
      };
    },
    close,
  };
}

function checkRanges(entry: OptionEntry): void {
  for (const [field, [least, most]] of Object.entries(RANGES)) {
    const value = entry[field as keyof typeof RANGES];
    if (value !== undefined && (value < least || value > most)) {
      throw new EntryError(field, `The contract prices ${field} from ${String(least)} to ${String(most)}`);
    }
  }
  if (entry.forward !== undefined && entry.forward > entry.S * 2 ** 20) {
    throw new EntryError("forward", "The contract prices forwards up to 2^20 times S");
  }
}

/** The nearest number of 18 decimals: a double below 1e21 prints all of its digits. */
function wad(value: number): bigint {
  return parseUnits(value.toFixed(18), 18);
}

function fromWad(value: bigint): number {
  return Number(formatUnits(value, 18));
}
