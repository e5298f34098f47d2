import { createPublicClient, custom } from "viem";

import { readSubject, type Subject } from "../../../scripts/bound/parameters.ts";
import { ROLES } from "../../../deployments/modules/Keel.ts";
import type { Keel } from "../../contracts/utils/useKeel.ts";

/** What the bounds are computed from, as deployed. */
export async function subjectOf(keel: Keel): Promise<Subject> {
  return readSubject(createPublicClient({ transport: custom(keel.provider) }), keel.contracts.Vault);
}

/** Gives a hot role to `account`, as whoever steals the key has it. */
export async function grant(keel: Keel, role: keyof typeof ROLES, account: string): Promise<void> {
  const manager = keel.manager.connect(keel.admin) as typeof keel.manager;
  await manager.getFunction("grantRole")(ROLES[role], account, 0);
}

/** Shares of NAV, 18 decimals, that a budget has used now. */
export async function usedOf(keel: Keel, use: number): Promise<{ used: bigint; left: bigint }> {
  const { capacity, perDay, used, updatedAt } = (await keel.vault.budget!(use)) as Record<string, bigint>;
  const elapsed = BigInt(await keel.networkHelpers.time.latest()) - updatedAt!;
  const refilled = (perDay! * elapsed) / 86_400n;
  const now = used! > refilled ? used! - refilled : 0n;
  return { used: now, left: capacity! > now ? capacity! - now : 0n };
}

/** Answers both feeds: a round of `usd` per ETH and of 1 USD per USDC. */
export async function answerFeeds(keel: Keel, usd: number): Promise<void> {
  await keel.mainnet.submitUsdcUsd(1);
  await keel.mainnet.submitEthUsd(usd);
}

export async function now(keel: Keel): Promise<number> {
  return keel.networkHelpers.time.latest();
}
