import { DAY_MOVE_EACH, impactPerEth, SIGMA } from "./book.ts";
import { BLOCKS_PER_HOUR, BLOCKS_PER_MINUTE } from "./fundamental.ts";
import { Herd, type Leverage, type Pause, type Phases } from "./herd.ts";
import { Impact } from "./impact.ts";
import { Liquidity, type LiquidityHabit } from "./liquidity.ts";
import type { HerdRule } from "./rule.ts";

/** One market with one herd in it. */
export interface Setting {
  /** Null: nobody hedges. */
  readonly rule: HerdRule | null;
  readonly agents: number;
  readonly shortShare: number;
  readonly phases: Phases;
  readonly widths: number;
  readonly redraw: number;
  readonly pause: Pause | null;
  readonly apartShare: number;
  /** See `impactPerEth`. */
  readonly gain: number;
  readonly permanentShare: number;
  /** Seconds. */
  readonly halfLife: number;
  readonly liquidity: LiquidityHabit;
  readonly leverage: Leverage | null;
}

/** What happened on one path. */
export interface PathRecord {
  /** Log price at the end of each hour that was measured, the first one before it. */
  readonly hours: number[];
  /** Of the fundamental, likewise. */
  readonly fundamental: number[];
  /** Largest hedging flow of a minute, unsigned, in units of one day's delta move of all. */
  readonly largestFlow: number;
  /** Of the price, fraction. */
  readonly maxDrawdown: number;
  readonly trades: number;
  readonly liquidations: number;
  /** Of drift over agents and hours, in units of one day's delta move of one. */
  readonly rmsDrift: number;
  readonly leastDepth: number;
  /** How far hedging had pushed the log price since it was first watched. */
  readonly push: Push | null;
  /** The price had left the fundamental for good: the path ends there. */
  readonly broke: boolean;
  /** What an account of the path must agree with: flow of all and drift of each at the end. */
  readonly flow: number;
  readonly drifts: readonly number[];
  readonly end: number;
}

export interface Push {
  /** At its lowest, and at the end. */
  readonly lowest: number;
  readonly lasting: number;
  /** Hours from the lowest until half of what came back by the end had come back. */
  readonly recoveryHours: number | null;
}

/** A market that hedging has moved this far (log) is broken. */
const BROKEN = Math.log(2);

/**
 * One path. In each block: the fundamental moves, what was ordered a block ago is traded and moves the price, providers look at the
 * price, agents look at it and order.
 *
 * @param fundamental log prices, a block each. @param warmUp blocks before anything is measured. @param watch block from which
 * on `push` is taken; null for none.
 */
export function simulatePath(
  setting: Setting,
  fundamental: Float64Array,
  options: {
    readonly seed: number;
    readonly path: number;
    readonly warmUp: number;
    readonly watch?: number | null;
  },
): PathRecord {
  const { rule, agents, gain, permanentShare, halfLife } = setting;
  const perEth = impactPerEth(gain, agents);
  const herd = new Herd({ ...setting, seed: options.seed, path: options.path });
  const impact = new Impact({ perEth, permanentShare, halfLife });
  const liquidity = new Liquidity(setting.liquidity, SIGMA);
  const day = Math.max(1, agents) * DAY_MOVE_EACH;
  const { warmUp, watch = null } = options;
  const watched: number[] = [];
  const last = fundamental.length - 1;

  const hours: number[] = [];
  const anchors: number[] = [];
  let [x, flowOfAll, minute, largestFlow, peak, maxDrawdown] = [fundamental[0]!, 0, 0, 0, -Infinity, 0];
  let [squares, samples, leastDepth] = [0, 0, 1];
  let broke = false;
  let counted = { trades: 0, liquidations: 0 };

  for (let block = 0; block <= last; block++) {
    const flow = rule === null ? 0 : herd.trade(block);
    flowOfAll += flow;
    const anchor = fundamental[block]!;
    const moved = impact.next(flow, liquidity.depth);
    const price = anchor + moved;
    liquidity.observe(price - x);
    x = price;
    if (rule !== null) herd.look(block, x, liquidity.depth);

    if (block % BLOCKS_PER_MINUTE === 0) minute = 0;
    minute += herd.hedging;
    if (block === warmUp) {
      const { trades, liquidations } = herd;
      counted = { trades, liquidations };
    }
    if (Math.abs(moved) > BROKEN) {
      broke = true;
      leastDepth = Math.min(leastDepth, liquidity.depth);
      break;
    }
    if (block < warmUp) continue;
    if (Math.abs(minute) > largestFlow) largestFlow = Math.abs(minute);
    if (x > peak) peak = x;
    if (peak - x > maxDrawdown) maxDrawdown = peak - x;
    if (liquidity.depth < leastDepth) leastDepth = liquidity.depth;
    if (watch !== null && block >= watch) watched.push(moved);
    if ((block - warmUp) % BLOCKS_PER_HOUR === 0) {
      hours.push(x);
      anchors.push(anchor);
      squares += herd.meanSquareDrift(x);
      samples += 1;
    }
  }
  return {
    ...{
      hours,
      fundamental: anchors,
      largestFlow: largestFlow / day,
      maxDrawdown: -Math.expm1(-maxDrawdown),
    },
    trades: herd.trades - counted.trades,
    liquidations: herd.liquidations - counted.liquidations,
    rmsDrift: samples === 0 ? 0 : Math.sqrt(squares / samples),
    ...{ leastDepth, broke, flow: flowOfAll, drifts: herd.driftsAt(x), end: x },
    push: watched.length === 0 ? null : pushOf(watched),
  };
}

function pushOf(moved: readonly number[]): Push {
  const before = moved[0]!;
  let at = 0;
  for (let i = 1; i < moved.length; i++) if (moved[i]! < moved[at]!) at = i;
  const lasting = moved.at(-1)!;
  const half = (moved[at]! + lasting) / 2;
  const back = moved.findIndex((value, i) => i > at && value >= half);
  return {
    lowest: moved[at]! - before,
    lasting: lasting - before,
    recoveryHours: back < 0 ? null : (back - at) / BLOCKS_PER_HOUR,
  };
}
