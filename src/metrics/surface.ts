/**
 * Distances between the surfaces of two masks, in mm.
 * Hausdorff distance: Huttenlocher et al., PAMI 15 (1993). NSD: Nikolov et al., "Clinically applicable segmentation of
 * head and neck anatomy" (JMIR 2021), which weighs surface elements; here each surface voxel counts once, by its centre.
 */
import { percentileOfSorted } from "../core/statistics.ts";
import { PlanarDistances } from "../volume/distance-transform.ts";
import type { DistanceScores, MaskPair } from "./conventions/types.ts";

type Triple = readonly [x: number, y: number, z: number];

/** From each surface voxel of one mask to the nearest surface voxel of the other, mm, sorted upwards. */
export interface SurfaceDistances {
  readonly truthToPredictionMm: Float64Array;
  readonly predictionToTruthMm: Float64Array;
}

/** No figure is missing where both surfaces are there. */
export type SurfaceSummary = { readonly [K in keyof DistanceScores]: number };

/**
 * The mask's voxels that have a face neighbour outside the mask; beyond the image's edge is outside.
 * A mask of depth 1 is 2D: its faces within the plane count, those along z do not.
 * @param mask 0 or 1; shape[0] * shape[1] * shape[2] voxels, x fastest.
 */
export function surfaceVoxels(mask: Uint8Array, shape: Triple): Uint8Array {
  const [nx, ny, nz] = shape;
  const plane = nx * ny;
  const surface = new Uint8Array(mask.length);
  for (let z = 0, i = 0; z < nz; z++) {
    const edgeZ = nz > 1 && (z === 0 || z === nz - 1);
    // In 2D the neighbour along z is the voxel itself: never outside.
    const stepZ = nz > 1 ? plane : 0;
    for (let y = 0; y < ny; y++) {
      const edgeRow = edgeZ || y === 0 || y === ny - 1;
      for (let x = 0; x < nx; x++, i++) {
        if (mask[i] === 0) continue;
        const inside =
          !edgeRow &&
          x > 0 &&
          x < nx - 1 &&
          mask[i - 1] !== 0 &&
          mask[i + 1] !== 0 &&
          mask[i - nx] !== 0 &&
          mask[i + nx] !== 0 &&
          mask[i - stepZ] !== 0 &&
          mask[i + stepZ] !== 0;
        if (!inside) surface[i] = 1;
      }
    }
  }
  return surface;
}

/**
 * From each voxel of `from` to the nearest of `to`, mm, in the order of the voxels.
 * A surface has few voxels, so the distance transform's pass along z is made only where a distance is asked for:
 * outwards from the voxel's own plane, until planes lie further away than the best found.
 */
export function nearestDistancesMm(
  from: Uint8Array,
  to: Uint8Array,
  shape: Triple,
  spacingMm: Triple,
): Float64Array {
  const planes = new PlanarDistances(to, shape, spacingMm);
  const { squared } = planes;
  const [nx, ny, nz] = shape;
  const area = nx * ny;
  const spacingZ = spacingMm[2];
  let n = 0;
  for (let i = 0; i < from.length; i++) n += from[i]!;
  const distances = new Float64Array(n);
  for (let i = 0, k = 0; k < n; i++) {
    if (from[i] === 0) continue;
    const z = Math.floor(i / area);
    planes.prepare(z);
    let best = squared[i]!;
    const furthest = Math.max(z, nz - 1 - z);
    for (let d = 1; d <= furthest; d++) {
      const awayMm = d * spacingZ;
      const awaySquared = awayMm * awayMm;
      if (awaySquared >= best) break;
      if (z >= d) {
        planes.prepare(z - d);
        best = Math.min(best, squared[i - d * area]! + awaySquared);
      }
      if (z + d < nz) {
        planes.prepare(z + d);
        best = Math.min(best, squared[i + d * area]! + awaySquared);
      }
    }
    distances[k++] = Math.sqrt(best);
  }
  return distances;
}

/** Surface distances of two masks, both ways; neither mask may be empty. */
export function surfaceDistancesOfMasks({ truth, prediction, shape, spacingMm }: MaskPair): SurfaceDistances {
  const truthSurface = surfaceVoxels(truth, shape);
  const predictionSurface = surfaceVoxels(prediction, shape);
  return {
    truthToPredictionMm: nearestDistancesMm(truthSurface, predictionSurface, shape, spacingMm).sort(),
    predictionToTruthMm: nearestDistancesMm(predictionSurface, truthSurface, shape, spacingMm).sort(),
  };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** How many of the sorted distances are <= the tolerance. */
function countWithin(sorted: Float64Array, toleranceMm: number): number {
  const beyond = sorted.findIndex((distance) => distance > toleranceMm);
  return beyond < 0 ? sorted.length : beyond;
}

/**
 * HD: the largest distance. HD95: the larger of the two directed 95th percentiles, interpolated linearly.
 * ASSD: the mean over both directions pooled. MASD: the mean of the two directed means.
 * NSD: the share of both surfaces that lies within the tolerance.
 */
export function summariseSurfaceDistances(distances: SurfaceDistances, toleranceMm: number): SurfaceSummary {
  const { truthToPredictionMm: there, predictionToTruthMm: back } = distances;
  const n = there.length + back.length;
  return {
    hdMm: Math.max(there[there.length - 1]!, back[back.length - 1]!),
    hd95Mm: Math.max(percentileOfSorted(there, 95), percentileOfSorted(back, 95)),
    assdMm: (sum(there) + sum(back)) / n,
    masdMm: (sum(there) / there.length + sum(back) / back.length) / 2,
    nsd: (countWithin(there, toleranceMm) + countWithin(back, toleranceMm)) / n,
  };
}
