import { Contract, ZeroAddress } from "ethers";
import type { Signer } from "ethers";

import { deployArtifact, readArtifact } from "./artifacts.ts";

const CHAINLINK = "@chainlink/contracts-v01/abi/v0.6";
const AGGREGATOR = readArtifact(`${CHAINLINK}/AccessControlledAggregator.json`);
const MAX_SUBMISSION = 10n ** 24n;

/** Moves the chain to a time: the next block carries it. */
export type SetNextTimestamp = (timestamp: bigint) => Promise<void>;

/** How the proxy numbers round `round` of phase `phase`. */
export function roundIdOf(phase: number, round: number | bigint): bigint {
  return (BigInt(phase) << 64n) | BigInt(round);
}

export interface PhaseOptions {
  /** Who submits answers; a round is answered when `minSubmissions` of them have. */
  readonly oracles?: readonly Signer[];
  readonly minSubmissions?: number;
  /** Seconds after which an unanswered round may be given up; 0 for never. */
  readonly timeout?: number;
}

/**
 * Chainlink's EACAggregatorProxy over its AccessControlledAggregators, which answer contracts only through the proxy.
 * Phases are numbered as by the proxy, from 1. What is not on the chain is constant, so a snapshot restores it all.
 */
export class ChainlinkFeed {
  readonly proxy: Contract;
  readonly #owner: Signer;
  readonly #setNextTimestamp: SetNextTimestamp;

  private constructor(owner: Signer, proxy: Contract, setNextTimestamp: SetNextTimestamp) {
    this.#owner = owner;
    this.proxy = proxy;
    this.#setNextTimestamp = setNextTimestamp;
  }

  /** Deploys a proxy in its phase 1, without rounds. */
  static async deploy(
    owner: Signer,
    setNextTimestamp: SetNextTimestamp,
    options: PhaseOptions = {},
  ): Promise<ChainlinkFeed> {
    const aggregator = await deployAggregator(owner, options);
    const proxy = await deployArtifact(readArtifact(`${CHAINLINK}/EACAggregatorProxy.json`), owner, [
      await aggregator.getAddress(),
      ZeroAddress,
    ]);
    await aggregator.getFunction("addAccess")(await proxy.getAddress());
    return new ChainlinkFeed(owner, proxy, setNextTimestamp);
  }

  /** Moves the proxy to a new aggregator, without rounds; takes five blocks. Returns the phase. */
  async addPhase(options: PhaseOptions = {}): Promise<number> {
    const aggregator = await deployAggregator(this.#owner, options);
    const address = await aggregator.getAddress();
    await aggregator.getFunction("addAccess")(await this.proxy.getAddress());
    await this.proxy.getFunction("proposeAggregator")(address);
    await this.proxy.getFunction("confirmAggregator")(address);
    return Number(await this.proxy.getFunction("phaseId")());
  }

  async aggregator(phase: number): Promise<Contract> {
    const address: string = await this.proxy.getFunction("phaseAggregators")(phase);
    return new Contract(address, AGGREGATOR.abi, this.#owner);
  }

  /**
   * Answers the next round of `phase`, which must not be one already started.
   * @param answer USD, 8 decimals.
   * @param at Unix seconds of the block; by default a second after the last.
   * @returns The round id of the proxy.
   */
  async submit(phase: number, answer: bigint, at?: bigint): Promise<bigint> {
    const aggregator = await this.aggregator(phase);
    const round = BigInt(await aggregator.getFunction("latestRound")()) + 1n;
    await this.submitTo(phase, round, answer, this.#owner, at);
    return roundIdOf(phase, round);
  }

  /** One oracle's answer to one round of the aggregator. */
  async submitTo(phase: number, round: bigint, answer: bigint, oracle: Signer, at?: bigint): Promise<void> {
    const aggregator = (await this.aggregator(phase)).connect(oracle) as Contract;
    if (at !== undefined) await this.#setNextTimestamp(at);
    // Estimating would run against the pending block, whose time is not that of the block to come.
    await aggregator.getFunction("submit")(round, answer, { gasLimit: 1_000_000n });
  }
}

async function deployAggregator(owner: Signer, options: PhaseOptions): Promise<Contract> {
  const oracles = options.oracles ?? [owner];
  const minSubmissions = options.minSubmissions ?? 1;
  const addresses = await Promise.all(oracles.map((oracle) => oracle.getAddress()));
  const aggregator = await deployArtifact(AGGREGATOR, owner, [
    ZeroAddress,
    0n,
    options.timeout ?? 0,
    ZeroAddress,
    -MAX_SUBMISSION,
    MAX_SUBMISSION,
    8,
    "ETH / USD",
  ]);
  const restartDelay = 0;
  await aggregator.getFunction("changeOracles")(
    [],
    addresses,
    addresses,
    minSubmissions,
    oracles.length,
    restartDelay,
  );
  return aggregator;
}
