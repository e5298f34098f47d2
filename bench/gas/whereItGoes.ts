import type { ContractTransactionResponse } from "ethers";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import type { Keel } from "../../test/contracts/utils/useKeel.ts";
import { gasRow, type GasRow } from "./row.ts";

/** The part of `debug_traceTransaction`'s steps read here; `gas` is what is left before the step. */
interface Step {
  readonly op: string;
  readonly depth: number;
  readonly gas: number;
  readonly stack: readonly string[];
}

const STORAGE = "the vault's storage";
const COMPUTING = "the vault's own computing";
const TRANSACTION = "the transaction and its calldata";

/**
 * The parts of a transaction of the vault, which sum to all it used: what each contract takes that the vault and its
 * linked libraries call, by name; their own storage; and all else they do.
 */
export async function whereItGoes(keel: Keel, label: string, sent: Promise<unknown>): Promise<GasRow[]> {
  const transaction = (await sent) as ContractTransactionResponse;
  const { gasUsed } = (await transaction.wait())!;
  const steps = await traceOf(keel, transaction.hash);
  const names = namesOf(keel);
  const parts = new Map<string, number>();
  const add = (part: string, gas: number) => parts.set(part, (parts.get(part) ?? 0) + gas);

  let calls = 0;
  for (let i = 0; i < steps.length - 1; i++) {
    const [step, next] = [steps[i]!, steps[i + 1]!];
    if (next.depth > step.depth && step.op !== "DELEGATECALL") {
      const back = steps.findIndex(({ depth }, j) => j > i && depth === step.depth);
      const used = step.gas - steps[back]!.gas;
      const callee = BigInt(step.stack.at(-2)!);
      add(names.get(callee) ?? `0x${callee.toString(16)}`, used);
      calls += used;
      i = back - 1;
    } else if (step.op === "SLOAD" || step.op === "SSTORE") {
      add(STORAGE, step.gas - next.gas);
    }
  }
  // The last step is a STOP or a RETURN of what lies in memory: neither costs anything.
  const executed = steps[0]!.gas - steps.at(-1)!.gas;
  add(COMPUTING, executed - calls - (parts.get(STORAGE) ?? 0));
  add(TRANSACTION, Number(gasUsed) - executed);
  return [...parts].sort(([, a], [, b]) => b - a).map(([part, gas]) => gasRow(`${label}: ${part}`, gas));
}

async function traceOf({ provider }: Keel, hash: string): Promise<readonly Step[]> {
  const options = { disableMemory: true, disableStorage: true };
  const trace = await provider.request({ method: "debug_traceTransaction", params: [hash, options] });
  return (trace as { structLogs: readonly Step[] }).structLogs;
}

/** Of those the vault calls, by address. */
function namesOf({ contracts }: Keel): ReadonlyMap<bigint, string> {
  const called = Object.entries({ ...contracts, USDC: MAINNET.usdc });
  return new Map(called.map(([name, address]) => [BigInt(address), name]));
}
