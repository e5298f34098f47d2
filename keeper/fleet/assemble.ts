import type { Address, PublicClient } from "viem";

import { createChainClient } from "../chain/client.ts";
import { deploymentFile, loadDeployment, type Deployment } from "../config/deployment.ts";
import type { KeySource } from "../config/keySource.ts";
import { ConfigError, type ChainSettings, type Config, type VaultSettings } from "../config/load.ts";
import type { FeePolicy } from "../execution/fees.ts";
import { createDuties } from "../duties/createDuties.ts";
import { createPrivateRoute } from "../execution/privateRoute.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import { gweiToWei } from "../math/units.ts";
import { RiskManager } from "../risk/riskManager.ts";
import { SignalFeed } from "../risk/signalFeed.ts";
import { createRpcPool, RPC_TIMEOUT, type RpcPool } from "../rpc/pool.ts";
import { openSigner } from "../signer/open.ts";
import type { Signer } from "../signer/signer.ts";
import type { Database } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import { jitterOf } from "../strategy/jitter.ts";
import { selectStrategy } from "../strategy/select.ts";
import { VaultKeeper } from "../vaultKeeper.ts";
import { ChainSeat } from "./chainSeat.ts";
import { GainMeter } from "./gainMeter.ts";
import { limitsOf } from "./limits.ts";
import { LaneSeat } from "./laneSeat.ts";
import type { Observer } from "./observer.ts";
import { checkStartup, StartupError } from "./startupChecks.ts";
import { VaultSeat } from "./vaultSeat.ts";

export interface AssembleOptions {
  readonly database: Database;
  readonly journal: Journal;
  readonly log: Log;
  readonly build: string;
  /** Names this process, and no other that ever lived. */
  readonly holder: string;
  /** Whose keeper is shadowed: everything is only watched, nothing is signed and no lane is taken. Null: for oneself. */
  readonly shadowOf: Address | null;
  readonly observer: Observer;
  /** Ends requests that are under way. */
  readonly signal: AbortSignal;
}

/** Endpoints from which on they vote. */
const QUORUM = 3;
const NO_KEY = "KEEL_PRIVATE_KEY: a key is needed: this, a keystore and its password, or a remoteSigner";

/** A chain, reached. */
interface ReachedChain {
  readonly settings: ChainSettings;
  readonly chainId: number;
  readonly pool: RpcPool;
  readonly client: PublicClient;
  readonly lanes: Map<string, LaneSeat>;
  readonly vaults: VaultSeat[];
  /** Told what the endpoints disagree on, once there is somebody to tell. */
  seat: ChainSeat | null;
}

/**
 * Puts together what the settings describe: chains, and on each the lanes and vaults that follow it. A chain's id is asked only
 * where the settings do not tell it, so that one chain that cannot be reached keeps no other from starting.
 * Throws StartupError, ConfigError or KeyError.
 */
export async function assembleFleet(config: Config, options: AssembleOptions): Promise<ChainSeat[]> {
  const chains: ReachedChain[] = [];
  for (const settings of config.chains) chains.push(await reach(settings, options));
  const signers = new SignerCache();
  const limits = limitsOf(config);
  for (const [index, vault] of config.vaults.entries()) {
    const { chain, deployment } = locate(vault, chains);
    const opened = vault.key === null || options.shadowOf !== null ? null : await signers.open(vault.key);
    chain.vaults.push(
      await seatVault({ ...vault, ...limits[index]! }, chain, deployment, opened, config, options),
    );
  }
  return chains.map((chain) => {
    const { settings, chainId, pool, client, lanes, vaults } = chain;
    const { webSocketUrl, pollInterval, finalityBlocks } = settings;
    chain.seat = new ChainSeat({
      ...{ chainId, client, pool, vaults, pollInterval, finalityBlocks },
      ...{ lanes: [...lanes.values()], log: options.log, database: options.database },
      ...(webSocketUrl === null ? {} : { webSocketUrl }),
      // Where endpoints vote, a websocket has no more than one voice.
      isWebSocketAHint: settings.rpcUrls.length >= QUORUM,
    });
    return chain.seat;
  });
}

async function reach(
  settings: ChainSettings,
  { log, signal, observer }: AssembleOptions,
): Promise<ReachedChain> {
  const { requestsPerSecond } = settings;
  const holder: { chain: ReachedChain | null } = { chain: null };
  const pool = createRpcPool({
    endpoints: settings.rpcUrls.map((url) => ({
      url,
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    })),
    timeout: RPC_TIMEOUT,
    log,
    signal,
    onDisagreement: (report) => holder.chain?.seat?.onDisagreement(report),
    onRequest: (report) => {
      const known = holder.chain?.chainId ?? settings.chainId;
      if (known !== undefined) observer.requested({ chainId: known, ...report });
    },
  });
  const client = createChainClient({ pool });
  const chainId = settings.chainId ?? (await askChainId(client));
  holder.chain = { settings, chainId, pool, client, lanes: new Map(), vaults: [], seat: null };
  return holder.chain;
}

async function askChainId(client: PublicClient): Promise<number> {
  try {
    return await client.getChainId();
  } catch (error) {
    throw new StartupError(`The RPC does not answer: ${describeError(error)}`);
  }
}

