import { hostname } from "node:os";

import type { Address } from "viem";

import type { VaultRecord } from "../fleet/record.ts";
import { brief, passed, seconds, warned, type Check } from "./check.ts";

/**
 * Whether a vault may be traded for, by this build and account.
 * @param flags With which a command means this vault.
 */
export function checkActivation(
  subject: string,
  flags: string,
  record: Pick<VaultRecord, "activation" | "pause">,
  asked: { readonly build: string; readonly account: Address },
): Check {
  const name = `${subject}: activation`;
  const { activation, pause } = record;
  if (pause !== null)
    return warned(
      name,
      `paused since ${when(pause.pausedAt)}: ${pause.reason}`,
      `npm run keeper -- resume ${flags}`,
    );
  const activate = `look at what a dry run decides, then npm run keeper -- activate ${flags}`;
  if (activation === null) return warned(name, "not activated: it decides, and sends nothing", activate);
  const { build, account, activatedAt } = activation;
  if (build !== asked.build)
    return warned(name, `activated for build ${build}, this is ${asked.build}: it sends nothing`, activate);
  if (account !== asked.account)
    return warned(name, `activated for ${account}, this is ${asked.account}: it sends nothing`, activate);
  return passed(name, `active since ${when(activatedAt)}, build ${build}`);
}

/** How careful the keeper has become, as of its last decision; null where it has made none, or has no risk manager. */
export function checkRisk(subject: string, { risk }: Pick<VaultRecord, "risk">): Check | null {
  if (risk === null) return null;
  const name = `${subject}: risk state`;
  const { level, since, why, limit } = risk;
  const from = since === null ? "" : ` since ${when(BigInt(since))}: ${why ?? "unknown"}`;
  const detail = `${level}${from}; acts from ${brief(limit)} ETH of drift`;
  if (level === "normal" || level === "cautious") return passed(name, detail);
  return warned(name, detail, `see docs/runbook.md, risk-${level}: it relaxes by itself`);
}

/** Who has the lane of an account. A process that does not stands by. */
export function checkLease(
  subject: string,
  { leases }: Pick<VaultRecord, "leases">,
  lane: { readonly chainId: number; readonly account: Address },
): Check {
  const name = `${subject}: lane`;
  const lease = leases.find(({ key }) => key === `${String(lane.chainId)}:${lane.account}`);
  if (lease === undefined) return passed(name, "free: no process has it");
  const { holder, secondsLeft } = lease;
  const [host, pid] = processOf(holder);
  if (host === hostname() && !isAlive(pid)) {
    return warned(
      name,
      `held by process ${String(pid)} of this machine, which is gone`,
      `wait: it is free in ${seconds(secondsLeft)}, and the next keeper takes it by itself`,
    );
  }
  return passed(name, `held by process ${String(pid)} on ${host}; a keeper started beside it stands by`);
}

/** A holder is `host:pid:uuid`; a host's name has no colon. */
function processOf(holder: string): readonly [string, number] {
  const [host = "", pid = ""] = holder.split(":");
  return [host, Number(pid)];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function when(unix: bigint): string {
  return new Date(Number(unix) * 1000).toISOString().replace(".000", "");
}
