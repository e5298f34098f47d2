import type { EndpointHealth } from "../../../keeper/rpc/endpoint.ts";
import type { ChainStatus, FleetStatus, LaneStatus, VaultStatus } from "../../../keeper/fleet/status.ts";

/** Unix seconds at which the fleet below is looked at. */
export const NOW = 1_722_643_200;

export const endpoint: EndpointHealth = {
  endpoint: "rpc.example#0",
  state: "up",
  score: 0.97,
  latency: 43,
  failures: 2,
  lastError: null,
  disagreements: 1,
};

export const chain: ChainStatus = {
  chainId: 1,
  head: 19_000_000n,
  headAge: 4,
  headInterval: 12,
  finalized: 18_999_936n,
  reorgs: 3,
  deepestReorg: 2,
  lastDeepReorg: null,
  endpoints: [endpoint],
  lastDisagreement: null,
  webSocket: "live",
};

export const lane: LaneStatus = {
  chainId: 1,
  account: "0x00000000000000000000000000000000000000cc",
  balance: 2n * 10n ** 18n,
  rebalanceCost: 10n ** 16n,
  nextNonce: 41n,
  pending: 0,
  transactions: [],
  lease: "held",
  reconciled: true,
};

export const vault: VaultStatus = {
  name: "eth-weekly",
  chainId: 1,
  vault: "0x00000000000000000000000000000000000000AA",
  account: lane.account,
  mode: "live",
  strategy: "optimal-impulse",
  head: { number: 19_000_000n, timestamp: NOW - 5, age: 4 },
  lastDecision: {
    at: NOW - 4,
    block: 19_000_000n,
    action: "hold",
    reason: "inside-band",
    drift: -3.5,
    band: { b: 6, t: 2, c: 100, centre: 0.5 },
  },
  dueSince: null,
  decisions: 900,
  rebalances: 12,
  blocked: 3,
  reverted: 1,
  failures: 0,
  lastError: null,
  pending: null,
  lastFallback: null,
  limit: 10,
  risk: { level: "normal", since: null, why: null, limit: 10 },
  price: 2987.5,
  oracle: { fresh: true, open: true, updatedAt: NOW - 60 },
  nav: 4_900_000,
  margin: 0.4,
  gasUsd: 321.5,
  gains: { expected: 500, realised: 480, cost: 120, error: 90, count: 11, open: 1 },
};

/** One vault on one chain with which nothing is wrong. */
export const fleet: FleetStatus = {
  build: "0.1.0+abc",
  startedAt: NOW - 86_400,
  database: { reachable: true, lastError: null },
  chains: [chain],
  lanes: [lane],
  vaults: [vault],
  alerts: [],
};

/** The fleet with one thing changed in its vault, its lane or its chain. */
export const withVault = (changes: Partial<VaultStatus>): FleetStatus => ({
  ...fleet,
  vaults: [{ ...vault, ...changes }],
});
export const withLane = (changes: Partial<LaneStatus>): FleetStatus => ({
  ...fleet,
  lanes: [{ ...lane, ...changes }],
});
export const withChain = (changes: Partial<ChainStatus>): FleetStatus => ({
  ...fleet,
  chains: [{ ...chain, ...changes }],
});
