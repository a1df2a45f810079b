/**
 * Linear maps along one axis of an image, as sparse rows. Blur and low resolution are separable, so that a product
 * with one matrix from the left and one from the right does both for a whole batch, whatever each image was dealt.
 */

export interface Tap {
  readonly from: number;
  readonly weight: number;
}
/** For each pixel of the result, which pixels of the source it is made of. */
export type SparseMatrix = readonly (readonly Tap[])[];

const rowsOf = (extent: number, row: (i: number) => readonly Tap[]): SparseMatrix =>
  Array.from({ length: extent }, (_, i) => row(i));

/** A Gaussian cut off at three deviations, its weights summing to 1 at the border too; sigma 0: nothing. */
export function blurMatrix(extent: number, sigma: number): SparseMatrix {
  if (sigma === 0) return rowsOf(extent, (i) => [{ from: i, weight: 1 }]);
  const reach = Math.ceil(3 * sigma);
  return rowsOf(extent, (i) => {
    const first = Math.max(0, i - reach);
    const last = Math.min(extent - 1, i + reach);
    const weights = Array.from({ length: last - first + 1 }, (_, k) =>
      Math.exp(-(((first + k - i) / sigma) ** 2) / 2),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight, k) => ({ from: first + k, weight: weight / total }));
  });
}

/** Only `share` of the pixels are kept (each the nearest), and the others are put back by linear interpolation. */
export function lowResolutionMatrix(extent: number, share: number): SparseMatrix {
  const coarse = Math.max(2, Math.round(extent * share));
  if (coarse >= extent) return blurMatrix(extent, 0);
  const nearest = (k: number): number => Math.min(extent - 1, Math.floor(((k + 0.5) * extent) / coarse));
  return rowsOf(extent, (i) => {
    const at = Math.min(Math.max(((i + 0.5) * coarse) / extent - 0.5, 0), coarse - 1);
    const low = Math.min(Math.floor(at), coarse - 2);
    return [
      { from: nearest(low), weight: 1 - (at - low) },
      { from: nearest(low + 1), weight: at - low },
    ].filter(({ weight }) => weight > 0);
  });
}

/** The second map followed by the first. */
export function composeMatrices(first: SparseMatrix, second: SparseMatrix): SparseMatrix {
  return first.map((taps) =>
    taps.flatMap(({ from, weight }) =>
      second[from]!.map((tap) => ({ from: tap.from, weight: tap.weight * weight })),
    ),
  );
}

/**
 * Cubic B-spline weights of `points` control points that span `extent` pixels: a dense [extent, points] matrix.
 * Unser, "Splines: a perfect fit for signal and image processing" (1999).
 */
export function splineMatrix(extent: number, points: number): Float32Array {
  const matrix = new Float32Array(extent * points);
  const segments = points - 3;
  for (let i = 0; i < extent; i++) {
    const at = (i / Math.max(extent - 1, 1)) * segments;
    const first = Math.min(Math.floor(at), segments - 1);
    const t = at - first;
    const weights = [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ];
    for (const [k, weight] of weights.entries()) matrix[i * points + first + k] = weight;
  }
  return matrix;
}
