import { BLOCKS_PER_HOUR, type Shock, type Weather } from "./fundamental.ts";
import type { Leverage, Pause, Phases } from "./herd.ts";
import type { LiquidityHabit } from "./liquidity.ts";
import type { MeasureName } from "./measures.ts";
import type { RuleName } from "./rule.ts";

/** One row of a table: one market, one herd. Plain data, so that it can be written beside its result. */
export interface Case {
  readonly id: string;
  readonly label: string;
  readonly rule: RuleName | null;
  readonly phases: Phases;
  readonly widths: number;
  readonly redraw: number;
  readonly pause: Pause | null;
  readonly apartShare: number;
  readonly shortShare: number;
  readonly gain: number;
  readonly permanentShare: number;
  readonly halfLife: number;
  readonly weather: Weather;
  readonly liquidity: LiquidityHabit;
  readonly leverage: Leverage | null;
  readonly shock: Shock | null;
}

/** A question, and the rows that answer it. */
export interface Experiment {
  readonly id: string;
  readonly title: string;
  /** What is the same in all rows, and what to look at. */
  readonly note: string;
  readonly columns: readonly MeasureName[];
  readonly cases: readonly Case[];
}

/** Half of the agents hold their hedge at 3 to 10 times leverage with a fifth of it as maintenance margin. */
export const LEVERAGE: Leverage = { share: 0.5, nearest: 0.08, farthest: 0.25 };
/** −10 % within an hour, at noon of the first day that is measured. */
const SHOCK = { after: 12 * BLOCKS_PER_HOUR, blocks: BLOCKS_PER_HOUR, size: -0.1 } as const;
/** Half a day before it and the day after. */
export const SHOCK_DAYS = 1.5;
export const JITTERS: readonly number[] = [0.1, 0.2, 0.3, 0.5];

/** 200 short-gamma agents in a calm market whose depth stays: half of an impact is for good, half of the rest gone in half an hour. */
const CALM: Omit<Case, "id" | "label" | "rule"> = {
  ...{ phases: "same", widths: 0, redraw: 0, pause: null, apartShare: 1, shortShare: 1 },
  ...{ gain: 0.3, permanentShare: 0.5, halfLife: 1_800 },
  ...{ weather: "calm", liquidity: "stays", leverage: null, shock: null },
};

const NOBODY: Case = { ...CALM, id: "none", label: "nobody hedges", rule: null };
const JITTER = 0.3;
/** Above any depth. */
const ALWAYS = 2;

/** Who hedges: what a row has of its own, by its id and label. */
type Herding = Pick<Case, "id" | "label" | "rule"> & Partial<Case>;
/** Where: what it shares with the rows beside it, and what that adds to their ids and puts before their labels. */
type Market = Partial<Case>;

/** How each rule is told of. */
export const RULE_TITLES: Readonly<Record<RuleName, string>> = {
  threshold: "threshold",
  clock: "8 h clock",
  optimal: "Keel's band",
  "optimal-l2": "Keel's band on an L2",
};

/** How a herd is spread, or is not. */
type Way = Pick<Case, "id" | "label"> & Partial<Case>;
const IN_STEP: Way = { id: "in-step", label: "in step" };
const SAME_MINUTE: Way = { id: "in-step", label: "same minute" };
const OTHER_MINUTES: Way = { id: "spread", label: "minutes spread", phases: "spread" };
const REDRAWN: Way = { id: "redraw", label: "in step, each trade ±30 %", redraw: JITTER };
const PHASES: Way = { id: "phases", label: "phases spread", phases: "spread" };
const SPREAD: Way = {
  ...{ id: "spread", label: "phases and widths spread" },
  ...{ phases: "spread", widths: JITTER },
};

function herding(rule: RuleName, way: Way): Herding {
  return { ...way, rule, id: `${rule}-${way.id}`, label: `${RULE_TITLES[rule]}, ${way.label}` };
}

const THRESHOLD = herding("threshold", IN_STEP);
const THRESHOLD_SPREAD = herding("threshold", SPREAD);
const CLOCKS = [herding("clock", SAME_MINUTE), herding("clock", OTHER_MINUTES)];
const OPTIMAL = herding("optimal", IN_STEP);
const OPTIMAL_REDRAWN = herding("optimal", REDRAWN);
const OPTIMAL_SPREAD = herding("optimal", SPREAD);

