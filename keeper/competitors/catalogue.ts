import { PolicyInputError } from "../math/policyInputError.ts";
import { fixedBand } from "../strategy/fixedBand.ts";
import { withJitter } from "../strategy/jitter.ts";
import { margin } from "../strategy/margin.ts";
import { optimalImpulse } from "../strategy/optimalImpulse.ts";
import { scaledTrades } from "../strategy/scaledTrades.ts";
import { threshold } from "../strategy/threshold.ts";
import { time } from "../strategy/time.ts";
import type { Strategy } from "../strategy/types.ts";
import { volatility } from "../strategy/volatility.ts";
import { withLimits } from "../strategy/withLimits.ts";
import { bandToCentre } from "./bandToCentre.ts";
import { bandToEdge } from "./bandToEdge.ts";
import { charm } from "./charm.ts";
import { crabV1, crabV2 } from "./crab.ts";
import { deribit } from "./deribit.ts";
import { dual } from "./dual.ts";
import { hummingbot } from "./hummingbot.ts";
import { leland } from "./leland.ts";
import { lyraAvalon, lyraNewport } from "./lyra.ts";
import { orange } from "./orange.ts";
import { panoptic } from "./panoptic.ts";
import { periodic } from "./periodic.ts";
import { rage } from "./rage.ts";
import { setFli } from "./setFli.ts";
import { whalleyWilmott } from "./whalleyWilmott.ts";
import { zakamouline } from "./zakamouline.ts";
import { zenBull } from "./zenBull.ts";

/** Beside the parameters: what is the same for all strategies that are compared. */
export interface StrategyContext {
  /** Absolute risk aversion A, 1/USD, for the rules that have one. */
  readonly riskAversion: number;
}

/** A range in which a parameter may be tuned, evenly in its logarithm. */
export interface TunableRange {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** A strategy that can be named. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  /** As published; of those that nobody published, ours. */
  readonly defaults: Readonly<Record<string, number>>;
  readonly tunable: readonly TunableRange[];
  /** What may be given beside these, and is left out where it is not. */
  readonly optional?: readonly string[];
  /** Every parameter, the defaults included. */
  make(params: Readonly<Record<string, number>>, context: StrategyContext): Strategy;
}

const HOUR = 3_600;
const DAY = 86_400;
const SECONDS = { key: "seconds", from: 600, to: 14 * DAY } as const satisfies TunableRange;
const FRACTION = { key: "fraction", from: 0.001, to: 0.5 } as const satisfies TunableRange;
const SCALE = { key: "scale", from: 0.1, to: 100 } as const satisfies TunableRange;
const MOVE = { key: "move", from: 0.001, to: 0.3 } as const satisfies TunableRange;

/** Those that run live, under the hard limits as they do there. */
const LIVE: readonly CatalogueEntry[] = [
  {
    name: "optimal-impulse",
    title: "Optimal impulse",
    defaults: {},
    tunable: [{ key: "riskAversion", from: 1e-8, to: 1 }],
    optional: ["jitter", "phase"],
    make: ({ jitter, phase, ...params }, context) => {
      const strategy = optimalImpulse({ ...context, ...params });
      if (jitter === undefined) {
        if (phase !== undefined) throw new PolicyInputError("phase", "belongs to jitter, which is not given");
        return withLimits(strategy);
      }
      return withLimits(
        withJitter({ spread: jitter, phase: phase ?? 0 }, (factor) => scaledTrades(strategy, factor)),
      );
    },
  },
  entry("threshold", "Threshold", { delta: 5, inner: 0 }, [{ key: "delta", from: 0.05, to: 500 }], (p) =>
    withLimits(threshold(p)),
  ),
  entry("time", "Time", { seconds: DAY }, [SECONDS], (p) => withLimits(time(p))),
  entry(
    "volatility",
    "Volatility-adjusted band",
    { fraction: 0.05, reference: 0.7, exponent: -0.5 },
    [FRACTION],
    (p) => withLimits(volatility(p)),
  ),
  entry(
    "margin",
    "Margin",
    { trigger: 1.4, restore: 1.6, delta: 10 },
    [{ key: "delta", from: 0.05, to: 500 }],
    (p) => withLimits(margin(p)),
  ),
  entry("fixed-band", "Fixed band", { fraction: 0.05 }, [FRACTION], (p) => withLimits(fixedBand(p))),
];

