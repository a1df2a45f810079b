/**
 * The rules of google-deepmind/surface-distance: Nikolov et al., "Clinically applicable segmentation of head and neck
 * anatomy for radiotherapy" (JMIR 2021). Surfaces run between voxels, and each piece weighs by its size.
 */
import { diceOf } from "../overlap.ts";
import { nearestDistancesMm } from "../surface.ts";
import { meanOfLabelMeans } from "./averages.ts";
import { contourLengthsMm, surfaceAreasMm2 } from "./surface-elements.ts";
import type { Convention, DistanceScores, MaskPair } from "./types.ts";

type Triple = readonly [x: number, y: number, z: number];

/** Pieces of a surface: where they are (1), and how large each is, mm or mm^2, in the order of the voxels. */
interface Elements {
  readonly marks: Uint8Array;
  readonly sizes: Float64Array;
}

/** A voxel stands for the corner at its low end: the piece between it and its neighbours before it. */
function findElements(mask: Uint8Array, [nx, ny, nz]: Triple, sizeOf: Float64Array): Elements {
  const marks = new Uint8Array(mask.length);
  const sizes: number[] = [];
  const isFlat = nz === 1;
  const plane = nx * ny;
  const full = isFlat ? 15 : 255;
  for (let z = isFlat ? 0 : 1; z < nz; z++) {
    for (let y = 1; y < ny; y++) {
      for (let x = 1; x < nx; x++) {
        const i = x + nx * (y + ny * z);
        // The voxels at (x - 1, y - 1), (x - 1, y), (x, y - 1), (x, y) of this plane.
        const here = [mask[i - 1 - nx]!, mask[i - 1]!, mask[i - nx]!, mask[i]!] as const;
        let code = 0;
        if (isFlat) code = 8 * here[0] + 4 * here[1] + 2 * here[2] + here[3];
        else {
          const j = i - plane;
          code =
            128 * mask[j - 1 - nx]! + 64 * here[0] + 32 * mask[j - 1]! + 16 * here[1] + 8 * mask[j - nx]!;
          code += 4 * here[2] + 2 * mask[j]! + here[3];
        }
        if (code === 0 || code === full) continue;
        marks[i] = 1;
        sizes.push(sizeOf[code]!);
      }
    }
  }
  return { marks, sizes: Float64Array.from(sizes) };
}

/** Distances sorted upwards with the sizes of their pieces. */
interface Weighed {
  readonly distancesMm: Float64Array;
  readonly sizes: Float64Array;
  readonly total: number;
}

function weigh(distancesMm: Float64Array, sizes: Float64Array): Weighed {
  const order = Array.from(distancesMm.keys()).sort(
    (a, b) => distancesMm[a]! - distancesMm[b]! || sizes[a]! - sizes[b]!,
  );
  const sorted = Float64Array.from(order, (k) => sizes[k]!);
  return {
    distancesMm: Float64Array.from(order, (k) => distancesMm[k]!),
    sizes: sorted,
    // In the order in which shares are summed, so that the whole is exactly 1.
    total: sorted.reduce((sum, size) => sum + size, 0),
  };
}

/** The distance at which the pieces so far make up the share of the surface. */
function weighedPercentile({ distancesMm, sizes, total }: Weighed, percent: number): number {
  let sum = 0;
  for (let k = 0; k < sizes.length; k++) {
    sum += sizes[k]!;
    if (sum / total >= percent / 100) return distancesMm[k]!;
  }
  return distancesMm[distancesMm.length - 1]!;
}

const sumProducts = ({ distancesMm, sizes }: Weighed): number =>
  sizes.reduce((sum, size, k) => sum + size * distancesMm[k]!, 0);

const sizeWithin = ({ distancesMm, sizes }: Weighed, toleranceMm: number): number =>
  sizes.reduce((sum, size, k) => sum + (distancesMm[k]! <= toleranceMm ? size : 0), 0);

function distances({ truth, prediction, shape, spacingMm }: MaskPair, toleranceMm: number): DistanceScores {
  const sizeOf = shape[2] === 1 ? contourLengthsMm([spacingMm[0], spacingMm[1]]) : surfaceAreasMm2(spacingMm);
  const a = findElements(truth, shape, sizeOf);
  const b = findElements(prediction, shape, sizeOf);
  const there = weigh(nearestDistancesMm(a.marks, b.marks, shape, spacingMm), a.sizes);
  const back = weigh(nearestDistancesMm(b.marks, a.marks, shape, spacingMm), b.sizes);
  const total = there.total + back.total;
  return {
    hdMm: Math.max(weighedPercentile(there, 100), weighedPercentile(back, 100)),
    hd95Mm: Math.max(weighedPercentile(there, 95), weighedPercentile(back, 95)),
    assdMm: (sumProducts(there) + sumProducts(back)) / total,
    masdMm: (sumProducts(there) / there.total + sumProducts(back) / back.total) / 2,
    nsd: (sizeWithin(there, toleranceMm) + sizeWithin(back, toleranceMm)) / total,
  };
}

export const deepmind: Convention = {
  name: "deepmind",
  text: (toleranceMm) =>
    "surface-distance 0.1 (DeepMind): Dice NaN where both masks are empty, 0 where one is; surfaces run between voxels " +
    "and every piece weighs by its area (2D: length); HD95: the larger of the two directed weighted 95th percentiles, " +
    "mm; ASSD and MASD: of its two average surface distances, pooled by area and their mean, mm; surface Dice at " +
    `${toleranceMm} mm; no IoU; NaN is left out of means (the tool itself does not average)`,
  overlapRule:
    "both empty: NaN, left out; one empty: 0; the tool does not average: mean over labels of the mean per volume",
  dice: diceOf,
  iou: () => null,
  distances,
  nsdOfOneEmpty: 0,
  foregroundMean: meanOfLabelMeans,
};
