/**
 * A local minimum without derivatives (Nelder & Mead 1965, with the usual coefficients 1, 2, ½, ½).
 * Deterministic: the same start gives the same answer. A value that is not a number counts as infinitely bad.
 * @param step size of the first simplex along each coordinate.
 */
export function nelderMead(
  objective: (point: readonly number[]) => number,
  start: readonly number[],
  { step = 0.5, iterations = 200, tolerance = 1e-8 } = {},
): number[] {
  const value = (point: readonly number[]): number => {
    const result = objective(point);
    return Number.isNaN(result) ? Infinity : result;
  };
  const vertex = (point: number[]): { point: number[]; value: number } => ({ point, value: value(point) });
  const simplex = [
    vertex([...start]),
    ...start.map((_, axis) => vertex(start.map((x, i) => (i === axis ? x + step : x)))),
  ];
  for (let iteration = 0; iteration < iterations; iteration++) {
    simplex.sort((a, b) => a.value - b.value);
    const best = simplex[0]!;
    const worst = simplex.at(-1)!;
    if (worst.value - best.value <= tolerance * (Math.abs(best.value) + tolerance)) break;
    const others = simplex.slice(0, -1);
    const centre = start.map((_, i) => others.reduce((sum, { point }) => sum + point[i]!, 0) / others.length);
    const along = (factor: number) => vertex(centre.map((c, i) => c + factor * (worst.point[i]! - c)));

    const reflected = along(-1);
    if (reflected.value < best.value) {
      const expanded = along(-2);
      simplex[simplex.length - 1] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < others.at(-1)!.value) simplex[simplex.length - 1] = reflected;
    else {
      const contracted = along(reflected.value < worst.value ? -0.5 : 0.5);
      if (contracted.value < Math.min(reflected.value, worst.value)) simplex[simplex.length - 1] = contracted;
      else {
        for (let i = 1; i < simplex.length; i++) {
          simplex[i] = vertex(simplex[i]!.point.map((x, axis) => (x + best.point[axis]!) / 2));
        }
      }
    }
  }
  return simplex.reduce((a, b) => (b.value < a.value ? b : a)).point;
}
