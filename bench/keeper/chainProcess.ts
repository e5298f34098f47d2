import type { Address } from "viem";

import { serveChain } from "../../scripts/demo/serveChain.ts";
import { MarketPlayer } from "../../scripts/market/marketPlayer.ts";
import { USDC, WAD } from "../../test/contracts/utils/keel.ts";
import { benchKeel, capped, PRICE } from "../gas/market.ts";
import { serveParent } from "./childProcess.ts";
import { Recorder, type Counts, type Recording } from "./recording.ts";

/** What a keeper is told of the vault. */
export interface BenchVault {
  readonly url: string;
  readonly chainId: number;
  readonly contracts: { readonly Vault: Address; readonly Lens: Address };
  /** 1/USD. */
  readonly riskAversion: number;
}

const EXPIRIES = 4;
const WRITTEN = 10n * WAD;
const DEPOSIT = 40_000_000n * USDC;
const CHAIN_ID = 31337;
/** Seconds between blocks, and before the first. */
const BLOCK = 12;
const PAUSE = 60;
/** The price goes there and back: far enough for a rebalance each time. */
const OTHER_PRICE = PRICE * 1.03;
/** 1/USD: an operator who would rather trade than see drift beyond an ETH or two. */
const RISK_AVERSION = 1e-3;
const BASE_FEE = 10n ** 9n;

let player: MarketPlayer;
let recorder: Recorder;

/** A Hardhat node with one vault, whose market moves every other block. */
const handlers = {
  async start({ series, blocks }: { series: number; blocks: number }): Promise<BenchVault> {
    const { default: hre } = await import("hardhat");
    await hre.tasks.getTask("build").run({ quiet: true });
    const keel = await benchKeel();
    await keel.deposit(keel.alice, DEPOSIT);
    const ids = capped(series, EXPIRIES, await keel.networkHelpers.time.latest());
    for (const id of ids) await keel.buy(keel.taker, id, WRITTEN);
    const { Vault, Lens } = keel.contracts;

    const start = (await keel.networkHelpers.time.latest()) + PAUSE;
    const points = Array.from({ length: blocks }, (_, i) => ({
      timestamp: start + i * BLOCK,
      // The first block mines what the book alone has led to.
      price: i % 4 === 1 || i % 4 === 2 ? OTHER_PRICE : PRICE,
    }));
    const baseFee = { source: "bench", at: () => BASE_FEE };
    player = await MarketPlayer.create({ local: keel.mainnet, points, baseFee });
    await player.reset();

    recorder = new Recorder(Vault, Lens);
    const url = await serveChain(
      {
        async request(request) {
          const answer = await keel.provider.request(request as Parameters<typeof keel.provider.request>[0]);
          recorder.note(request, answer);
          return answer;
        },
      },
      0,
    );
    return { url, chainId: CHAIN_ID, contracts: { Vault, Lens }, riskAversion: RISK_AVERSION };
  },

  /** Mines a block, with what the keeper has sent. @returns Its number. */
  async step(): Promise<bigint> {
    return (await player.step()).blockNumber;
  },

  /** Requests since it was last asked. */
  counts(): Counts {
    return recorder.takeCounts();
  },

  recording(): Recording {
    return recorder.recording();
  },
};

export type ChainHandlers = typeof handlers;

serveParent(handlers);
