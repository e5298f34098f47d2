import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

import type { Observer } from "../fleet/observer.ts";
import type { FleetStatus } from "../fleet/status.ts";
import { STATUS_METRICS } from "./statusMetrics.ts";

/** What Prometheus is told. As an observer it counts what the status cannot show. */
export interface Metrics extends Observer {
  readonly contentType: string;
  /** Everything, as of now, in Prometheus' text format. */
  text(): Promise<string>;
}

export interface MetricsOptions {
  status(): FleetStatus;
  /** Unix seconds. Default: this machine's clock. */
  now?(): number;
}

/** Seconds: from an answer out of memory to a request that timed out. */
const RPC_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds: from a 250 ms block's share to a whole block of mainnet. */
const BROADCAST_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 4, 8, 12, 24];
/** Methods the keeper uses. Any other is "other": a label that anybody could widen would fill the database. */
const METHODS = new Set([
  "eth_blockNumber",
  "eth_call",
  "eth_chainId",
  "eth_estimateGas",
  "eth_feeHistory",
  "eth_gasPrice",
  "eth_getBalance",
  "eth_getBlockByHash",
  "eth_getBlockByNumber",
  "eth_getCode",
  "eth_getLogs",
  "eth_getTransactionByHash",
  "eth_getTransactionCount",
  "eth_getTransactionReceipt",
  "eth_maxPriorityFeePerGas",
  "eth_sendPrivateRawTransaction",
  "eth_sendPrivateTransaction",
  "eth_sendRawTransaction",
  "eth_signTransaction",
  "eth_subscribe",
  "eth_unsubscribe",
]);

let ofProcess: Registry | null = null;

/** Metrics of the process. Once for all: what prom-client watches the garbage collector and the event loop with can never be stopped. */
function processMetrics(): Registry {
  if (ofProcess === null) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** Metrics of one fleet in a registry of their own, so that one process can hold several. */
export function createMetrics({ status, now = () => Date.now() / 1000 }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const ofThisProcess = processMetrics();

  const fromStatus = STATUS_METRICS.map(({ type, name, help, labels, read }) => {
    const options = { name, help, labelNames: [...labels], registers };
    if (type === "gauge") {
      const gauge = new Gauge(options);
      return { read, metric: gauge, set: gauge.set.bind(gauge) };
    }
    const counter = new Counter(options);
    return { read, metric: counter, set: counter.inc.bind(counter) };
  });
  const decisions = new Counter({
    name: "keel_decisions_total",
    help: "Decisions since the start.",
    labelNames: ["chain", "vault", "action", "reason"],
    registers,
  });
  const broadcasts = new Histogram({
    name: "keel_block_to_broadcast_seconds",
    help: "From a block's arrival to a node's acceptance of what it led to: in total, and the part spent waiting on RPC.",
    labelNames: ["chain", "part"],
    buckets: BROADCAST_BUCKETS,
    registers,
  });
  const requests = new Histogram({
    name: "keel_rpc_request_seconds",
    help: "Time an RPC endpoint took, answered or not.",
    labelNames: ["chain", "endpoint", "method", "answered"],
    buckets: RPC_BUCKETS,
    registers,
  });

  return {
    contentType: registry.contentType,
    async text() {
      // All set before anything is awaited: another scrape in between finds a whole status.
      const current = status();
      const at = now();
      for (const { read, metric, set } of fromStatus) {
        metric.reset();
        for (const [labels, value] of read(current, at)) set(labels, value);
      }
      const [defaults, own] = await Promise.all([ofThisProcess.metrics(), registry.metrics()]);
      return `${defaults.trimEnd()}\n${own}`;
    },
    decided({ chainId, vault, decision: { action, reason } }) {
      decisions.inc({ chain: String(chainId), vault, action, reason });
    },
    broadcast({ chainId, seconds, rpcSeconds }) {
      const chain = String(chainId);
      broadcasts.observe({ chain, part: "total" }, seconds);
      broadcasts.observe({ chain, part: "rpc" }, rpcSeconds);
    },
    requested({ chainId, endpoint, method, seconds, answered }) {
      const labels = { chain: String(chainId), endpoint, answered: String(answered) };
      requests.observe({ ...labels, method: METHODS.has(method) ? method : "other" }, seconds);
    },
  };
}
