import type { Address } from "viem";

import type { AlertSettings } from "../config/alertSettings.ts";
import type { ChainStatus, FleetStatus, LaneStatus, Severity, VaultStatus } from "../fleet/status.ts";
import { FAILED_CYCLES, isStalled } from "../server/health.ts";

/** Every alert there is, and how bad it is. docs/runbook.md says of each what to do. */
export const SEVERITY = {
  "drift-past-limit": "critical",
  "missed-rebalance": "critical",
  "low-balance": "warning",
  "rpc-disagreement": "warning",
  "stuck-transaction": "warning",
  "oracle-stale": "warning",
  "head-stalled": "critical",
  "vault-failing": "critical",
  "deep-reorg": "critical",
  "private-fallback": "info",
  "risk-defensive": "warning",
  "risk-halt": "critical",
  "database-unreachable": "critical",
} as const satisfies Record<string, Severity>;

export type AlertName = keyof typeof SEVERITY;

/** Something of which the operator should know. */
export interface Alert {
  /** The name and what it is about. The same trouble has the same key in every process and after every start. */
  readonly key: string;
  readonly name: AlertName;
  readonly severity: Severity;
  readonly chainId: number | null;
  readonly vault: Address | null;
  readonly message: string;
  /** Seconds for which it must have held before it counts. */
  readonly hold: number;
}

type Thresholds = Omit<AlertSettings, "repeatAfter" | "clearAfter">;
type Found = readonly [AlertName, string, number?];

/** What the parts of a fleet are called in keys. */
const scopeOf = {
  process: "process",
  vault: ({ chainId, vault, mode }: VaultStatus) =>
    `${String(chainId)}:${vault}${mode === "shadow" ? ":shadow" : ""}`,
  lane: ({ chainId, account }: LaneStatus) => `${String(chainId)}:${account}`,
  /** Of a chain on which this process only looks on. */
  chain: (chainId: number) => `${String(chainId)}:watch`,
};

/**
 * Everything an operator should be told of at `now`, unix seconds. Pure. Of what several processes see, only the one
 * that has the lease speaks: vaults on standby are left out, and a chain's troubles go by the lane that suffers them.
 */
export function alertsOf(status: FleetStatus, now: number, thresholds: Thresholds): Alert[] {
  const { vaults, lanes, chains, database } = status;
  const held = lanes.filter(isHeld);
  return [
    ...(database.reachable
      ? []
      : [alert("database-unreachable", scopeOf.process, null, null, "The database cannot be reached.")]),
    ...chains.flatMap((chain) => {
      const lane = held.find(({ chainId }) => chainId === chain.chainId);
      if (lane === undefined && lanes.some(({ chainId }) => chainId === chain.chainId)) return [];
      const scope = lane === undefined ? scopeOf.chain(chain.chainId) : scopeOf.lane(lane);
      return ofChain(chain, now, thresholds).map(([name, message]) =>
        alert(name, scope, chain.chainId, null, message),
      );
    }),
    ...held.flatMap((lane) =>
      [...ofBalance(lane, thresholds), ...ofPending(lane, vaults, now, thresholds)].map(([name, message]) =>
        alert(name, scopeOf.lane(lane), lane.chainId, null, message),
      ),
    ),
    ...vaults
      .filter(isOurs)
      .flatMap((vault) =>
        ofVault(vault, now, thresholds).map(([name, message, hold]) =>
          alert(name, scopeOf.vault(vault), vault.chainId, vault.vault, message, hold),
        ),
      ),
  ];
}

/** Whether this process is the one to say that the alert with this key is over. */
export function isAbout(status: FleetStatus, key: string): boolean {
  const { vaults, lanes, chains } = status;
  const scope = key.slice(key.indexOf(":") + 1);
  return (
    scope === scopeOf.process ||
    vaults.some((vault) => isOurs(vault) && scopeOf.vault(vault) === scope) ||
    lanes.some((lane) => isHeld(lane) && scopeOf.lane(lane) === scope) ||
    chains.some(({ chainId }) => scopeOf.chain(chainId) === scope)
  );
}

/** Whether the alert with this key is of a vault, account or chain that this process does not know at all. */
export function isForeign({ vaults, lanes, chains }: FleetStatus, key: string): boolean {
  const scope = key.slice(key.indexOf(":") + 1);
  const known = [
    scopeOf.process,
    ...vaults.map(scopeOf.vault),
    ...lanes.map(scopeOf.lane),
    ...chains.map(({ chainId }) => scopeOf.chain(chainId)),
  ];
  return !known.includes(scope);
}

const isOurs = ({ mode }: VaultStatus) => mode !== "standby";
const isHeld = ({ lease }: LaneStatus) => lease === "held";

