/**
 * For every hedge k > 0 the best one to sell down to: the `to` < k that minimises `value[to] + fee·(k − to) + impact·(k − to)²`.
 *
 * Whatever the values, the best `to` never falls as k grows, as the cost is convex in k − to. Without impact it is the best so
 * far; with it, the halves of the hedges are searched between the answers around them, in O(n log n).
 *
 * @param targets Receives the answers; the one for 0 is not touched.
 */
export function bestSales(value: Float64Array, fee: number, impact: number, targets: Int32Array): void {
  const size = value.length;
  if (impact === 0) {
    let best = 0;
    for (let k = 1; k < size; k++) {
      if (value[k - 1]! - fee * (k - 1) < value[best]! - fee * best) best = k - 1;
      targets[k] = best;
    }
    return;
  }
  const search = (from: number, to: number, least: number, most: number): void => {
    if (from > to) return;
    const k = (from + to) >> 1;
    let best = least;
    let lowest = Infinity;
    for (let trial = least; trial <= Math.min(most, k - 1); trial++) {
      const w = k - trial;
      const cost = value[trial]! + w * (fee + impact * w);
      if (cost < lowest) {
        lowest = cost;
        best = trial;
      }
    }
    targets[k] = best;
    search(from, k - 1, least, best);
    search(k + 1, to, best, most);
  };
  search(1, size - 1, 0, size - 2);
}
