/** Small statistics over plain arrays. */

/** Mean; NaN of an empty list. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Percentile with linear interpolation between order statistics (numpy's default). @param p 0 to 100 */
export function percentile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values as ArrayLike<number>).sort();
  return percentileOfSorted(sorted, p);
}

/** As percentile(), of values already sorted upwards. */
export function percentileOfSorted(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (p / 100) * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  const below = sorted[low]!;
  const above = sorted[high]!;
  // Equal neighbours first: infinity - infinity would be NaN.
  return below === above ? below : below + (above - below) * (at - low);
}

export function median(values: ArrayLike<number>): number {
  return percentile(values, 50);
}

/** At most so many of the items, evenly from first to last. */
export function sampleEvenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}
