import { impactPerEth, SIGMA } from "../../../keeper/herd/book.ts";
import { BLOCKS_PER_DAY, fundamentalPath } from "../../../keeper/herd/fundamental.ts";
import { ruleNamed, type RuleName } from "../../../keeper/herd/rule.ts";
import { simulatePath, type PathRecord, type Setting } from "../../../keeper/herd/simulate.ts";

export const AGENTS = 40;
export const DAYS = 6;

/** A calm market of short-gamma agents in step, its depth constant and its impact permanent: what is not said is as simple as it gets. */
export function herdSetting(rule: RuleName | null, given: Partial<Omit<Setting, "rule">> = {}): Setting {
  const setting: Omit<Setting, "rule"> = {
    ...{ agents: AGENTS, shortShare: 1, phases: "same", widths: 0, redraw: 0, pause: null, apartShare: 1 },
    ...{ gain: 0.3, permanentShare: 1, halfLife: 1_800, liquidity: "stays", leverage: null },
    ...given,
  };
  const { gain, agents } = setting;
  return { ...setting, rule: rule === null ? null : ruleNamed(rule, impactPerEth(gain, agents)) };
}

/** One path of the fundamental, a day of warm-up in front. */
export function calmPath(path = 0, days = DAYS): Float64Array {
  const blocks = (days + 1) * BLOCKS_PER_DAY;
  return fundamentalPath({ weather: "calm", sigma: SIGMA, blocks, seed: 1, path });
}

export function simulate(setting: Setting, path = 0, fundamental = calmPath(path)): PathRecord {
  return simulatePath(setting, fundamental, { seed: 1, path, warmUp: BLOCKS_PER_DAY });
}
