import type { Address } from "viem";
import { z } from "zod";

import { ConfigError, describeIssue, readJsonObject } from "./load.ts";
import { addressSchema } from "./schema.ts";

// Only what the keeper reads is checked: the file also says with which arguments and commit it was made.
const deploymentSchema = z.looseObject({
  chainId: z.int().positive(),
  block: z.int().nonnegative(),
  contracts: z.looseObject({ Vault: addressSchema, Lens: addressSchema }),
});

/** Where Keel lives on one chain. */
export interface Deployment {
  readonly chainId: number;
  /** The block it was deployed at. */
  readonly block: number;
  readonly contracts: { readonly Vault: Address; readonly Lens: Address };
}

/** The deployment file of a chain, unless the settings name another. */
export function deploymentFile(chainId: number): string {
  return `deployments/${String(chainId)}.json`;
}

/** Reads a deployment file. Throws {@link ConfigError} when it is missing or wrong. */
export function loadDeployment(path: string): Deployment {
  const result = deploymentSchema.safeParse(readJsonObject(path));
  if (!result.success) {
    throw new ConfigError(result.error.issues.flatMap(describeIssue).map((line) => `${path}: ${line}`));
  }
  return result.data;
}
