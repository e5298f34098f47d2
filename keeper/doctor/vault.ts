import type { Address, PublicClient } from "viem";

import { readHead, type Head } from "../chain/head.ts";
import { createSnapshotReader } from "../chain/snapshot.ts";
import { loadDeployment, deploymentFile, type Deployment } from "../config/deployment.ts";
import type { Config, VaultSettings } from "../config/load.ts";
import type { VaultRecord } from "../fleet/record.ts";
import { rebalanceCost } from "../market/rebalanceCost.ts";
import { gweiToWei } from "../math/units.ts";
import { checkBalance } from "./balance.ts";
import { attempt, failed, passed, type Check } from "./check.ts";
import { checkActivation, checkLease, checkRisk } from "./controls.ts";
import {
  checkDecision,
  checkLimits,
  checkRiskAversion,
  tryDecision,
  type EffectiveLimits,
  type Trial,
} from "./decision.ts";
import { checkCode, checkRole, isShutDown, type VaultPlace } from "./deployment.ts";
import { checkBusiness, checkOracle } from "./market.ts";
import { checkSigner } from "./signer.ts";
import type { StoreView } from "./store.ts";

/** A chain that answered. */
export interface ReachedChain {
  readonly chainId: number;
  readonly pollInterval: number;
  readonly client: PublicClient;
}

export interface VaultQuestion {
  readonly config: Config;
  readonly settings: VaultSettings;
  readonly limits: EffectiveLimits;
  readonly chains: readonly ReachedChain[];
  readonly store: StoreView;
  readonly build: string;
  /** Of the settings, where one was named. */
  readonly configFile: string | undefined;
}

const RPC_MEND = "mend the RPC first: this could not be asked of the chain";
const UNTOUCHED: Trial = { decision: null, input: null, blocked: null, gasUnits: null };

/** Everything one vault needs. What rests on something that failed is left out. Never rejects. */
export async function checkVault(question: VaultQuestion): Promise<readonly Check[]> {
  const { settings, chains } = question;
  const subject = `vault ${settings.name}`;
  const title = `${subject}: deployment`;
  const mend = "name the deployment file: `deployment` or KEEL_DEPLOYMENT; `npm run deploy` writes it";
  const found: { deployment: Deployment | null } = { deployment: null };
  const checks: Check[] = [
    ...(await attempt(title, mend, () => {
      const path = pathOf(question);
      if (path === null)
        return failed(
          title,
          "none is named, and no chain tells its id",
          "mend the RPC, or name the deployment",
        );
      const deployment = loadDeployment(path);
      found.deployment = deployment;
      const { chainId, block } = deployment;
      return passed(title, `${path}: chain ${String(chainId)}, block ${String(block)}`);
    })),
  ];
  const { deployment } = found;
  if (deployment === null) return [...checks, ...(await checkSigner(settings.key, subject, 1)).checks];
  const signer = await checkSigner(settings.key, subject, deployment.chainId);
  checks.push(...signer.checks);
  const chain = chains.find(({ chainId }) => chainId === deployment.chainId);
  if (chain === undefined) {
    const ids = chains.map(({ chainId }) => chainId).join(", ");
    const reached = ids === "" ? "no chain answers" : `the RPC serves chain ${ids}`;
    const detail = `the deployment is of chain ${String(deployment.chainId)}, and ${reached}`;
    checks.push(
      failed(`${subject}: chain`, detail, "correct rpcUrl or deployment: both must be of one chain"),
    );
  } else {
    checks.push(...(await onChain(question, chain, { ...{ deployment, subject }, account: signer.address })));
  }
  if (signer.address !== null)
    checks.push(...(await ofStore(question, { deployment, subject, account: signer.address })));
  return checks;
}

function pathOf({ settings, chains, config }: VaultQuestion): string | null {
  if (settings.deployment !== undefined) return settings.deployment;
  const id = config.chains.length > 1 ? undefined : (config.chains[0].chainId ?? chains[0]?.chainId);
  return id === undefined ? null : deploymentFile(id);
}

interface Subject {
  readonly deployment: Deployment;
  readonly subject: string;
}

