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
export const SHOCK = { after: 12 * BLOCKS_PER_HOUR, blocks: BLOCKS_PER_HOUR, size: -0.1 } as const;
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

type Herding = Pick<Case, "id" | "label" | "rule"> & Partial<Case>;
const THRESHOLD: Herding = { id: "threshold-in-step", label: "threshold, in step", rule: "threshold" };
const THRESHOLD_REDRAW: Herding = {
  ...{ id: "threshold-redraw", label: "threshold, in step, each trade ±30 %" },
  ...{ rule: "threshold", redraw: JITTER },
};
const THRESHOLD_PHASES: Herding = {
  ...{ id: "threshold-phases", label: "threshold, phases spread" },
  ...{ rule: "threshold", phases: "spread" },
};
const THRESHOLD_SPREAD: Herding = {
  ...{ id: "threshold-spread", label: "threshold, phases and widths spread" },
  ...{ rule: "threshold", phases: "spread", widths: JITTER },
};
const CLOCK: Herding = { id: "clock-in-step", label: "8 h clock, same minute", rule: "clock" };
const CLOCK_SPREAD: Herding = {
  ...{ id: "clock-spread", label: "8 h clock, minutes spread" },
  ...{ rule: "clock", phases: "spread" },
};
const OPTIMAL: Herding = { id: "optimal-in-step", label: "Keel's band, in step", rule: "optimal" };
const OPTIMAL_REDRAW: Herding = {
  ...{ id: "optimal-redraw", label: "Keel's band, in step, each trade ±30 %" },
  ...{ rule: "optimal", redraw: JITTER },
};
const OPTIMAL_PHASES: Herding = {
  ...{ id: "optimal-phases", label: "Keel's band, phases spread" },
  ...{ rule: "optimal", phases: "spread" },
};
const OPTIMAL_SPREAD: Herding = {
  ...{ id: "optimal-spread", label: "Keel's band, phases and widths spread" },
  ...{ rule: "optimal", phases: "spread", widths: JITTER },
};
const CHEAP: Herding = {
  id: "optimal-l2-in-step",
  label: "Keel's band on an L2, in step",
  rule: "optimal-l2",
};
const CHEAP_SPREAD: Herding = {
  ...{ id: "optimal-l2-spread", label: "Keel's band on an L2, phases and widths spread" },
  ...{ rule: "optimal-l2", phases: "spread", widths: JITTER },
};
const ALL = [
  ...[THRESHOLD, THRESHOLD_REDRAW, THRESHOLD_PHASES, THRESHOLD_SPREAD, CLOCK, CLOCK_SPREAD],
  ...[OPTIMAL, OPTIMAL_REDRAW, OPTIMAL_PHASES, OPTIMAL_SPREAD, CHEAP, CHEAP_SPREAD],
];
const TAILS = ["volatilityRatio", "kurtosis", "fiveSigmaHours", "fiveOwnSigmaHours", "largestFlow"] as const;

function inMarket(market: Partial<Case>, herds: readonly Herding[], suffix = "", words = ""): Case[] {
  return herds.map((herd) => ({
    ...{ ...CALM, ...herd, ...market },
    ...{ id: `${herd.id}${suffix}`, label: `${words}${herd.label}` },
  }));
}

/** All experiments, in the order in which they are told. */
export function experiments(): Experiment[] {
  return [
    rules(),
    reference(),
    jitter(),
    adoption(),
    rough(),
    pause(),
    shares(),
    gains(),
    liquidity(),
    shock(),
  ];
}

function rules(): Experiment {
  return {
    id: "rules",
    title: "The same risk, hedged by different rules",
    note: "Calm market, feedback gain 0.3, everybody short gamma. All are set to the same mean square drift; gas is 18 USD, on an L2 0.05.",
    columns: [...TAILS, "dailyVolatilityRatio", "maxDrawdown", "tradesPerDay", "rmsDrift"],
    cases: [NOBODY, ...inMarket({}, ALL)],
  };
}

