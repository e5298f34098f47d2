import type { ChainStatus, FleetStatus, LaneStatus, VaultStatus } from "../fleet/status.ts";
import { rankOf } from "../risk/riskRules.ts";
import { edgeOf } from "../strategy/bandEdge.ts";

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [Labels, number];

/** A metric whose values are those of the status at the moment it is asked for. */
export interface StatusMetric {
  readonly type: "gauge" | "counter";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(status: FleetStatus, now: number): readonly Sample[];
}

const WAD = 1e18;
const OF_VAULT = ["chain", "vault"];
const OF_CHAIN = ["chain"];
const OF_LANE = ["chain", "account"];
const OF_ENDPOINT = ["chain", "endpoint"];

/** Everything shown of the status. A value that is not known has no sample. */
export const STATUS_METRICS: readonly StatusMetric[] = [
  ofVaults(
    "gauge",
    "keel_drift_eth",
    "Drift at the last decision.",
    ({ lastDecision }) => lastDecision?.drift,
  ),
  {
    type: "gauge",
    name: "keel_band_edge_eth",
    help: "Drift at which the strategy acts, below and above.",
    labels: [...OF_VAULT, "edge"],
    read: ({ vaults }) =>
      vaults.flatMap((vault) => {
        const band = vault.lastDecision?.band ?? null;
        if (band === null) return [];
        const labels = vaultLabels(vault);
        return [
          [{ ...labels, edge: "lower" }, edgeOf(band, -1)],
          [{ ...labels, edge: "upper" }, edgeOf(band, 1)],
        ];
      }),
  },
  ofVaults("gauge", "keel_limit_eth", "Drift at which it acts whatever it costs.", ({ limit }) => limit),
  ofVaults(
    "gauge",
    "keel_risk_state",
    "How careful it is: 0 normal, 1 cautious, 2 defensive, 3 halt.",
    ({ risk }) => risk && rankOf(risk.level),
  ),
  ofVaults(
    "gauge",
    "keel_risk_limit_eth",
    "Drift at which it acts, as tightened.",
    ({ risk }) => risk?.limit,
  ),
  ofVaults(
    "gauge",
    "keel_margin_ratio",
    "Smallest liquidation distance of the venues.",
    ({ margin }) => margin,
  ),
  ofVaults("gauge", "keel_nav_usd", "Net asset value.", ({ nav }) => nav),
  ofVaults("gauge", "keel_price_usd", "Price of ETH by the vault's oracle.", ({ price }) => price),
  ofVaults(
    "gauge",
    "keel_oracle_age_seconds",
    "Since the oracle's price was updated.",
    ({ oracle }, now) => oracle && now - oracle.updatedAt,
  ),
  ofVaults("gauge", "keel_oracle_fresh", "1 while the oracle is fit for less drift or debt.", ({ oracle }) =>
    oracle === null ? null : Number(oracle.fresh),
  ),
  ofVaults(
    "gauge",
    "keel_due_seconds",
    "For which a wish to trade has gone unanswered.",
    ({ dueSince }, now) => (dueSince === null ? 0 : now - dueSince),
  ),
  ofVaults("gauge", "keel_pending_seconds", "For which a rebalance has been pending.", ({ pending }, now) =>
    pending === null ? 0 : now - pending.since,
  ),
  ofVaults("gauge", "keel_vault_failures", "Cycles in a row that threw.", ({ failures }) => failures),
  ofVaults("gauge", "keel_vault_cycle_age_seconds", "Since the last cycle.", ({ head }) => head?.age),
  {
    type: "counter",
    name: "keel_rebalances_total",
    help: "Decisions to trade by how they ended.",
    labels: [...OF_VAULT, "outcome"],
    read: ({ vaults }) =>
      vaults.flatMap((vault) =>
        (
          [
            ["confirmed", vault.rebalances],
            ["reverted", vault.reverted],
            ["blocked", vault.blocked],
          ] as const
        ).map(([outcome, count]): Sample => [{ ...vaultLabels(vault), outcome }, count]),
      ),
  },
  ofVaults(
    "counter",
    "keel_recorded_decisions_total",
    "Decisions in the journal.",
    ({ decisions }) => decisions,
  ),
  ofVaults("counter", "keel_gas_spent_usd_total", "Spent on gas.", ({ gasUsd }) => gasUsd),
  ofVaults(
    "gauge",
    "keel_gain_expected_usd",
    "Expected gain of closed rebalances.",
    ({ gains }) => gains.expected,
  ),
  ofVaults(
    "gauge",
    "keel_gain_realised_usd",
    "Realised gain of them, less costs.",
    ({ gains }) => gains.realised,
  ),
  ofVaults(
    "gauge",
    "keel_gain_error_usd",
    "Standard error of the difference between realised and expected gain.",
    ({ gains }) => gains.error ?? NaN,
  ),
  ofVaults("gauge", "keel_gain_cost_usd", "Realised cost of closed rebalances.", ({ gains }) => gains.cost),
  ofVaults(
    "gauge",
    "keel_gain_closed_rebalances",
    "Rebalances whose gain is known.",
    ({ gains }) => gains.count,
  ),
  ofVaults(
    "gauge",
    "keel_gain_open_rebalances",
    "Rebalances whose gain is still open.",
    ({ gains }) => gains.open,
  ),
  {
    type: "gauge",
    name: "keel_vault_info",
    help: "1, with what does not change often.",
    labels: [...OF_VAULT, "address", "strategy", "mode"],
    read: ({ vaults }) =>
      vaults.map((vault) => [
        { ...vaultLabels(vault), address: vault.vault, strategy: vault.strategy, mode: vault.mode },
        1,
      ]),
  },
  ofChains("gauge", "keel_head_block", "Number of the newest block.", ({ head }) => toNumber(head)),
  ofChains("gauge", "keel_head_age_seconds", "Since the newest head arrived.", ({ headAge }) => headAge),
  ofChains(
    "gauge",
    "keel_head_interval_seconds",
    "In which a head is due.",
    ({ headInterval }) => headInterval,
  ),
  ofChains("gauge", "keel_finalized_block", "Number of the newest final block.", ({ finalized }) =>
    toNumber(finalized),
  ),
  ofChains("counter", "keel_reorgs_total", "Reorgs seen.", ({ reorgs }) => reorgs),
  ofChains(
    "gauge",
    "keel_reorg_depth_max_blocks",
    "Depth of the deepest.",
    ({ deepestReorg }) => deepestReorg,
  ),
  ofChains(
    "gauge",
    "keel_websocket_live",
    "1 while the websocket tells of heads; none where there is none.",
    (chain) => (chain.webSocket === "none" ? null : Number(chain.webSocket === "live")),
  ),
  ofEndpoints("gauge", "keel_rpc_endpoint_up", "1 while it is used.", ({ state }) => Number(state === "up")),
  ofEndpoints("gauge", "keel_rpc_endpoint_score_ratio", "Its health.", ({ score }) => score),
  ofEndpoints("gauge", "keel_rpc_endpoint_latency_seconds", "Smoothed.", ({ latency }) => latency / 1000),
  ofEndpoints(
    "counter",
    "keel_rpc_endpoint_failures_total",
    "Requests it failed.",
    ({ failures }) => failures,
  ),
  ofEndpoints(
    "counter",
    "keel_rpc_disagreements_total",
    "Answers in which others outvoted it.",
    ({ disagreements }) => disagreements,
  ),
  ofLanes("gauge", "keel_balance_eth", "What pays for gas.", ({ balance }) => fromWei(balance)),
  ofLanes("gauge", "keel_rebalance_cost_eth", "Of the dearest vault, at the current gas price.", (lane) =>
    fromWei(lane.rebalanceCost),
  ),
  ofLanes(
    "gauge",
    "keel_lane_pending_transactions",
    "Transactions whose end is not known.",
    ({ pending }) => pending,
  ),
  ofLanes(
    "gauge",
    "keel_lane_pending_seconds",
    "For which the oldest transaction has been pending, whatever it is for.",
    ({ transactions }, now) => Math.max(0, ...transactions.map(({ since }) => now - since)),
  ),
  ofLanes("gauge", "keel_lane_next_nonce", "The next transaction's.", ({ nextNonce }) => toNumber(nextNonce)),
  ofLanes("gauge", "keel_lease_held", "1 while this process may send.", ({ lease }) =>
    Number(lease === "held"),
  ),
  {
    type: "gauge",
    name: "keel_alerts_open",
    help: "Open alerts.",
    labels: ["name", "severity"],
    read: ({ alerts }) => {
      const counts = new Map<string, Sample>();
      for (const { name, severity } of alerts) {
        counts.set(name, [{ name, severity }, (counts.get(name)?.[1] ?? 0) + 1]);
      }
      return [...counts.values()];
    },
  },
  {
    type: "gauge",
    name: "keel_database_up",
    help: "1 while the database can be reached.",
    labels: [],
    read: ({ database }) => [[{}, Number(database.reachable)]],
  },
  {
    type: "gauge",
    name: "keel_build_info",
    help: "1, with the build.",
    labels: ["build"],
    read: ({ build }) => [[{ build }, 1]],
  },
];

