/** The intensity scale of each slice: (value - shift) * scale has mean 0 and standard deviation 1. */
import type { InputFit } from "./card.ts";

export interface Intensity {
  readonly shift: number;
  readonly scale: number;
}

function zScoreOf(values: Float32Array): Intensity {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const shift = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - shift) ** 2;
  return intensityFrom(shift, squares / values.length);
}

function intensityFrom(shift: number, variance: number): Intensity {
  const deviation = Math.sqrt(variance);
  // A constant image has nothing to scale.
  return { shift, scale: deviation > 0 ? 1 / deviation : 0 };
}

/**
 * zScoreOf() four slices that lie behind each other, all at once: each is summed in its own order, and the processor does not wait
 * for one sum to add to it again.
 */
function zScoresOfFour(values: Float32Array, n: number): readonly Intensity[] {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    a += values[i]!;
    b += values[n + i]!;
    c += values[2 * n + i]!;
    d += values[3 * n + i]!;
  }
  const shifts = [a / n, b / n, c / n, d / n] as const;
  const [p, q, r, s] = shifts;
  [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    a += (values[i]! - p) ** 2;
    b += (values[n + i]! - q) ** 2;
    c += (values[2 * n + i]! - r) ** 2;
    d += (values[3 * n + i]! - s) ** 2;
  }
  return [a, b, c, d].map((squares, i) => intensityFrom(shifts[i]!, squares / n));
}

/** One entry a slice. @param image depth * sliceLength values */
export function sliceIntensities(
  image: Float32Array,
  sliceLength: number,
  fit: Pick<InputFit, "normalise" | "over">,
): readonly Intensity[] {
  const depth = image.length / sliceLength;
  if (fit.normalise === "none") return Array.from({ length: depth }, () => ({ shift: 0, scale: 1 }));
  if (fit.over === "volume") {
    const whole = zScoreOf(image);
    return Array.from({ length: depth }, () => whole);
  }
  const slices = (start: number, count: number): Float32Array =>
    image.subarray(start * sliceLength, (start + count) * sliceLength);
  const found: Intensity[] = [];
  while (found.length + 4 <= depth) found.push(...zScoresOfFour(slices(found.length, 4), sliceLength));
  while (found.length < depth) found.push(zScoreOf(slices(found.length, 1)));
  return found;
}
