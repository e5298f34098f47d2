import { Random } from "../math/random.ts";
import { DAY_MOVE_EACH, GAMMA_EACH, HEDGE_EACH } from "./book.ts";
import { BLOCKS_PER_DAY, BLOCKS_PER_HOUR } from "./fundamental.ts";
import { landingFrom, type Band, type HerdRule } from "./rule.ts";

/** In step: same start, same moment. "spread": somewhere in the band, at any minute of the period. */
export type Phases = "same" | "spread";

/** Hedges held on margin, to be closed by force at a level of the price. */
export interface Leverage {
  /** Of the agents. */
  readonly share: number;
  /** Adverse move since margin was last made up, as a fraction, at which an agent is closed: evenly (in its logarithm) between. */
  readonly nearest: number;
  readonly farthest: number;
}

/** For so many blocks after a trade an agent with a band does nothing, if the depth of the market is below that then. */
export interface Pause {
  readonly blocks: number;
  /** Part of the usual depth; above 1 is always. */
  readonly below: number;
}

export interface HerdOptions {
  readonly agents: number;
  /** Of the agents, that are short gamma; the others are long. */
  readonly shortShare: number;
  readonly rule: HerdRule | null;
  readonly phases: Phases;
  /** Each agent's band is its own, by a factor drawn once, evenly from 1 − widths to 1 + widths. */
  readonly widths: number;
  /** The size of each trade is drawn anew, by a factor from 1 − redraw to 1 + redraw: the landing stays, the edge moves. */
  readonly redraw: number;
  /** Null: none. */
  readonly pause: Pause | null;
  /** Of the agents, that `phases`, `widths` and `redraw` are for; the others stay in step. */
  readonly apartShare: number;
  readonly leverage: Leverage | null;
  /** Agents are drawn from the one and what they draw later from others, so that herds of a path differ in nothing but the rule. */
  readonly seed: number;
  readonly path: number;
}

/** Blocks until an agent that was closed is back, at least and at most. */
const AWAY = [12 * BLOCKS_PER_HOUR, 36 * BLOCKS_PER_HOUR] as const;

/**
 * Many agents with a book of constant gamma in the log price, each with a hedge.
 *
 * Drift of agent i at log price x is `drift[i] + sign[i]·GAMMA_EACH·x`, sign −1 for short gamma. From it and the band follow
 * the two prices at which the agent acts next; the herd is only looked through when the nearest of them is passed.
 */
export class Herd {
  readonly #rule: HerdRule | null;
  readonly #jitter: Random;
  readonly #absence: Random;
  /** Of each agent. */
  readonly #redraw: Float64Array;
  readonly #pause: Pause | null;
  readonly #size: number;
  readonly #sign: Float64Array;
  /** ETH of drift there would be at a log price of 0. */
  readonly #drift: Float64Array;
  /** Of the whole band, drawn once; and of the next trade. */
  readonly #width: Float64Array;
  readonly #next: Float64Array;
  /** Log prices from which on the agent acts, going up and going down. */
  readonly #rise: Float64Array;
  readonly #fall: Float64Array;
  /** Block of a clock's next trade, or of the end of a pause. */
  readonly #due: Float64Array;
  /** ETH ordered, to be traded in the next block; NaN is none. */
  readonly #order: Float64Array;
  readonly #ordered: number[] = [];
  readonly #hedge: Float64Array;
  /** Log moves at which the hedge is closed; 0 where it is not on margin. */
  readonly #margin: Float64Array;
  readonly #topUp: Int32Array;
  readonly #liquidation: Float64Array;
  readonly #closing: number[] = [];
  /** Block at which an agent that was closed is back; 0 is here. */
  readonly #backAt: Float64Array;
  #nearest = { rise: Infinity, fall: -Infinity, due: Infinity, above: Infinity, below: -Infinity };
  #band: Band | null = null;
  /** As last seen. */
  #depth = 1;

  /** How often agents traded, and how many were closed by force. */
  trades = 0;
  liquidations = 0;
  /** ETH of the last block's trades, net, of hedging alone. */
  hedging = 0;

