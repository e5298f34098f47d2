import { buildId } from "../config/build.ts";
import type { Config } from "../config/load.ts";
import { plainJson } from "../fleet/plainJson.ts";
import type { VaultRecord } from "../fleet/record.ts";
import { edgeOf } from "../strategy/bandEdge.ts";
import { locateVaults, withOperator } from "./operatorSession.ts";

/** A vault's record under its name. `isRunning`: whether some process holds a lane of its chain. */
type NamedRecord = VaultRecord & { readonly name: string; readonly isRunning: boolean };

/** What the store knows of the vaults of the settings. */
export async function runStatus(
  config: Config,
  flags: { readonly vault?: string; readonly json?: true },
): Promise<string> {
  const located = await locateVaults(config, flags.vault);
  const vaults = located.map(({ deployment: { chainId, contracts } }) => ({
    chainId,
    vault: contracts.Vault,
  }));
  const records = await withOperator(config, "read", (operator) => operator.record({ vaults }));
  const named = records.map((record, index) => ({
    name: located[index]!.settings.name,
    isRunning: record.leases.length > 0,
    ...record,
  }));
  const build = buildId();
  if (flags.json === true) return plainJson({ build, vaults: named }, 2);
  return named.map((record) => describe(record, build).join("\n")).join("\n\n");
}

function describe(record: NamedRecord, build: string): string[] {
  const { name, vault, chainId, totals, gains, executions, alerts } = record;
  const usd = (value: number) => `${value.toFixed(2)} USD`;
  return [
    `${name}: vault ${vault} on chain ${String(chainId)}`,
    `  may        ${permission(record, build)}`,
    `  runs       ${record.isRunning ? record.leases.map(({ holder }) => holder).join(", ") : "no"}`,
    `  decided    ${lastDecision(record)}`,
    ...riskLines(record),
    `  did        ${String(totals.decisions)} decisions, ${String(totals.rebalances)} rebalances, ${String(totals.blocked)} blocked, ${String(totals.reverted)} reverted, ${usd(totals.gasUsd)} of gas`,
    `  gain       ${gains.count === 0 ? "none is counted yet" : `${usd(gains.realised)} realised, ${usd(gains.expected)} expected (difference ± ${gains.error === null ? "?" : gains.error.toFixed(2)}), for ${usd(gains.cost)}, over ${String(gains.count)} rebalances`}`,
    ...pendingLines(record).map((line) => `  pending    ${line}`),
    ...executions.map(
      ({ kind, status, nonce, hash, error }, index) =>
        `  ${index === 0 ? "sent" : "    "}       ${kind} ${status}${nonce === null ? "" : `, nonce ${String(nonce)}`}${hash === null ? "" : `, ${hash}`}${error === null ? "" : `: ${error}`}`,
    ),
    ...alerts.map(({ name: alert, message }) => `  alert      ${alert}: ${message}`),
  ];
}

function riskLines({ risk }: NamedRecord): string[] {
  if (risk === null) return [];
  const { level, since, why, limit } = risk;
  const from = since === null ? "" : ` since ${new Date(since * 1000).toISOString()}`;
  const because = why === null ? "" : `: ${why}`;
  return [`  risk       ${level}${from}, acts from ${limit.toFixed(2)} ETH${because}`];
}

function pendingLines({ vault, pending }: NamedRecord): string[] {
  if (pending.length === 0) return ["nothing"];
  return pending.map(({ kind, status, vault: whose, account, nonce, hash, age }) => {
    const owner =
      whose === vault ? "" : whose === account ? ", for a gap between nonces" : `, for vault ${whose}`;
    const since = age === null ? "" : `, for ${String(Math.round(age))} s`;
    return `${kind} ${status}, nonce ${String(nonce)} of ${account}${hash === null ? "" : `, ${hash}`}${since}${owner}`;
  });
}

function permission({ activation, pause }: NamedRecord, build: string): string {
  if (pause !== null) return `send nothing, paused: ${pause.reason}`;
  if (activation === null) return "decide, but send nothing: it was never activated";
  if (activation.build !== build)
    return `decide, but send nothing: it was activated for build ${activation.build}, this is ${build}`;
  return `send, as ${activation.account}`;
}

function lastDecision({ lastDecision: last }: NamedRecord): string {
  if (last === null) return "nothing yet";
  const { block, timestamp, mode, decision, spot } = last;
  const when = new Date(Number(timestamp) * 1000).toISOString();
  const { band: inForce } = decision;
  const band =
    inForce === null ? "" : `, band ${edgeOf(inForce, -1).toFixed(2)} to ${edgeOf(inForce, 1).toFixed(2)}`;
  const trade = decision.action === "hold" ? "" : ` ${decision.trade.toFixed(2)} ETH`;
  return `${decision.action}${trade} (${decision.reason}, ${mode}) at block ${String(block)}, ${when}: drift ${decision.drift.toFixed(2)} ETH${band}, ETH at ${spot.toFixed(2)}`;
}
