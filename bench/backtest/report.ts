import Table from "cli-table3";

import { describeMachine } from "../machine.ts";
import type { BacktestReport } from "./measure.ts";
import type { WorkloadName } from "./workloads.ts";

const WHAT: Readonly<Record<WorkloadName, string>> = {
  mark: "price and delta of the book at each step",
  threshold: "the whole engine, a threshold rule at each step",
  "optimal-impulse": "the whole engine, optimal-impulse at each fifth step",
};

export function renderBacktestReport(report: BacktestReport): string {
  const { machine, rows, settings, leastScaling, isLinear } = report;
  const table = new Table({
    head: ["million option-steps a second", "1 core", "2 cores", "scaling", "target, 1 core", ""],
    colAligns: ["left", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { workload, one, two, scaling, target, met } of rows) {
    const bound = target === null ? "" : `≥ ${String(target / 1e6)}`;
    const verdict = met === null ? "" : met ? "met" : "missed";
    table.push([WHAT[workload], millions(one), millions(two), scaling.toFixed(2), bound, verdict]);
  }
  return [
    describeMachine(machine),
    table.toString(),
    `A book of ${String(rows[0]!.options)} vanilla options; the best of ${String(settings.repeats)} times ` +
      `${String(settings.duration)} ms, one and two threads in turn.`,
    `Linear to two cores (at least ${String(leastScaling)} times): ${isLinear ? "yes" : "no"}`,
  ].join("\n");
}

function millions(rate: number): string {
  return (rate / 1e6).toFixed(rate < 10e6 ? 2 : 1);
}