  constructor(options: HerdOptions) {
    const { agents, shortShare, rule, apartShare, leverage, seed, path } = options;
    const random = new Random(seed, `herd ${String(path)}`);
    this.#rule = rule;
    this.#pause = options.pause;
    this.#jitter = new Random(seed, `jitter ${String(path)}`);
    this.#absence = new Random(seed, `absence ${String(path)}`);
    this.#size = rule === null ? 0 : agents;
    const numbers = (): Float64Array => new Float64Array(this.#size);
    [this.#sign, this.#drift] = [numbers(), numbers()];
    [this.#width, this.#next, this.#redraw] = [numbers(), numbers(), numbers()];
    [this.#rise, this.#fall, this.#due] = [numbers(), numbers(), numbers()];
    [this.#hedge, this.#margin, this.#backAt] = [numbers(), numbers(), numbers()];
    this.#liquidation = numbers().fill(NaN);
    this.#order = numbers().fill(NaN);
    this.#topUp = new Int32Array(this.#size);
    this.#band = rule?.kind === "band" ? rule.bandAt(1) : null;

    for (let i = 0; i < this.#size; i++) {
      // Short and long mixed evenly, as are those who sold calls and those who sold puts.
      this.#sign[i] = isOf(shortShare, i) ? -1 : 1;
      const isApart = isOf(apartShare, i);
      const phases = isApart ? options.phases : "same";
      const widths = isApart ? options.widths : 0;
      this.#redraw[i] = isApart ? options.redraw : 0;
      const [phase, width, calls, margined, level, hour] = Array.from({ length: 6 }, () => random.uniform());
      this.#width[i] = 1 + widths * (2 * width! - 1);
      this.#next[i] = this.#factor(i);
      this.#hedge[i] = -this.#sign[i]! * HEDGE_EACH * (calls! < 0.5 ? 1 : -1);
      this.#topUp[i] = Math.floor(24 * hour!);
      if (leverage !== null && margined! < leverage.share) {
        this.#margin[i] = leverage.nearest * (leverage.farthest / leverage.nearest) ** level!;
      }
      if (rule?.kind === "clock") {
        this.#due[i] = phases === "spread" ? Math.floor(phase! * rule.blocks) : rule.blocks;
      } else {
        this.#due[i] = Infinity;
        if (phases === "spread") this.#drift[i] = this.#within(i, 2 * phase! - 1);
      }
      this.#settleMargin(i, 0);
    }
    this.#aim();
  }

  /** ETH of drift of each agent at a log price. */
  driftsAt(x: number): number[] {
    return Array.from({ length: this.#size }, (_, i) => this.#driftAt(i, x));
  }

  /** Mean of drift² over the agents, in units of the square of one's daily delta move. */
  meanSquareDrift(x: number): number {
    let sum = 0;
    for (let i = 0; i < this.#size; i++) sum += this.#driftAt(i, x) ** 2;
    return sum / (Math.max(1, this.#size) * DAY_MOVE_EACH ** 2);
  }

  /** Trades what was ordered a block ago. @returns ETH bought less sold, of hedges and of closings. */
  trade(block: number): number {
    this.hedging = 0;
    if (this.#ordered.length === 0 && this.#closing.length === 0) return 0;
    for (const i of this.#ordered) {
      const order = this.#order[i]!;
      this.#order[i] = NaN;
      this.#drift[i]! += order;
      this.hedging += order;
      this.trades += 1;
      this.#next[i] = this.#factor(i);
      if (this.#rule?.kind === "clock") this.#due[i] = block + this.#rule.blocks;
      else if (this.#pause !== null && this.#depth < this.#pause.below)
        this.#due[i] = block + this.#pause.blocks;
      this.#aimAgent(i);
    }
    let flow = this.hedging;
    for (const i of this.#closing) {
      flow -= this.#hedge[i]!;
      this.#drift[i]! -= this.#hedge[i]!;
      [this.#liquidation[i], this.#due[i]] = [NaN, Infinity];
      const [least, most] = AWAY;
      this.#backAt[i] = block + Math.floor(least + (most - least) * this.#absence.uniform());
      this.liquidations += 1;
      this.#aimAgent(i);
    }
    this.#ordered.length = 0;
    this.#closing.length = 0;
    this.#findNearest();
    return flow;
  }

  /** Every agent looks at a price and at the depth of the market; what they order is traded in the next block. */
  look(block: number, x: number, depth: number): void {
    if (this.#size === 0) return;
    if (block % BLOCKS_PER_HOUR === 0) this.#everyHour(block, x);
    this.#depth = depth;
    if (this.#rule?.kind === "band") {
      const band = this.#rule.bandAt(depth);
      if (band !== this.#band) {
        this.#band = band;
        this.#aim();
      }
    }
    const { rise, fall, due, above, below } = this.#nearest;
    if (x <= below || x >= above) this.#liquidate(x);
    if (x < rise && x > fall && block < due) return;
    for (let i = 0; i < this.#size; i++) {
      let isDue = block >= this.#due[i]!;
      if (isDue && this.#band !== null) {
        // A pause is over.
        [this.#due[i], isDue] = [Infinity, false];
        this.#aimAgent(i);
      }
      if (!isDue && x < this.#rise[i]! && x > this.#fall[i]!) continue;
      if (this.#backAt[i] !== 0 || !Number.isNaN(this.#order[i]!)) continue;
      const drift = this.#driftAt(i, x);
      this.#order[i] = this.#target(i, drift) - drift;
      this.#ordered.push(i);
      [this.#rise[i], this.#fall[i]] = [Infinity, -Infinity];
      if (isDue) this.#due[i] = Infinity;
    }
    this.#findNearest();
  }

  #driftAt(i: number, x: number): number {
    return this.#drift[i]! + this.#sign[i]! * GAMMA_EACH * x;
  }

  #target(i: number, drift: number): number {
    if (this.#band === null) return 0;
    const width = this.#width[i]!;
    if (drift >= 0) return width * Math.min(drift / width, landingFrom(this.#band.above, drift / width));
    return -width * Math.min(-drift / width, landingFrom(this.#band.below, -drift / width));
  }

  #factor(i: number): number {
    const redraw = this.#redraw[i]!;
    return redraw === 0 ? 1 : 1 + redraw * (2 * this.#jitter.uniform() - 1);
  }

  /** ETH of drift at which an agent acts. */
  #edges(i: number): { upper: number; lower: number } {
    const { above, below } = this.#band!;
    const [width, next] = [this.#width[i]!, this.#next[i]!];
    const upper = above.landings[0]! + (above.edge - above.landings[0]!) * next;
    const lower = below.landings[0]! + (below.edge - below.landings[0]!) * next;
    return { upper: width * upper, lower: -width * lower };
  }

  /** A drift inside the agent's band. @param part from −1, the lower edge, to 1. */
  #within(i: number, part: number): number {
    if (this.#band === null) return 0;
    const { upper, lower } = this.#edges(i);
    return part >= 0 ? part * upper : -part * lower;
  }

  #aim(): void {
    for (let i = 0; i < this.#size; i++) if (Number.isNaN(this.#order[i]!)) this.#aimAgent(i);
    this.#findNearest();
  }

  /** Finds the prices at which an agent acts next. */
  #aimAgent(i: number): void {
    if (this.#band === null || this.#backAt[i] !== 0 || this.#due[i] !== Infinity) {
      [this.#rise[i], this.#fall[i]] = [Infinity, -Infinity];
      return;
    }
    const { upper, lower } = this.#edges(i);
    const up = (upper - this.#drift[i]!) / GAMMA_EACH;
    const down = (this.#drift[i]! - lower) / GAMMA_EACH;
    const isLong = this.#sign[i]! > 0;
    this.#rise[i] = isLong ? up : down;
    this.#fall[i] = isLong ? -down : -up;
  }

  #findNearest(): void {
    let [rise, fall, due, above, below] = [Infinity, -Infinity, Infinity, Infinity, -Infinity];
    for (let i = 0; i < this.#size; i++) {
      if (this.#rise[i]! < rise) rise = this.#rise[i]!;
      if (this.#fall[i]! > fall) fall = this.#fall[i]!;
      if (this.#due[i]! < due) due = this.#due[i]!;
      const level = this.#liquidation[i]!;
      if (this.#hedge[i]! > 0 && level > below) below = level;
      if (this.#hedge[i]! < 0 && level < above) above = level;
    }
    this.#nearest = { rise, fall, due, above, below };
  }

  /** Margin is made up once a day, at an hour of each agent's own; those that were closed come back. */
  #everyHour(block: number, x: number): void {
    const hour = Math.floor((block % BLOCKS_PER_DAY) / BLOCKS_PER_HOUR);
    let isChanged = false;
    for (let i = 0; i < this.#size; i++) {
      if (this.#backAt[i] !== 0) {
        if (block < this.#backAt[i]!) continue;
        this.#backAt[i] = 0;
        if (this.#rule?.kind === "clock") this.#due[i] = block;
        else this.#aimAgent(i);
      } else if (this.#topUp[i] !== hour || this.#margin[i] === 0 || Number.isNaN(this.#liquidation[i]!))
        continue;
      this.#settleMargin(i, x);
      isChanged = true;
    }
    if (isChanged) this.#findNearest();
  }

  #settleMargin(i: number, x: number): void {
    if (this.#margin[i] === 0) return;
    this.#liquidation[i] = x + Math.log1p(this.#hedge[i]! > 0 ? -this.#margin[i]! : this.#margin[i]!);
  }

  #liquidate(x: number): void {
    for (let i = 0; i < this.#size; i++) {
      const level = this.#liquidation[i]!;
      if (!(this.#hedge[i]! > 0 ? x <= level : x >= level) || this.#backAt[i] !== 0) continue;
      this.#liquidation[i] = NaN;
      this.#closing.push(i);
    }
    this.#findNearest();
  }
}

/** Whether agent i is one of a share, mixed evenly with the others. */
function isOf(share: number, i: number): boolean {
  return Math.floor((i + 1) * share + 1e-9) > Math.floor(i * share + 1e-9);
}