/** Every herd in every market. */
function cross(markets: readonly Market[], herds: readonly Herding[]): Case[] {
  return markets.flatMap(({ id = "", label = "", ...market }) =>
    herds.map((herd) => ({
      ...{ ...CALM, ...herd, ...market },
      ...{ id: `${herd.id}${id}`, label: `${label}${herd.label}` },
    })),
  );
}

function atGain(gain: number, rest: Partial<Case> = {}): Market {
  return { ...rest, gain, id: `-gain-${String(gain)}`, label: `gain ${String(gain)}: ` };
}

const STAYING: Market = { liquidity: "stays", id: "-stays", label: "depth stays: " };
const LEAVING: Market = { liquidity: "leaves", id: "-leaves", label: "leaves: " };
const ON_MARGIN: Market = {
  ...{ liquidity: "leaves", leverage: LEVERAGE },
  ...{ id: "-leaves-leverage", label: "leaves, leverage: " },
};

/** Keel's band without jitter and with more and more of it. */
const JITTERED: readonly Herding[] = [
  ...[0, ...JITTERS].map((redraw) => ({
    ...{ ...OPTIMAL, redraw },
    ...{ id: `optimal-redraw-${String(redraw)}`, label: `each trade ±${percent(redraw)}` },
  })),
  ...[0.1, 0.3].map((widths) => ({
    ...{ ...OPTIMAL, widths },
    ...{ id: `optimal-widths-${String(widths)}`, label: `own width, ±${percent(widths)}` },
  })),
];

function paused(hours: number, below: number): Herding {
  const isAlways = below === ALWAYS;
  return {
    ...{ ...OPTIMAL_REDRAWN, pause: { blocks: hours * BLOCKS_PER_HOUR, below } },
    id: `optimal-pause-${String(hours)}h${isAlways ? "" : "-thin"}`,
    label: `${String(hours)} h pause${isAlways ? "" : " where depth is below half"}`,
  };
}

const TAILS = ["volatilityRatio", "kurtosis", "fiveSigmaHours", "fiveOwnSigmaHours", "largestFlow"] as const;
const STRESS = [
  ...(["volatilityRatio", "kurtosis", "fiveSigmaHours", "maxDrawdown"] as const),
  ...(["liquidations", "leastDepth", "broke"] as const),
];
const FALL: Partial<Case> = { shock: { at: SHOCK.after, blocks: SHOCK.blocks, size: SHOCK.size } };

