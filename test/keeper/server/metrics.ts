import { expect } from "chai";
import { readFileSync } from "node:fs";
import perfHooks from "node:perf_hooks";

import type { FleetStatus } from "../../../keeper/fleet/status.ts";
import { createMetrics, type Metrics } from "../../../keeper/server/metrics.ts";
import { STATUS_METRICS } from "../../../keeper/server/statusMetrics.ts";
import { chain, endpoint, fleet, lane, NOW, vault, withVault } from "../utils/fleetStatus.ts";

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Board {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

/** One with something to say of everything. */
const busy: FleetStatus = {
  ...withVault({
    dueSince: NOW - 30,
    risk: { level: "defensive", since: NOW - 60, why: "volatility rose to 4", limit: 5 },
  }),
  alerts: [1, 2].map((n) => ({
    key: String(n),
    name: "low-balance",
    severity: "warning",
    chainId: 1,
    vault: null,
    message: "",
    since: NOW,
  })),
};

function create(status: FleetStatus): Metrics {
  const metrics = createMetrics({ status: () => status, now: () => NOW });
  metrics.decided({ chainId: 1, vault: vault.name, decision: { action: "hold", reason: "inside-band" } });
  metrics.broadcast({ chainId: 1, seconds: 0.3, rpcSeconds: 0.2 });
  const { endpoint: name } = endpoint;
  metrics.requested({ chainId: 1, endpoint: name, method: "eth_call", seconds: 0.04, answered: true });
  return metrics;
}

/** Samples by name and labels as printed. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const cut = line.lastIndexOf(" ");
      return [line.slice(0, cut), Number(line.slice(cut + 1).replace("Inf", "Infinity"))];
    }),
  );
}

describe("metrics", () => {
  it("of the process are watched once, however many fleets it has had, and shown with each", async () => {
    create(fleet);
    const { PerformanceObserver: original } = perfHooks;
    let made = 0;
    perfHooks.PerformanceObserver = class extends original {
      constructor(...args: ConstructorParameters<typeof original>) {
        super(...args);
        made += 1;
      }
    };
    try {
      for (const metrics of [create(fleet), create(busy)]) {
        const shown = await samples(metrics);
        expect(shown.get("process_cpu_seconds_total")).to.be.above(0);
        expect([...shown.keys()].some((key) => key.startsWith("nodejs_eventloop_lag"))).to.equal(true);
        // Each once, or Prometheus refuses the whole page.
        const named = (await metrics.text()).match(/^# TYPE \S+/gm)!;
        expect(named).to.deep.equal([...new Set(named)]);
      }
    } finally {
      perfHooks.PerformanceObserver = original;
    }
    expect(made).to.equal(0);
  });

  const ofVault = 'chain="1",vault="eth-weekly"';

  it("are those of the status at the moment they are asked for", async () => {
    let status = busy;
    const metrics = createMetrics({ status: () => status, now: () => NOW });
    const before = await samples(metrics);
    expect(before.get(`keel_drift_eth{${ofVault}}`)).to.equal(-3.5);
    expect(before.get(`keel_band_edge_eth{${ofVault},edge="lower"}`)).to.equal(-5.5);
    expect(before.get(`keel_band_edge_eth{${ofVault},edge="upper"}`)).to.equal(6.5);
    expect(before.get(`keel_due_seconds{${ofVault}}`)).to.equal(30);
    expect(before.get(`keel_risk_state{${ofVault}}`)).to.equal(2);
    expect(before.get(`keel_risk_limit_eth{${ofVault}}`)).to.equal(5);
    expect(before.get(`keel_oracle_age_seconds{${ofVault}}`)).to.equal(60);
    expect(before.get(`keel_rebalances_total{${ofVault},outcome="blocked"}`)).to.equal(3);
    expect(before.get(`keel_gain_realised_usd{${ofVault}}`)).to.equal(480);
    expect(before.get(`keel_gain_error_usd{${ofVault}}`)).to.equal(90);
    expect(before.get(`keel_balance_eth{chain="1",account="${lane.account}"}`)).to.equal(2);
    expect(before.get('keel_rpc_endpoint_latency_seconds{chain="1",endpoint="rpc.example#0"}')).to.equal(
      0.043,
    );
    expect(before.get('keel_alerts_open{name="low-balance",severity="warning"}')).to.equal(2);

    status = { ...withVault({ rebalances: 13, lastDecision: null }), lanes: [] };
    const after = await samples(metrics);
    expect(after.get(`keel_rebalances_total{${ofVault},outcome="confirmed"}`)).to.equal(13);
    expect([...after.keys()].filter((name) => /^keel_(drift|band|balance|alerts)/.test(name))).to.deep.equal(
      [],
    );
  });

  it("count what the status cannot show", async () => {
    const found = await samples(create(fleet));
    expect(found.get(`keel_decisions_total{${ofVault},action="hold",reason="inside-band"}`)).to.equal(1);
    expect(found.get('keel_block_to_broadcast_seconds_sum{chain="1",part="rpc"}')).to.equal(0.2);
    expect(found.get('keel_block_to_broadcast_seconds_bucket{le="0.35",chain="1",part="total"}')).to.equal(1);
    expect(found.get('keel_block_to_broadcast_seconds_bucket{le="0.2",chain="1",part="total"}')).to.equal(0);
    expect([...found.keys()].find((name) => name.startsWith("keel_rpc_request_seconds_count"))).to.include(
      'method="eth_call"',
    );
  });

  it("do not grow a series for every method somebody makes up", async () => {
    const metrics = createMetrics({ status: () => fleet });
    for (let n = 0; n < 5; n += 1) {
      const method = `eth_madeUp${String(n)}`;
      metrics.requested({ chainId: 1, endpoint: "a", method, seconds: 1, answered: false });
    }
    const counts = [...(await samples(metrics))].filter(([name]) =>
      name.startsWith("keel_rpc_request_seconds_count"),
    );
    expect(counts).to.have.length(1);
    expect(counts[0]![0]).to.include('method="other"');
    expect(counts[0]![1]).to.equal(5);
  });

  it("are named as Prometheus wants them, each told once and with help", () => {
    const names = STATUS_METRICS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const { name, type, help } of STATUS_METRICS) {
      expect(name).to.match(/^keel_[a-z]+(_[a-z]+)*$/);
      expect(name.endsWith("_total"), name).to.equal(type === "counter");
      expect(help).to.match(/\.$/);
    }
  });

  it("stay apart where one process has several", async () => {
    const [first, second] = [create(fleet), create(withVault({ name: "other" }))];
    expect(await first.text())
      .to.include('vault="eth-weekly"')
      .and.not.include('vault="other"');
    expect(await second.text()).to.match(/keel_drift_eth\{chain="1",vault="other"\}/);
  });

  it("print a band without edges", async () => {
    const unbounded = { ...vault.lastDecision!, band: { b: Infinity, t: 0, c: 0, centre: 0 } };
    const found = await samples(create(withVault({ lastDecision: unbounded })));
    expect(found.get(`keel_band_edge_eth{${ofVault},edge="upper"}`)).to.equal(Infinity);
  });
});

describe("Grafana board", () => {
  const board = JSON.parse(
    readFileSync(new URL("../../../docs/grafana/keel.json", import.meta.url), "utf8"),
  ) as Board;
  const panels = board.panels.filter(({ type }) => type !== "row");
  const queries = panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr));

  it("asks only for what is printed, by labels it has", async () => {
    const status = { ...busy, chains: [chain] };
    const printed = new Map<string, Set<string>>();
    for (const sample of (await samples(create(status))).keys()) {
      const labels = [...sample.matchAll(/([a-z_]+)="/g)].map(([, label]) => label!);
      printed.set(sample.replace(/\{.*/, ""), new Set(labels));
    }
    const asked = new Set<string>();
    for (const query of queries) {
      for (const [, name, labels] of query.matchAll(
        /\b((?:keel|process|nodejs)_[a-z_0-9]+)(?:\{([^}]*)\})?/g,
      )) {
        expect(printed, query).to.include.keys(name!);
        asked.add(name!.replace(/_(bucket|sum|count)$/, ""));
        for (const [, label] of (labels ?? "").matchAll(/([a-z]+)=~?"/g)) {
          expect(printed.get(name!), query).to.include.keys(label!);
        }
      }
    }
    expect(asked.size).to.be.greaterThan(40);
    const unseen = [...printed.keys()]
      .map((name) => name.replace(/_(bucket|sum|count)$/, ""))
      .filter((name) => name.startsWith("keel_") && !asked.has(name));
    expect(unseen, "printed and not on the board").to.deep.equal([]);
  });

  it("has no panel without a query, no panel twice, and a data source to choose", () => {
    expect(panels.length).to.be.greaterThan(30);
    for (const { title, targets } of panels) {
      expect(targets, title).to.be.an("array").that.is.not.empty;
      for (const { expr } of targets!) expect(expr.trim(), title).to.not.equal("");
    }
    expect(new Set(panels.map(({ title }) => title)).size).to.equal(panels.length);
    expect(board.templating.list[0]).to.include({ name: "datasource", type: "datasource" });
    expect(board.schemaVersion).to.be.at.least(39);
  });
});