function reference(): Experiment {
  const herds = [THRESHOLD, THRESHOLD_SPREAD, OPTIMAL_SPREAD];
  return {
    id: "reference",
    title: "Beside the numbers of the policy",
    note: "All of the impact for good. 0.43 is where hedging makes 0.3 of the whole move (0.43 of 1.43). Policy: kurtosis 5.2, 4.0, 3.8; five-sigma hours 1.6, 0.38, 0.27; largest flow 1.05, 0.14, 0.14.",
    columns: TAILS,
    cases: [0.3, 0.43].flatMap((gain) =>
      inMarket({ gain, permanentShare: 1 }, herds, `-gain-${String(gain)}`, `gain ${String(gain)}: `),
    ),
  };
}

function jitter(): Experiment {
  const ways = [0, 0.1, 0.2, 0.3, 0.5].map((redraw) => ({
    ...{ ...OPTIMAL, redraw },
    ...{ id: `optimal-redraw-${String(redraw)}`, label: `each trade ±${percent(redraw)}` },
  }));
  const widths = [0.1, 0.3].map((spread) => ({
    ...{ ...OPTIMAL, widths: spread },
    ...{ id: `optimal-widths-${String(spread)}`, label: `own width, ±${percent(spread)}` },
  }));
  const stress = { gain: 0.5, liquidity: "leaves" } as const;
  return {
    id: "jitter",
    title: "How much jitter",
    note: "Keel's band, all in step at the start. What it costs them is in the last table.",
    columns: [...TAILS, "leastDepth", "broke"],
    cases: [
      ...inMarket({}, [...ways, ...widths], "", "gain 0.3, depth stays: "),
      ...inMarket(stress, [...ways, ...widths], "-stress", "gain 0.5, leaves: "),
    ],
  };
}

function adoption(): Experiment {
  const shares = [0, 0.25, 0.5, 0.75, 1];
  return {
    id: "adoption",
    title: "How many must jitter",
    note: "As the first table: threshold, all in step but for a share who draw the size of each trade anew, ±30 %.",
    columns: TAILS,
    cases: shares.flatMap((apartShare) =>
      inMarket({ apartShare }, [THRESHOLD_REDRAW], `-${String(apartShare)}`).map((each) => ({
        ...each,
        label: `${percent(apartShare)} jitter`,
      })),
    ),
  };
}

function rough(): Experiment {
  const markets = [
    { gain: 0.1, liquidity: "stays", words: "depth stays: " },
    { gain: 0.1, liquidity: "leaves", words: "leaves: " },
    { gain: 0.3, liquidity: "leaves", words: "leaves, gain 0.3: " },
  ] as const;
  const herds = [THRESHOLD, THRESHOLD_SPREAD, CLOCK, CLOCK_SPREAD, OPTIMAL, OPTIMAL_REDRAW, OPTIMAL_SPREAD];
  return {
    id: "rough",
    title: "The same in rough weather",
    note: "Swinging volatility and a jump every two weeks, half of the hedges on 3 to 10 times leverage; gain 0.1 unless it says 0.3.",
    columns: [...TAILS, "maxDrawdown", "liquidations", "leastDepth", "broke"],
    cases: [
      { ...NOBODY, weather: "rough", liquidity: "leaves" },
      ...markets.flatMap(({ words, ...market }) =>
        inMarket(
          { weather: "rough", leverage: LEVERAGE, ...market },
          herds,
          `-${market.liquidity}-gain-${String(market.gain)}`,
          words,
        ),
      ),
    ],
  };
}

function pause(): Experiment {
  const paused = (hours: number, below: number): Herding => ({
    ...OPTIMAL_REDRAW,
    id: `optimal-pause-${String(hours)}h${below === ALWAYS ? "" : "-thin"}`,
    label: `${String(hours)} h pause${below === ALWAYS ? "" : " where depth is below half"}`,
    pause: { blocks: hours * BLOCKS_PER_HOUR, below },
  });
  const herds = [
    { ...OPTIMAL_REDRAW, id: "optimal-no-pause", label: "no pause" },
    ...[1, 4, 8].map((hours) => paused(hours, ALWAYS)),
    ...[1, 4, 8].map((hours) => paused(hours, 0.5)),
  ];
  return {
    id: "pause",
    title: "A pause after each trade",
    note: "Rough weather, gain 0.3, providers who leave, leverage; Keel's band, each trade ±30 %.",
    columns: [
      "volatilityRatio",
      "kurtosis",
      "maxDrawdown",
      "liquidations",
      "rmsDrift",
      "leastDepth",
      "broke",
    ],
    cases: inMarket({ weather: "rough", liquidity: "leaves", leverage: LEVERAGE }, herds),
  };
}