/** All experiments, in the order in which they are told. */
export const EXPERIMENTS: readonly Experiment[] = [
  {
    id: "rules",
    title: "The same risk, hedged by different rules",
    note: "Calm market, feedback gain 0.3, everybody short gamma. All are set to the same mean square drift; gas is 18 USD, on an L2 0.05.",
    columns: [...TAILS, "dailyVolatilityRatio", "maxDrawdown", "tradesPerDay", "rmsDrift"],
    cases: [
      NOBODY,
      ...cross(
        [{}],
        [
          ...[THRESHOLD, herding("threshold", REDRAWN), herding("threshold", PHASES), THRESHOLD_SPREAD],
          ...CLOCKS,
          ...[OPTIMAL, OPTIMAL_REDRAWN, herding("optimal", PHASES), OPTIMAL_SPREAD],
          ...[herding("optimal-l2", IN_STEP), herding("optimal-l2", SPREAD)],
        ],
      ),
    ],
  },
  {
    id: "reference",
    title: "Beside the numbers of an earlier study",
    note: "All of the impact for good. 0.43 is where hedging makes 0.3 of the whole move (0.43 of 1.43). Earlier study: kurtosis 5.2, 4.0, 3.8; five-sigma hours 1.6, 0.38, 0.27; largest flow 1.05, 0.14, 0.14.",
    columns: TAILS,
    cases: cross(
      [0.3, 0.43].map((gain) => atGain(gain, { permanentShare: 1 })),
      [THRESHOLD, THRESHOLD_SPREAD, OPTIMAL_SPREAD],
    ),
  },
  {
    id: "jitter",
    title: "How much jitter",
    note: "Keel's band, all in step at the start. What it costs them is in the last table.",
    columns: [...TAILS, "leastDepth", "broke"],
    cases: cross(
      [
        { label: "gain 0.3, depth stays: " },
        { gain: 0.5, liquidity: "leaves", id: "-stress", label: "gain 0.5, leaves: " },
      ],
      JITTERED,
    ),
  },
  {
    id: "adoption",
    title: "How many must jitter",
    note: "As the first table: threshold, all in step but for a share who draw the size of each trade anew, ±30 %.",
    columns: TAILS,
    cases: cross(
      [0, 0.25, 0.5, 0.75, 1].map((apartShare) => ({
        ...{ apartShare, id: `-${String(apartShare)}`, label: `${percent(apartShare)} jitter` },
      })),
      [{ ...herding("threshold", REDRAWN), label: "" }],
    ),
  },
  {
    id: "rough",
    title: "The same in rough weather",
    note: "Swinging volatility and a jump every two weeks, half of the hedges on 3 to 10 times leverage; gain 0.1 unless it says 0.3.",
    columns: [...TAILS, "maxDrawdown", "liquidations", "leastDepth", "broke"],
    cases: [
      { ...NOBODY, weather: "rough", liquidity: "leaves" },
      ...cross(
        (
          [
            { gain: 0.1, liquidity: "stays", label: "depth stays: " },
            { gain: 0.1, liquidity: "leaves", label: "leaves: " },
            { gain: 0.3, liquidity: "leaves", label: "leaves, gain 0.3: " },
          ] as const
        ).map((market) => ({
          ...{ ...market, weather: "rough", leverage: LEVERAGE },
          id: `-${market.liquidity}-gain-${String(market.gain)}`,
        })),
        [THRESHOLD, THRESHOLD_SPREAD, ...CLOCKS, OPTIMAL, OPTIMAL_REDRAWN, OPTIMAL_SPREAD],
      ),
    ],
  },
  {
    id: "pause",
    title: "A pause after each trade",
    note: "Rough weather, gain 0.3, providers who leave, leverage; Keel's band, each trade ±30 %.",
    columns: [
      ...(["volatilityRatio", "kurtosis", "maxDrawdown", "liquidations"] as const),
      ...(["rmsDrift", "leastDepth", "broke"] as const),
    ],
    cases: cross(
      [{ weather: "rough", liquidity: "leaves", leverage: LEVERAGE }],
      [
        { ...OPTIMAL_REDRAWN, id: "optimal-no-pause", label: "no pause" },
        ...[ALWAYS, 0.5].flatMap((below) => [1, 4, 8].map((hours) => paused(hours, below))),
      ],
    ),
  },
  {
    id: "shares",
    title: "Short against long gamma",
    note: "Calm market, gain 0.3 of all gamma, short and long. Below 1 the herd calms the market.",
    columns: [...TAILS, "maxDrawdown"],
    cases: cross(
      [0, 0.25, 0.5, 0.75, 1].map((shortShare) => ({
        ...{ shortShare, id: `-short-${String(shortShare)}`, label: `${percent(shortShare)} short: ` },
      })),
      [THRESHOLD, OPTIMAL_SPREAD],
    ),
  },
  {
    id: "gains",
    title: "How much feedback a market bears",
    note: "Calm weather, but providers leave and half of the hedges are on leverage.",
    columns: STRESS,
    cases: cross(
      [0, 0.1, 0.3, 0.5, 0.7, 0.9].map((gain) => atGain(gain, { liquidity: "leaves", leverage: LEVERAGE })),
      [THRESHOLD, OPTIMAL, OPTIMAL_SPREAD],
    ),
  },
  {
    id: "liquidity",
    title: "Providers who leave, and hedges on margin",
    note: "Calm weather, gain 0.5.",
    columns: STRESS,
    cases: cross(
      [
        STAYING,
        { ...LEAVING, label: "depth leaves: " },
        { leverage: LEVERAGE, id: "-stays-leverage", label: "stays, leverage: " },
        ON_MARGIN,
      ].map((market) => ({ ...market, gain: 0.5 })),
      [THRESHOLD, OPTIMAL, OPTIMAL_SPREAD],
    ),
  },
  {
    id: "shock",
    title: "A fall of 10 % in an hour",
    note: "Calm weather, gain 0.3, watched for a day: how far below the fundamental hedging pushed the price.",
    columns: ["overshoot", "lasting", "recoveryHours", "largestFlow", "closed", "leastDepth", "broke"],
    cases: [
      { ...NOBODY, ...FALL },
      ...cross(
        [STAYING, LEAVING, ON_MARGIN].map((market) => ({ ...market, ...FALL })),
        [THRESHOLD, THRESHOLD_SPREAD, ...CLOCKS, OPTIMAL, OPTIMAL_SPREAD],
      ),
    ],
  },
];

function percent(share: number): string {
  return `${String(100 * share)} %`;
}
