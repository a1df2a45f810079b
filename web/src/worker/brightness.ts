/** The brightness that a scan is first shown with, and how far its sliders go. Here, since all voxels are looked at. */

export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

export interface Brightness {
  /** Of all values. */
  readonly range: ValueRange;
  /** Black and white of the first view. */
  readonly window: ValueRange;
}

/** Of the values in the middle these shares may be black or white. */
const TAIL = 0.02;
/** Zeros that are most of the middle are the surroundings. */
const MOST_ZEROS = 0.6;
const BINS = 1000;

function rangeOf(values: Iterable<number>): ValueRange {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // Nothing but NaN.
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

/** The middle half along each axis: what lies around the body is not in it. @param shape x fastest */
function middleOf(data: Float32Array, shape: readonly [number, number, number]): Float32Array {
  const from = shape.map((size) => Math.floor(size / 4)) as [number, number, number];
  const to = shape.map((size, i) => size - from[i]!) as [number, number, number];
  const width = to[0] - from[0];
  const out = new Float32Array(width * (to[1] - from[1]) * (to[2] - from[2]));
  let at = 0;
  for (let z = from[2]; z < to[2]; z++) {
    for (let y = from[1]; y < to[1]; y++, at += width) {
      const row = shape[0] * (y + shape[1] * z);
      out.set(data.subarray(row + from[0], row + to[0]), at);
    }
  }
  return out;
}

/** Between the second and the 98th per cent, by a histogram. @param range of the values, not empty */
function robustRange(values: Float32Array, { low, high }: ValueRange): ValueRange {
  let zeros = 0;
  for (const value of values) if (value === 0) zeros++;
  const leavesZeros = zeros > MOST_ZEROS * values.length;
  const counts = new Uint32Array(BINS + 1);
  const scale = BINS / (high - low);
  let total = 0;
  for (const value of values) {
    if (Number.isNaN(value) || (leavesZeros && value === 0)) continue;
    counts[Math.round((value - low) * scale)]!++;
    total++;
  }
  const most = TAIL * total;
  let first = 0;
  for (let sum = counts[0]!; sum <= most && first < BINS; sum += counts[++first]!);
  let last = BINS;
  for (let sum = counts[BINS]!; sum <= most && last > 0; sum += counts[--last]!);
  return last > first ? { low: low + first / scale, high: low + last / scale } : { low, high };
}

/** @param data x fastest */
export function brightnessOf(data: Float32Array, shape: readonly [number, number, number]): Brightness {
  const { low, high } = rangeOf(data);
  const range = { low, high: high > low ? high : low + 1 };
  const middle = middleOf(data, shape);
  const inside = rangeOf(middle);
  return { range, window: inside.high > inside.low ? robustRange(middle, inside) : range };
}
