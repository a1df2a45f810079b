/**
 * Resizing of 2D images [height, width], row-major. Pixels are areas: the centre of pixel i lies at i + 0.5.
 * Agrees with torch.nn.functional.interpolate (align_corners=False).
 */

import { applyTaps, nearestTaps, resizeTaps } from "./taps.ts";

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

/**
 * Bilinear, with antialiasing when shrinking: torch's mode="bilinear", antialias=True. A new array.
 * @param data [height, width] of `from`.
 */
export function resizeLinear(data: Float32Array, from: Size2, to: Size2): Float32Array {
  checkSizes(data.length, from, to);
  if (from.width === to.width && from.height === to.height) return data.slice();
  const { width, height } = from;
  const middle = applyTaps(
    data,
    { outer: height, from: width, inner: 1 },
    resizeTaps("linear", width, to.width),
  );
  return applyTaps(
    middle,
    { outer: 1, from: height, inner: to.width },
    resizeTaps("linear", height, to.height),
  );
}

/** Nearest neighbour, for labels: torch's mode="nearest-exact". A new array; `data` is [height, width] of `from`. */
export function resizeNearest(data: Uint8Array, from: Size2, to: Size2): Uint8Array {
  checkSizes(data.length, from, to);
  const columns = nearestTaps(from.width, to.width);
  const rows = nearestTaps(from.height, to.height);
  const out = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const start = rows[y]! * from.width;
    for (let x = 0; x < to.width; x++) out[y * to.width + x] = data[start + columns[x]!]!;
  }
  return out;
}
