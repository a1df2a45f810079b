/** Intensity normalisation. */

/**
 * Mean 0 and standard deviation 1 over the whole array (population, accumulated in float64), in a new array.
 * A constant image becomes all zeros.
 */
export function zScore(values: Float32Array): Float32Array {
  const n = values.length;
  const out = new Float32Array(n);
  let sum = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    sum += value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // Told by its range: the rounded mean of equal values can differ from them, and noise would be blown up.
  if (low === high) return out;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / n);
  for (let i = 0; i < n; i++) out[i] = (values[i]! - mean) * scale;
  return out;
}
