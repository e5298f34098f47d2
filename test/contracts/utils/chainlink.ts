import { ZeroAddress } from "ethers";
import type { Contract, Signer } from "ethers";

import { deployArtifact, readArtifact } from "./artifacts.ts";

const CHAINLINK = "@chainlink/contracts-v01/abi/v0.6";
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
 * Phases are numbered as by the proxy, from 1.
 */
export class ChainlinkFeed {
  readonly proxy: Contract;
  readonly #owner: Signer;
  readonly #setNextTimestamp: SetNextTimestamp;
  readonly #aggregators: Contract[];

  private constructor(owner: Signer, proxy: Contract, first: Contract, setNextTimestamp: SetNextTimestamp) {
    this.#owner = owner;
    this.proxy = proxy;
    this.#aggregators = [first];
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
    return new ChainlinkFeed(owner, proxy, aggregator, setNextTimestamp);
  }

  /** Moves the proxy to a new aggregator, without rounds. Returns the phase. */
  async addPhase(options: PhaseOptions = {}): Promise<number> {
    const aggregator = await deployAggregator(this.#owner, options);
    const address = await aggregator.getAddress();
    await aggregator.getFunction("addAccess")(await this.proxy.getAddress());
    await this.proxy.getFunction("proposeAggregator")(address);
    await this.proxy.getFunction("confirmAggregator")(address);
    return this.#aggregators.push(aggregator);
  }

  aggregator(phase: number): Contract {
    const aggregator = this.#aggregators[phase - 1];
    if (aggregator === undefined) throw new Error(`no phase ${phase}`);
    return aggregator;
  }

  /**
   * Answers the next round of `phase`.
   * @param answer USD, 8 decimals.
   * @param at Unix seconds of the block; by default the next second, or whatever block is pending.
   * @returns The round id of the proxy.
   */
  async submit(phase: number, answer: bigint, at?: bigint): Promise<bigint> {
    const aggregator = this.aggregator(phase);
    const round = BigInt(await aggregator.getFunction("latestRound")()) + 1n;
    await this.submitTo(phase, round, answer, this.#owner, at);
    return roundIdOf(phase, round);
  }

  /** One oracle's answer to one round of the aggregator. */
  async submitTo(phase: number, round: bigint, answer: bigint, oracle: Signer, at?: bigint): Promise<void> {
    if (at !== undefined) await this.#setNextTimestamp(at);
    const aggregator = this.aggregator(phase).connect(oracle);
    // Estimating would run against the pending block, whose time is not that of the block to come.
    await (aggregator as Contract).getFunction("submit")(round, answer, { gasLimit: 1_000_000n });
  }
}

async function deployAggregator(owner: Signer, options: PhaseOptions): Promise<Contract> {
  const oracles = options.oracles ?? [owner];
  const minSubmissions = options.minSubmissions ?? 1;
  const addresses = await Promise.all(oracles.map((oracle) => oracle.getAddress()));
  const aggregator = await deployArtifact(
    readArtifact(`${CHAINLINK}/AccessControlledAggregator.json`),
    owner,
    [ZeroAddress, 0n, options.timeout ?? 0, ZeroAddress, -MAX_SUBMISSION, MAX_SUBMISSION, 8, "ETH / USD"],
  );
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