/** What others use, as they run it: without Keel's limits. */
const COMPETITORS: readonly CatalogueEntry[] = [
  entry("periodic", "Periodic", { seconds: DAY }, [SECONDS], periodic),
  entry("band-to-centre", "Band to centre", { fraction: 0.1 }, [FRACTION], bandToCentre),
  entry("band-to-edge", "Band to edge", { fraction: 0.05 }, [FRACTION], bandToEdge),
  entry("leland", "Leland", { seconds: DAY }, [SECONDS], leland),
  {
    name: "whalley-wilmott",
    title: "Whalley–Wilmott",
    defaults: { scale: 1 },
    tunable: [SCALE, { key: "riskAversion", from: 1e-8, to: 1 }],
    make: ({ scale, riskAversion }, context) =>
      whalleyWilmott({ scale: scale!, riskAversion: riskAversion ?? context.riskAversion }),
  },
  {
    name: "zakamouline",
    title: "Zakamouline",
    defaults: { scale: 1 },
    tunable: [SCALE, { key: "riskAversion", from: 1e-8, to: 1 }],
    make: ({ scale, riskAversion }, context) =>
      zakamouline({ scale: scale!, riskAversion: riskAversion ?? context.riskAversion }),
  },
  entry(
    "crab-v1",
    "Crab V1",
    { seconds: DAY, move: 0.01, least: 0.001 },
    [SECONDS, MOVE, { key: "least", from: 1e-4, to: 1 }],
    crabV1,
  ),
  entry("crab-v2", "Crab V2", { seconds: HOUR, move: 0.2, clearing: 0.05 }, [SECONDS, MOVE], crabV2),
  entry("zen-bull", "Zen Bull", { tolerance: 0.1 }, [{ ...FRACTION, key: "tolerance" }], zenBull),
  entry("lyra-avalon", "Lyra Avalon", { seconds: DAY, cap: 1e6 }, [SECONDS], lyraAvalon),
  entry(
    "lyra-newport",
    "Lyra Newport",
    { seconds: DAY, cap: 1e6, bypass: 100 },
    [SECONDS, { key: "bypass", from: 0.1, to: 1000 }],
    lyraNewport,
  ),
  entry(
    "rage",
    "Rage Trade",
    { seconds: 3 * HOUR, fraction: 0.05, health: 1.2, chunkUsd: 200_000 },
    [SECONDS, FRACTION, { key: "chunkUsd", from: 200_000, to: 1e8 }],
    rage,
  ),
  entry("orange", "Orange", { range: 0.05 }, [{ key: "range", from: 0.002, to: 0.5 }], orange),
  entry(
    "panoptic",
    "Panoptic bot",
    { seconds: 60, fraction: 0.02, gwei: 50, urgentGwei: 300, urgent: 3, gasUnits: 400_000 },
    [FRACTION, { key: "gwei", from: 5, to: 1000 }],
    panoptic,
  ),
  entry(
    "set-fli",
    "Set / FLI",
    { seconds: DAY, least: 0.7, most: 1.3, recentering: 0.05 },
    [
      // The upper bound first: it stops most of the trades of a book whose delta comes near zero.
      { key: "most", from: 1.02, to: 1e4 },
      { key: "least", from: 1e-3, to: 0.98 },
      SECONDS,
      { key: "recentering", from: 0.01, to: 1 },
    ],
    setFli,
  ),
  entry(
    "charm",
    "Charm",
    { seconds: 41_400, ticks: 0, deviation: 100 },
    [SECONDS, { key: "ticks", from: 5, to: 3000 }],
    charm,
  ),
  entry(
    "hummingbot",
    "Hummingbot hedge",
    { seconds: 60, leastUsd: 0 },
    [
      { key: "seconds", from: 60, to: 14 * DAY },
      { key: "leastUsd", from: 10, to: 1e6 },
    ],
    hummingbot,
  ),
  entry(
    "deribit",
    "Deribit bots",
    { seconds: 30, delta: 0.1 },
    [{ key: "delta", from: 0.05, to: 500 }],
    deribit,
  ),
  entry(
    "dual",
    "Dual",
    { deviations: 1.282, part: 0.05, least: 0.1, clipUsd: 10_000, clips: 3, seconds: 15 },
    [
      { key: "part", from: 0.005, to: 1 },
      { key: "clipUsd", from: 10_000, to: 1e7 },
    ],
    dual,
  ),
];

/** Every strategy that can be named: those that run live, then what others use. */
export const CATALOGUE: readonly CatalogueEntry[] = [...LIVE, ...COMPETITORS];

/**
 * The strategy of that name, its defaults replaced by the parameters that are given.
 *
 * @throws {PolicyInputError} if there is none of that name, it has no such parameter, or the parameter has no meaning.
 */
export function strategyNamed(
  name: string,
  params: Readonly<Record<string, number>>,
  context: StrategyContext,
): Strategy {
  const found = CATALOGUE.find((each) => each.name === name);
  if (found === undefined) {
    const names = CATALOGUE.map((each) => each.name).join(", ");
    throw new PolicyInputError("strategy", `must be one of ${names}, got ${name}`);
  }
  const { defaults, tunable, optional = [] } = found;
  const known = new Set([...Object.keys(defaults), ...tunable.map(({ key }) => key), ...optional]);
  for (const key of Object.keys(params)) {
    if (!known.has(key))
      throw new PolicyInputError(key, `is no parameter of ${name}: it has ${[...known].join(", ")}`);
  }
  return found.make({ ...defaults, ...params }, context);
}

/** An entry whose parameters are exactly its defaults' and what its rule takes. */
function entry<Params extends Readonly<Record<string, number>>>(
  name: string,
  title: string,
  defaults: Params,
  tunable: readonly (TunableRange & { readonly key: keyof Params & string })[],
  make: (params: Params) => Strategy,
): CatalogueEntry {
  // `make` is given every key of the defaults, and `strategyNamed` lets no other pass.
  return { name, title, defaults, tunable, make: (params) => make({ ...defaults, ...params }) };
}
