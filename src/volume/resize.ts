/**
 * Resizing of 2D images [height, width], row-major. Pixels are areas: the centre of pixel i lies at i + 0.5.
 * Agrees with torch.nn.functional.interpolate (align_corners=False).
 */

export interface Size2 {
  readonly width: number;
  readonly height: number;
}

function checkSizes(length: number, from: Size2, to: Size2): void {
  for (const n of [from.width, from.height, to.width, to.height]) {
    if (!Number.isInteger(n) || n < 1) {
      throw new RangeError(
        `Sizes must be whole numbers >= 1, got ${from.width} x ${from.height} to ${to.width} x ${to.height}`,
      );
    }
  }
  if (length !== from.width * from.height) {
    throw new RangeError(`An image of ${from.width} x ${from.height} pixels has not ${length} values`);
  }
}

/** For each output pixel, which input pixels make it up and by how much. */
interface Taps {
  /** The first input pixel of each output pixel. */
  readonly first: Int32Array;
  /** How many of the `width` weights are in use. */
  readonly count: Int32Array;
  readonly weights: Float64Array;
  readonly width: number;
}

/** A triangle of half-width 1 pixel, widened to the output's pixel when shrinking (antialias); weights sum to 1. */
function triangleTaps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const width = 2 * Math.ceil(support) + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Float64Array(to * width);
  for (let i = 0; i < to; i++) {
    const centre = scale * (i + 0.5);
    const low = Math.max(Math.floor(centre - support + 0.5), 0);
    const high = Math.min(Math.floor(centre + support + 0.5), from);
    let sum = 0;
    for (let j = low; j < high; j++) {
      const weight = Math.max(0, 1 - Math.abs(j + 0.5 - centre) / support);
      weights[i * width + j - low] = weight;
      sum += weight;
    }
    // Pixels beyond the edge are left out and the rest weighs more: when enlarging, that repeats the edge.
    for (let j = 0; j < high - low; j++) weights[i * width + j]! /= sum;
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, weights, width };
}

/**
 * Bilinear, with antialiasing when shrinking: torch's mode="bilinear", antialias=True. A new array.
 * @param data [height, width] of `from`.
 */
export function resizeLinear(data: Float32Array, from: Size2, to: Size2): Float32Array {
  checkSizes(data.length, from, to);
  if (from.width === to.width && from.height === to.height) return data.slice();
  const across = triangleTaps(from.width, to.width);
  const down = triangleTaps(from.height, to.height);
  const middle = new Float32Array(from.height * to.width);
  for (let y = 0; y < from.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const start = y * from.width + across.first[x]!;
      const taps = x * across.width;
      const count = across.count[x]!;
      let sum = 0;
      for (let k = 0; k < count; k++) sum += across.weights[taps + k]! * data[start + k]!;
      middle[y * to.width + x] = sum;
    }
  }
  const out = new Float32Array(to.height * to.width);
  const row = new Float64Array(to.width);
  for (let y = 0; y < to.height; y++) {
    const count = down.count[y]!;
    row.fill(0);
    for (let k = 0; k < count; k++) {
      const weight = down.weights[y * down.width + k]!;
      const start = (down.first[y]! + k) * to.width;
      for (let x = 0; x < to.width; x++) row[x]! += weight * middle[start + x]!;
    }
    out.set(row, y * to.width);
  }
  return out;
}

/** The input pixel whose area holds the centre of each output pixel; in whole numbers, so ties never depend on rounding. */
function nearestIndices(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, i) => Math.floor(((2 * i + 1) * from) / (2 * to)));
}

/** Nearest neighbour, for labels: torch's mode="nearest-exact". A new array; `data` is [height, width] of `from`. */
export function resizeNearest(data: Uint8Array, from: Size2, to: Size2): Uint8Array {
  checkSizes(data.length, from, to);
  const columns = nearestIndices(from.width, to.width);
  const rows = nearestIndices(from.height, to.height);
  const out = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const start = rows[y]! * from.width;
    for (let x = 0; x < to.width; x++) out[y * to.width + x] = data[start + columns[x]!]!;
  }
  return out;
}
