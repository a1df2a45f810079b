/** Confidence intervals by resampling. */
import { makeRandom } from "../core/random.ts";
import { percentileOfSorted } from "../core/statistics.ts";

/**
 * 95 % percentile-bootstrap interval of the mean (Efron, Tibshirani: "An introduction to the bootstrap", 1993, ch. 13).
 * @param values one per independent subject: patients, not their weekly scans. Another order is another sample of
 *   resamples, so give a fixed one.
 * @returns [low, high], the same for the same seed; null for fewer than two values.
 */
export function bootstrapMean(
  values: readonly number[],
  options: { readonly seed: number; readonly resamples?: number | undefined },
): [low: number, high: number] | null {
  const { seed, resamples = 2000 } = options;
  if (!Number.isInteger(resamples) || resamples < 1)
    throw new RangeError(`resamples must be an integer >= 1, got ${resamples}`);
  const n = values.length;
  if (n < 2) return null;
  const random = makeRandom(seed, "bootstrap", n);
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += values[random.integer(n)]!;
    means[r] = sum / n;
  }
  means.sort();
  return [percentileOfSorted(means, 2.5), percentileOfSorted(means, 97.5)];
}
