/**
 * Weights of interpolation along one axis. Pixels are areas: the centre of pixel i lies at i + 0.5 of the axis.
 *
 * A kernel's taps that fall outside the axis are left out and the rest weighs more, as in Pillow and in PyTorch's
 * interpolate(antialias=True): constants stay constant up to the edge.
 */

export type Kernel = "linear" | "cubic";

/** The kernels of Pillow and of PyTorch with antialias: a triangle, and Keys' cubic with a = -0.5 (Catmull-Rom). */
const KERNELS: Readonly<
  Record<Kernel, { readonly support: number; readonly weight: (x: number) => number }>
> = {
  linear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  cubic: {
    support: 2,
    // Keys: "Cubic convolution interpolation for digital image processing", 1981, eq. 15.
    weight(x) {
      const t = Math.abs(x);
      if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
      return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
    },
  },
};

/** For each output voxel, which input voxels make it up and by how much. */
export interface Taps {
  /** The first input voxel of each output voxel. */
  readonly first: Int32Array;
  /** How many of the `width` weights are in use. */
  readonly count: Int32Array;
  /** `width` a voxel; those in use sum to 1. */
  readonly weights: Float64Array;
  readonly width: number;
}

/**
 * The taps that resize an axis of `from` voxels to `to` of the same length in all. When shrinking, the kernel is
 * widened to the output's voxel (antialias).
 */
export function resizeTaps(kernel: Kernel, from: number, to: number): Taps {
  const { support: base, weight } = KERNELS[kernel];
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = base * stretch;
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
      const w = weight((j + 0.5 - centre) / stretch);
      weights[i * width + j - low] = w;
      sum += w;
    }
    for (let j = 0; j < high - low; j++) weights[i * width + j]! /= sum;
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, weights, width };
}

/**
 * Applies taps along one axis of a volume that lies in memory as [outer, from, inner].
 * @returns [outer, to, inner]
 */
export function applyTaps(
  data: Float32Array,
  { outer, from, inner }: { readonly outer: number; readonly from: number; readonly inner: number },
  { first, count, weights, width }: Taps,
): Float32Array {
  const to = first.length;
  const out = new Float32Array(outer * to * inner);
  const row = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < to; i++) {
      const start = (o * from + first[i]!) * inner;
      const at = (o * to + i) * inner;
      const n = count[i]!;
      if (inner === 1) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += weights[i * width + k]! * data[start + k]!;
        out[at] = sum;
        continue;
      }
      row.fill(0);
      for (let k = 0; k < n; k++) {
        const w = weights[i * width + k]!;
        const from0 = start + k * inner;
        for (let j = 0; j < inner; j++) row[j]! += w * data[from0 + j]!;
      }
      out.set(row, at);
    }
  }
  return out;
}

/** The input voxel whose area holds the centre of each output voxel; in whole numbers, so ties never depend on rounding. */
export function nearestTaps(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, i) => Math.floor(((2 * i + 1) * from) / (2 * to)));
}