function ofChain(chain: ChainStatus, now: number, { recent }: Thresholds): Found[] {
  const { chainId, headAge, headInterval, lastDeepReorg, lastDisagreement } = chain;
  const found: Found[] = [];
  if (isStalled(chain)) {
    found.push([
      "head-stalled",
      `Chain ${String(chainId)} has shown no new head for ${seconds(headAge)}, where one is due every ${seconds(headInterval)}.`,
    ]);
  }
  if (lastDeepReorg !== null && now - lastDeepReorg.at < recent) {
    const { depth, ancestor } = lastDeepReorg;
    found.push([
      "deep-reorg",
      `Chain ${String(chainId)} took back ${String(depth)} blocks, past finality, down to ${String(ancestor)}.`,
    ]);
  }
  if (lastDisagreement !== null && now - lastDisagreement.at < recent) {
    const { endpoint, method, kind, detail } = lastDisagreement;
    const did = { lies: "contradicts", lags: "lags behind", null: "lacks what is known to" }[kind];
    found.push([
      "rpc-disagreement",
      `The endpoint ${endpoint} of chain ${String(chainId)} ${did} the others at ${method}: ${detail}`,
    ]);
  }
  return found;
}

function ofBalance(
  { chainId, account, balance, rebalanceCost }: LaneStatus,
  thresholds: Thresholds,
): Found[] {
  if (balance === null) return [];
  const wanted = BigInt(Math.ceil(thresholds.balanceRebalances));
  // While no gas is known there is still one balance that pays for nothing.
  if (rebalanceCost === null ? balance > 0n : balance >= wanted * rebalanceCost) return [];
  const lasts =
    rebalanceCost === null || rebalanceCost === 0n ? "none" : `about ${String(balance / rebalanceCost)}`;
  return [
    [
      "low-balance",
      `The account ${account} on chain ${String(chainId)} has ${ether(balance)} ETH: enough for ${lasts} of the ${String(wanted)} rebalances it should pay for.`,
    ],
  ];
}

/** The oldest of a lane's transactions, whatever it is for: it may hold up all the others. */
function ofPending(
  { chainId, account, transactions }: LaneStatus,
  vaults: readonly VaultStatus[],
  now: number,
  { stuckAfter }: Thresholds,
): Found[] {
  const [oldest] = transactions.toSorted((one, other) => one.since - other.since);
  if (oldest === undefined || now - oldest.since < stuckAfter) return [];
  const { kind, vault, hash, nonce, since, route } = oldest;
  const name = vaults.find((each) => each.chainId === chainId && each.vault === vault)?.name;
  const others = transactions.length === 1 ? "" : `, of ${String(transactions.length)} that are pending`;
  return [
    [
      "stuck-transaction",
      `The ${kind} transaction ${hash} of ${name ?? vault}, nonce ${String(nonce)} of ${account}, has been pending for ${seconds(now - since)} on the ${route} route${others}.`,
    ],
  ];
}

function ofVault(vault: VaultStatus, now: number, thresholds: Thresholds): Found[] {
  const { name, mode, lastDecision, limit, dueSince, pending, failures, oracle, lastFallback, risk } = vault;
  const { driftAfter, missedAfter, recent } = thresholds;
  const found: Found[] = [];
  const isAnswerable = mode === "live" || mode === "paused";
  if (isAnswerable && lastDecision !== null && Math.abs(lastDecision.drift) >= limit) {
    const drift = lastDecision.drift.toPrecision(4);
    found.push([
      "drift-past-limit",
      `The drift of ${name} is ${drift} ETH, past its limit of ${String(limit)} ETH${mode === "paused" ? ", and it is paused" : ""}.`,
      driftAfter,
    ]);
  }
  if (mode === "live" && dueSince !== null && now - dueSince >= missedAfter) {
    const state = pending === null ? "nothing is on its way" : `${pending.hash} is not confirmed`;
    found.push([
      "missed-rebalance",
      `${name} has wanted to trade for ${seconds(now - dueSince)}, and ${state}.`,
    ]);
  }
  if (oracle !== null && mode !== "shadow" && !(oracle.fresh && oracle.open)) {
    const fit = oracle.fresh ? "only for less drift or debt" : "for nothing";
    found.push([
      "oracle-stale",
      `The oracle of ${name} is fit ${fit}; its price is ${seconds(now - oracle.updatedAt)} old.`,
    ]);
  }
  if (risk !== null && mode !== "shadow" && (risk.level === "defensive" || risk.level === "halt")) {
    const does = `${name} is ${risk.level === "halt" ? "halted" : "defensive"}, and acts from ${risk.limit.toPrecision(4)} ETH of drift`;
    found.push([`risk-${risk.level}`, `${does}: ${risk.why ?? "unknown"}.`]);
  }
  if (failures >= FAILED_CYCLES) {
    found.push([
      "vault-failing",
      `${name} has failed its last ${String(failures)} cycles: ${vault.lastError ?? "unknown"}`,
    ]);
  }
  if (lastFallback !== null && now - lastFallback.at < recent) {
    found.push([
      "private-fallback",
      `The private route did not include ${lastFallback.hash} of ${name} in time; it went public.`,
    ]);
  }
  return found;
}

function alert(
  name: AlertName,
  scope: string,
  chainId: number | null,
  vault: Address | null,
  message: string,
  hold = 0,
): Alert {
  return { key: `${name}:${scope}`, name, severity: SEVERITY[name], chainId, vault, message, hold };
}

/** Whole from 10 s on, and to two digits below: heads of a fast chain are due every quarter of a second. */
function seconds(value: number): string {
  return `${String(value < 10 ? Number(value.toPrecision(2)) : Math.round(value))} s`;
}

function ether(wei: bigint): string {
  return (Number(wei) / 1e18).toPrecision(4);
}
