import Table from "cli-table3";

/** What the default's friction is in one period, as it is and by each forecast. USD. */
export interface ForecastWorth {
  readonly period: string;
  readonly frictionUsd: number;
  readonly frictions: readonly { readonly name: string; readonly frictionUsd: number }[];
}

export interface Worth {
  /** Options priced by the volatility of the days before, and by Deribit's index. */
  readonly trailing: readonly ForecastWorth[];
  readonly implied: readonly ForecastWorth[];
  readonly gas: readonly ForecastWorth[];
}

/** Friction by each forecast over friction without. */
export function renderForecasts({ trailing, implied, gas }: Worth): string {
  return [
    `Volatility to expect, over the one that prices the options: an average of the days before\n${tableOf(trailing)}`,
    `The same where Deribit's index prices the options\n${tableOf(implied)}`,
    `Gas to decide by, over the current one\n${tableOf(gas)}`,
  ].join("\n\n");
}

function tableOf(periods: readonly ForecastWorth[]): string {
  const table = new Table({
    style: { head: [], border: [], compact: true },
    head: ["friction", ...periods.map(({ period }) => period), "mean"],
    colAligns: ["left", ...periods.map(() => "right" as const), "right"],
  });
  table.push(["as it is, USD", ...periods.map(({ frictionUsd }) => frictionUsd.toFixed(0)), ""]);
  for (const [index, { name }] of periods[0]!.frictions.entries()) {
    const ratios = periods.map(({ frictions, frictionUsd }) => frictions[index]!.frictionUsd / frictionUsd);
    table.push([name, ...[...ratios, geometricMean(ratios)].map((ratio) => ratio.toFixed(3))]);
  }
  return table.toString();
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