type Value = number | null | undefined;

function ofVaults(
  type: StatusMetric["type"],
  name: string,
  help: string,
  value: (vault: VaultStatus, now: number) => Value,
): StatusMetric {
  const read: StatusMetric["read"] = ({ vaults }, now) =>
    samples(vaults.map((vault) => [vaultLabels(vault), value(vault, now)]));
  return { type, name, help, labels: OF_VAULT, read };
}

function ofChains(
  type: StatusMetric["type"],
  name: string,
  help: string,
  value: (chain: ChainStatus) => Value,
): StatusMetric {
  const read: StatusMetric["read"] = ({ chains }) =>
    samples(chains.map((chain) => [chainLabels(chain), value(chain)]));
  return { type, name, help, labels: OF_CHAIN, read };
}

function ofLanes(
  type: StatusMetric["type"],
  name: string,
  help: string,
  value: (lane: LaneStatus, now: number) => Value,
): StatusMetric {
  const read: StatusMetric["read"] = ({ lanes }, now) =>
    samples(lanes.map((lane) => [{ ...chainLabels(lane), account: lane.account }, value(lane, now)]));
  return { type, name, help, labels: OF_LANE, read };
}

function ofEndpoints(
  type: StatusMetric["type"],
  name: string,
  help: string,
  value: (endpoint: ChainStatus["endpoints"][number]) => Value,
): StatusMetric {
  const read: StatusMetric["read"] = ({ chains }) =>
    samples(
      chains.flatMap((chain) =>
        chain.endpoints.map((endpoint): [Labels, Value] => [
          { ...chainLabels(chain), endpoint: endpoint.endpoint },
          value(endpoint),
        ]),
      ),
    );
  return { type, name, help, labels: OF_ENDPOINT, read };
}

function samples(values: readonly (readonly [Labels, Value])[]): Sample[] {
  return values.flatMap(([labels, value]) =>
    value === null || value === undefined ? [] : [[labels, value]],
  );
}

function vaultLabels({ chainId, name }: VaultStatus): { chain: string; vault: string } {
  return { chain: String(chainId), vault: name };
}

function chainLabels({ chainId }: { readonly chainId: number }): { chain: string } {
  return { chain: String(chainId) };
}

function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

function fromWei(value: bigint | null): number | null {
  return value === null ? null : Number(value) / WAD;
}