/** The chain a vault is on: that of its deployment. */
function locate(
  vault: VaultSettings,
  chains: readonly ReachedChain[],
): { chain: ReachedChain; deployment: Deployment } {
  const ids = chains.map(({ chainId }) => chainId);
  if (vault.deployment === undefined && ids.length > 1)
    throw new StartupError(`${vault.name}: with several chains each vault names its deployment.`);
  const deployment = loadDeployment(vault.deployment ?? deploymentFile(ids[0]!));
  const chain = chains.find(({ chainId }) => chainId === deployment.chainId);
  if (chain === undefined) {
    const [of, is] = [ids.join(", "), `the deployment is of chain ${String(deployment.chainId)}.`];
    if (chains.some(({ settings }) => settings.chainId === undefined))
      throw new StartupError(`The RPC serves chain ${of}, ${is}`);
    throw new ConfigError([`chainId: is ${of}, ${is}`]);
  }
  const { Vault } = deployment.contracts;
  if (chain.vaults.some(({ subject }) => subject.vault === Vault))
    throw new StartupError(`${vault.name}: ${Vault} on chain ${String(chain.chainId)} is named twice.`);
  return { chain, deployment };
}

async function seatVault(
  vault: VaultSettings,
  chain: ReachedChain,
  deployment: Deployment,
  opened: OpenedSigner | null,
  config: Config,
  { database, journal, log, build, holder, shadowOf, observer }: AssembleOptions,
): Promise<VaultSeat> {
  const signer = opened?.signer ?? null;
  const account = signer?.address ?? shadowOf;
  if (account === null) throw new ConfigError([NO_KEY]);
  const { client, chainId, settings } = chain;
  const fees = feePolicyOf(vault);
  const strategy = await selectStrategy(vault.strategy, {
    riskAversion: vault.riskAversion,
    jitter: jitterOf(vault.jitter, deployment.contracts.Vault, chainId),
  });
  const risk = vault.risk.enabled ? riskManagerOf(vault, log) : null;
  const keeper = new VaultKeeper({
    ...{ client, deployment, strategy, journal, log, fees, risk },
    ...{ account, limits: vault.limits },
    checkInterval: settings.pollInterval,
  });
  let seat: LaneSeat | null = null;
  if (signer !== null) {
    seat = chain.lanes.get(signer.address) ?? null;
    if (seat === null) {
      const privateRoute =
        settings.private === null ? null : createPrivateRoute({ ...settings.private, log });
      const leaseTime = config.leaseSeconds;
      const { priorityFeePerGas } = fees;
      seat = new LaneSeat({
        ...{ chainId, client, signer, journal, privateRoute, log, database, holder },
        ...{ leaseTime, priorityFeePerGas },
      });
      chain.lanes.set(signer.address, seat);
    }
  }
  const { name, riskAversion, limits } = vault;
  return new VaultSeat({
    ...{ name, keeper, account, seat, journal, log, build, risk },
    strategy: strategy.name,
    deltaLimit: limits.delta,
    priorityFeePerGas: fees.priorityFeePerGas,
    check: async () => {
      await opened?.ready();
      await checkStartup(client, deployment, account);
    },
    gains:
      riskAversion === undefined
        ? null
        : new GainMeter({ database, journal, riskAversion, ...keeper.subject }),
    duties: createDuties(vault.duties, { client, vault: keeper.subject.vault, account, fees, log }),
    observer,
  });
}

function riskManagerOf({ risk, riskFeed }: VaultSettings, log: Log): RiskManager {
  return new RiskManager(risk, log, riskFeed === null ? null : new SignalFeed(riskFeed, log));
}

export function feePolicyOf({ priorityFeeGwei, maxBaseFeeGwei }: VaultSettings): FeePolicy {
  return {
    priorityFeePerGas: gweiToWei(priorityFeeGwei),
    maxBaseFeePerGas: maxBaseFeeGwei === undefined ? null : gweiToWei(maxBaseFeeGwei),
  };
}

/** Who signs for a vault, and whether they can yet. */
interface OpenedSigner {
  readonly signer: Signer;
  /** Throws why not. */
  ready(): Promise<unknown>;
}

/** Signers by where their keys come from: a keystore takes a second to open. */
class SignerCache {
  readonly #signers = new Map<string, Promise<OpenedSigner>>();

  open(source: KeySource): Promise<OpenedSigner> {
    const name = nameOf(source);
    const opened = this.#signers.get(name) ?? openLocalOrLater(source);
    this.#signers.set(name, opened);
    return opened;
  }
}

/** A key of this machine is opened at once; a process that signs elsewhere may be away just now, and keeps only its own vaults waiting. */
async function openLocalOrLater(source: KeySource): Promise<OpenedSigner> {
  if (!("remoteSigner" in source)) {
    const signer = await openSigner(source);
    return { signer, ready: () => Promise.resolve() };
  }
  let opened: Promise<Signer> | null = null;
  const ready = () =>
    (opened ??= openSigner(source).catch((error: unknown) => {
      opened = null;
      throw error;
    }));
  const { address } = source.remoteSigner;
  const signer: Signer = {
    address,
    signTransaction: async (transaction) => (await ready()).signTransaction(transaction),
  };
  return { signer, ready };
}

function nameOf(source: KeySource): string {
  if ("privateKey" in source) return `key ${source.privateKey.reveal()}`;
  if ("keystore" in source) return `keystore ${source.keystore}`;
  return `remote ${source.remoteSigner.address} ${source.remoteSigner.url.reveal()}`;
}
