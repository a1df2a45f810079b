/** What an image is like as a whole, whatever it shows. */
import { percentileOfSorted } from "../core/statistics.ts";
import type { ImageFeatures, PassportCase, Triple } from "./types.ts";

export const QUANTILES = [1, 5, 25, 50, 75, 95, 99] as const;
/** Cells of the layout. */
export const LAYOUT: Triple = [8, 8, 4];

/** Voxels that quantiles are taken of, at most. */
const SAMPLE = 65_536;

interface Moments {
  readonly mean: number;
  /** 1 of a constant image. */
  readonly sd: number;
}

function momentsOf(image: Float32Array): Moments {
  let sum = 0;
  for (let i = 0; i < image.length; i++) sum += image[i]!;
  const mean = sum / image.length;
  let squares = 0;
  for (let i = 0; i < image.length; i++) squares += (image[i]! - mean) ** 2;
  const sd = Math.sqrt(squares / image.length);
  return { mean, sd: sd > 0 ? sd : 1 };
}

function quantilesOf(image: Float32Array, { mean, sd }: Moments): readonly number[] {
  // A stride that shares no factor with image sizes, so that no column is preferred.
  const step = Math.max(1, Math.floor(image.length / SAMPLE)) | 1;
  const sample = Float32Array.from({ length: Math.ceil(image.length / step) }, (_, i) => image[i * step]!);
  sample.sort();
  return QUANTILES.map((p) => (percentileOfSorted(sample, p) - mean) / sd);
}

function roughnessOf(image: Float32Array, width: number, { sd }: Moments): number {
  if (width < 2) return 0;
  let sum = 0;
  for (let i = 1; i < image.length; i++) if (i % width !== 0) sum += (image[i]! - image[i - 1]!) ** 2;
  const pairs = (image.length / width) * (width - 1);
  return sum / pairs / (sd * sd);
}

/** Mean of the z-scored intensities in each cell; a cell that no voxel falls into takes the next one's. */
function layoutOf({ width, height, depth, image }: PassportCase, { mean, sd }: Moments): readonly number[] {
  const [columns, rows, slabs] = LAYOUT;
  const sums = new Float64Array(columns * rows * slabs);
  const counts = new Float64Array(sums.length);
  const column = Int32Array.from({ length: width }, (_, x) => Math.floor((x * columns) / width));
  for (let z = 0, i = 0; z < depth; z++) {
    const slab = Math.floor((z * slabs) / depth);
    for (let y = 0; y < height; y++) {
      const row = columns * (Math.floor((y * rows) / height) + rows * slab);
      for (let x = 0; x < width; x++, i++) {
        sums[row + column[x]!]! += image[i]!;
        counts[row + column[x]!]!++;
      }
    }
  }
  let last = 0;
  return Array.from(sums, (sum, cell) => {
    if (counts[cell]! > 0) last = (sum / counts[cell]! - mean) / sd;
    return last;
  });
}

/** Pearson's correlation; 0 where either is constant. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

/** The layout of one slab of the depth. */
export function slabOf(layout: readonly number[], slab: number): readonly number[] {
  const length = LAYOUT[0] * LAYOUT[1];
  return layout.slice(slab * length, (slab + 1) * length);
}

export function measureImage(input: PassportCase): ImageFeatures {
  const { width, height, depth, spacingMm, image } = input;
  const moments = momentsOf(image);
  return {
    slices: depth,
    spacingMm,
    fieldMm: spacingMm === null ? null : [width * spacingMm[0], height * spacingMm[1], depth * spacingMm[2]],
    quantiles: quantilesOf(image, moments),
    roughness: roughnessOf(image, width, moments),
    layout: layoutOf(input, moments),
  };
}