async function onChain(
  question: VaultQuestion,
  chain: ReachedChain,
  { deployment, subject, account }: Subject & { readonly account: Address | null },
): Promise<readonly Check[]> {
  const { client } = chain;
  const place: VaultPlace = { client, deployment, subject };
  const code = await attempt(`${subject}: contracts`, RPC_MEND, () => checkCode(place));
  if (code.some(({ ok }) => ok === false)) return code;
  const role =
    account === null ? [] : await attempt(`${subject}: role`, RPC_MEND, () => checkRole(place, account));
  const { checks, head, trial } = await atBlock(question, chain, place, account);
  const paying =
    account === null
      ? []
      : await attempt(`${subject}: balance`, RPC_MEND, async () => {
          const cost = await costOf(question, deployment, head, trial);
          return checkBalance(subject, {
            client,
            account,
            cost,
            wanted: question.config.alerts.balanceRebalances,
          });
        });
  return [...code, ...role, ...checks, ...paying];
}

/** What is read of one block: snapshot, oracle, business, decision, limits. */
async function atBlock(
  { settings, limits }: VaultQuestion,
  { client, pollInterval }: ReachedChain,
  place: VaultPlace,
  account: Address | null,
): Promise<{ readonly checks: readonly Check[]; readonly head: Head | null; readonly trial: Trial }> {
  const { deployment, subject } = place;
  const seen: { head: Head | null; trial: Trial } = { head: null, trial: UNTOUCHED };
  const lens = `${subject}: snapshot`;
  const read = await attempt(
    lens,
    "see that Lens and Vault of the deployment file belong to one Keel",
    async () => {
      const head = await readHead(client);
      const { Lens, Vault } = deployment.contracts;
      const snapshot = await createSnapshotReader(client, Lens, Vault)(head.hash);
      seen.head = head;
      const legs = `options: ${String(snapshot.legs.length)} series, venues: ${String(snapshot.venues.length)}`;
      return [
        passed(lens, `block ${String(snapshot.blockNumber)}: ${legs}`),
        checkOracle(subject, snapshot, Number(head.timestamp)),
        checkBusiness(subject, snapshot, await isShutDown(place)),
      ];
    },
  );
  const { head } = seen;
  if (head === null) return { checks: read, ...seen };
  const decided = await attempt(`${subject}: decision`, "see docs/runbook.md, vault-failing", async () => {
    seen.trial = await tryDecision(head, {
      // Who has no account yet sees the decision all the same; it is simulated for nobody.
      ...{
        client,
        deployment,
        settings,
        limits,
        pollInterval,
        account: account ?? deployment.contracts.Vault,
      },
    });
    const { trial } = seen;
    const aversion = checkRiskAversion(subject, settings, trial.input);
    return [
      checkDecision(subject, settings.strategy.name, trial),
      ...(aversion === null ? [] : [aversion]),
      checkLimits(subject, settings, limits, head, trial),
    ];
  });
  return { checks: [...read, ...decided], ...seen };
}

/** Wei of a rebalance now, as the keeper that runs sees it for its alert; null without a block. */
async function costOf(
  { settings, store }: VaultQuestion,
  { chainId, contracts: { Vault: vault } }: Deployment,
  head: Head | null,
  { gasUnits }: Trial,
): Promise<bigint | null> {
  if (head === null) return null;
  const [record] = (await store.operator?.record({ vaults: [{ chainId, vault }] }).catch(() => [])) ?? [];
  const known = { simulated: gasUnits, mined: record?.totals.lastRebalanceGas ?? null };
  const { baseFeePerGas } = head;
  return rebalanceCost(known, { baseFeePerGas, priorityFeePerGas: gweiToWei(settings.priorityFeeGwei) });
}

async function ofStore(
  { settings, store, build, configFile }: VaultQuestion,
  { deployment, subject, account }: Subject & { readonly account: Address },
): Promise<readonly Check[]> {
  const { chainId, contracts } = deployment;
  const flags = `${configFile === undefined ? "" : `--config ${configFile} `}--vault ${settings.name}`;
  const none: Pick<VaultRecord, "activation" | "pause" | "leases" | "risk"> = {
    activation: null,
    pause: null,
    leases: [],
    risk: null,
  };
  return attempt(`${subject}: activation`, "mend the store first", async () => {
    const { operator } = store;
    const record =
      operator === null
        ? none
        : (await operator.record({ vaults: [{ chainId, vault: contracts.Vault }] }))[0]!;
    // An embedded store that nobody runs has leases of the dead only.
    const lease =
      store.isRunning || record.leases.length > 0 ? [checkLease(subject, record, { chainId, account })] : [];
    const risk = settings.risk.enabled ? checkRisk(subject, record) : null;
    return [
      checkActivation(subject, flags, record, { build, account }),
      ...lease,
      ...(risk === null ? [] : [risk]),
    ];
  });
}
