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

/** Values of one loop: V8 compiles a function that is called often, and leaves a long loop again and again. */
const STRETCH = 2 ** 11;

/**
 * zScoreOf() each of four slices that lie behind each other, to the last bit: each is summed in its own order, and the
 * processor need not wait for one sum before it adds to the next.
 */
function zScoresOfFour(values: Float32Array, n: number): readonly Intensity[] {
  const sums = new Float64Array(4);
  for (let at = 0; at < n; at += STRETCH) addValues(values, n, at, Math.min(at + STRETCH, n), sums);
  const shifts = sums.map((sum) => sum / n);
  const squares = new Float64Array(4);
  for (let at = 0; at < n; at += STRETCH)
    addSquares(values, n, at, Math.min(at + STRETCH, n), shifts, squares);
  return Array.from(shifts, (shift, i) => intensityFrom(shift, squares[i]! / n));
}

function addValues(values: Float32Array, n: number, start: number, end: number, sums: Float64Array): void {
  let a = sums[0]!;
  let b = sums[1]!;
  let c = sums[2]!;
  let d = sums[3]!;
  for (let i = start; i < end; i++) {
    a += values[i]!;
    b += values[n + i]!;
    c += values[2 * n + i]!;
    d += values[3 * n + i]!;
  }
  sums.set([a, b, c, d]);
}

function addSquares(
  values: Float32Array,
  n: number,
  start: number,
  end: number,
  shifts: Float64Array,
  squares: Float64Array,
): void {
  const [p, q, r, s] = [shifts[0]!, shifts[1]!, shifts[2]!, shifts[3]!];
  let a = squares[0]!;
  let b = squares[1]!;
  let c = squares[2]!;
  let d = squares[3]!;
  for (let i = start; i < end; i++) {
    a += (values[i]! - p) ** 2;
    b += (values[n + i]! - q) ** 2;
    c += (values[2 * n + i]! - r) ** 2;
    d += (values[3 * n + i]! - s) ** 2;
  }
  squares.set([a, b, c, d]);
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
