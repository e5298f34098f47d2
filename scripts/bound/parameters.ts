import { parseAbi, type Address, type PublicClient } from "viem";

import { DEFAULT_BUDGETS, DEFAULT_LIMITS, USES, flatSurface } from "../deployKeel.ts";
import type { AnchorParameters, BoundParameters, Bucket } from "./hotKeyBounds.ts";

/** What bounds are computed from, and the state they are told as a share of. */
export interface Subject {
  readonly parameters: BoundParameters;
  /** Tenors in seconds, and the volatility there. */
  readonly pillars: readonly { readonly tenor: number; readonly volatility: number }[];
  /** USDC, 6 decimals. */
  readonly nav: bigint;
  /** USDC per ETH, 18 decimals. */
  readonly price: bigint;
}

/** Constants of PriceOracle and VolatilityOracle; a test compares them with the contracts'. */
const PRICE_BOX = 10n ** 16n;
const ANCHOR: AnchorParameters = {
  volTolerance: 50_000_000n,
  shapeTolerance: 50_000_000n,
  forwardTolerance: 1_000_000n,
  volPace: 50_000_000n,
  shapePace: 25_000_000n,
  forwardPace: 1_000_000n,
  swingRoom: 1_000_000_000n,
  swingPerDay: 2_000_000_000n,
  pacePeriod: 21_600n,
  paceTenor: 2_592_000n,
};

/** What scripts/deployKeel.ts deploys, a vault of 3 million USDC with ETH at 3,000. */
export const DEFAULT_SUBJECT: Subject = {
  parameters: { budgets: DEFAULT_BUDGETS, limits: DEFAULT_LIMITS, priceBox: PRICE_BOX, anchor: ANCHOR },
  pillars: flatSurface(0.6).map(({ tenor, atmVol }) => ({ tenor, volatility: atmVol / 1e9 })),
  nav: 3_000_000n * 10n ** 6n,
  price: 3_000n * 10n ** 18n,
};

const VAULT = parseAbi([
  "struct Limits { uint128 minDrift; uint128 ripcordDrift; uint64 maxSlippage; uint64 rescueSlippage; uint64 quoteEdge; uint64 shortMarginRatio; uint64 maxGamma; uint64 maxVega; uint64 ripcordReward; uint32 maxAge; }",
  "struct Budget { uint64 capacity; uint64 perDay; uint64 used; uint64 updatedAt; }",
  "function limits() view returns (Limits)",
  "function budget(uint8 use) view returns (Budget)",
  "function nav() view returns (int256)",
  "function priceOracle() view returns (address)",
  "function volatilityOracle() view returns (address)",
]);
const PRICE_ORACLE = parseAbi([
  "struct PriceReading { uint256 price; uint256 ethUsd; uint256 updatedAt; bool fresh; bool agreed; bool open; }",
  "function BOX() view returns (uint256)",
  "function read() view returns (PriceReading)",
]);
const VOLATILITY_ORACLE = parseAbi([
  "struct Pillar { uint32 tenor; uint48 atmVol; int48 skew; int48 curvature; uint48 forwardRatio; }",
  "struct Surface { Pillar[] pillars; }",
  "function surface() view returns (Surface)",
  "function VOL_TOLERANCE() view returns (uint256)",
  "function SHAPE_TOLERANCE() view returns (uint256)",
  "function FORWARD_TOLERANCE() view returns (uint256)",
  "function VOL_PACE() view returns (uint256)",
  "function SHAPE_PACE() view returns (uint256)",
  "function FORWARD_PACE() view returns (uint256)",
  "function SWING_ROOM() view returns (uint256)",
  "function SWING_PER_DAY() view returns (uint256)",
  "function PACE_PERIOD() view returns (uint256)",
  "function PACE_TENOR() view returns (uint256)",
]);

type AnchorConstant = Exclude<(typeof VOLATILITY_ORACLE)[number]["name"], "surface">;

/** Reads all of it from the chain. */
export async function readSubject(client: PublicClient, vault: Address): Promise<Subject> {
  const at = { address: vault, abi: VAULT } as const;
  const [limits, nav, priceOracle, volatilityOracle] = await Promise.all([
    client.readContract({ ...at, functionName: "limits" }),
    client.readContract({ ...at, functionName: "nav" }),
    client.readContract({ ...at, functionName: "priceOracle" }),
    client.readContract({ ...at, functionName: "volatilityOracle" }),
  ]);
  const budgets: Partial<Record<(typeof USES)[number], Bucket>> = {};
  for (const [index, use] of USES.entries()) {
    const { capacity, perDay } = await client.readContract({ ...at, functionName: "budget", args: [index] });
    budgets[use] = { capacity, perDay };
  }
  const prices = { address: priceOracle, abi: PRICE_ORACLE } as const;
  const vols = { address: volatilityOracle, abi: VOLATILITY_ORACLE } as const;
  const [priceBox, reading, surface] = await Promise.all([
    client.readContract({ ...prices, functionName: "BOX" }),
    client.readContract({ ...prices, functionName: "read" }),
    client.readContract({ ...vols, functionName: "surface" }),
  ]);
  const constant = (functionName: AnchorConstant) => client.readContract({ ...vols, functionName });
  return {
    parameters: {
      budgets: budgets as BoundParameters["budgets"],
      limits,
      priceBox,
      anchor: {
        volTolerance: await constant("VOL_TOLERANCE"),
        shapeTolerance: await constant("SHAPE_TOLERANCE"),
        forwardTolerance: await constant("FORWARD_TOLERANCE"),
        volPace: await constant("VOL_PACE"),
        shapePace: await constant("SHAPE_PACE"),
        forwardPace: await constant("FORWARD_PACE"),
        swingRoom: await constant("SWING_ROOM"),
        swingPerDay: await constant("SWING_PER_DAY"),
        pacePeriod: await constant("PACE_PERIOD"),
        paceTenor: await constant("PACE_TENOR"),
      },
    },
    pillars: surface.pillars.map(({ tenor, atmVol }) => ({ tenor, volatility: atmVol / 1e9 })),
    nav,
    price: reading.price,
  };
}