function shares(): Experiment {
  return {
    id: "shares",
    title: "Short against long gamma",
    note: "Calm market, gain 0.3 of all gamma, short and long. Below 1 the herd calms the market.",
    columns: [...TAILS, "maxDrawdown"],
    cases: [0, 0.25, 0.5, 0.75, 1].flatMap((shortShare) =>
      inMarket(
        { shortShare },
        [THRESHOLD, OPTIMAL_SPREAD],
        `-short-${String(shortShare)}`,
        `${percent(shortShare)} short: `,
      ),
    ),
  };
}

function gains(): Experiment {
  return {
    id: "gains",
    title: "How much feedback a market bears",
    note: "Calm weather, but providers leave and half of the hedges are on leverage.",
    columns: [
      "volatilityRatio",
      "kurtosis",
      "fiveSigmaHours",
      "maxDrawdown",
      "liquidations",
      "leastDepth",
      "broke",
    ],
    cases: [0, 0.1, 0.3, 0.5, 0.7, 0.9].flatMap((gain) =>
      inMarket(
        { gain, liquidity: "leaves", leverage: LEVERAGE },
        [THRESHOLD, OPTIMAL, OPTIMAL_SPREAD],
        `-gain-${String(gain)}`,
        `gain ${String(gain)}: `,
      ),
    ),
  };
}

function liquidity(): Experiment {
  const markets = [
    { words: "depth stays: ", liquidity: "stays", leverage: null },
    { words: "depth leaves: ", liquidity: "leaves", leverage: null },
    { words: "stays, leverage: ", liquidity: "stays", leverage: LEVERAGE },
    { words: "leaves, leverage: ", liquidity: "leaves", leverage: LEVERAGE },
  ] as const;
  return {
    id: "liquidity",
    title: "Providers who leave, and hedges on margin",
    note: "Calm weather, gain 0.5.",
    columns: [
      "volatilityRatio",
      "kurtosis",
      "fiveSigmaHours",
      "maxDrawdown",
      "liquidations",
      "leastDepth",
      "broke",
    ],
    cases: markets.flatMap(({ words, ...market }) =>
      inMarket(
        { gain: 0.5, ...market },
        [THRESHOLD, OPTIMAL, OPTIMAL_SPREAD],
        `-${market.liquidity}${market.leverage === null ? "" : "-leverage"}`,
        words,
      ),
    ),
  };
}

function shock(): Experiment {
  const { after, blocks, size } = SHOCK;
  const herds = [THRESHOLD, THRESHOLD_SPREAD, CLOCK, CLOCK_SPREAD, OPTIMAL, OPTIMAL_SPREAD];
  const fallen = { shock: { at: after, blocks, size } };
  return {
    id: "shock",
    title: "A fall of 10 % in an hour",
    note: `Calm weather, gain 0.3, watched for a day: how far below the fundamental hedging pushed the price.`,
    columns: ["overshoot", "lasting", "recoveryHours", "largestFlow", "closed", "leastDepth", "broke"],
    cases: [
      { ...NOBODY, ...fallen },
      ...inMarket(fallen, herds, "-stays", "depth stays: "),
      ...inMarket({ ...fallen, liquidity: "leaves" }, herds, "-leaves", "leaves: "),
      ...inMarket(
        { ...fallen, liquidity: "leaves", leverage: LEVERAGE },
        herds,
        "-leaves-leverage",
        "leaves, leverage: ",
      ),
    ],
  };
}

function percent(share: number): string {
  return `${String(100 * share)} %`;
}
