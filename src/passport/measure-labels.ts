/** How large the labels of a mask are, where they lie and in how many pieces. */

import { cropLabel } from "../metrics/crop.ts";
import { componentSizes } from "../volume/components.ts";
import type { LabelFeatures, PassportCase } from "./types.ts";

function placeOf({ width, height, depth, mask }: PassportCase, id: number) {
  let [n, sumX, sumY, sumZ] = [0, 0, 0, 0];
  for (let z = 0, i = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (mask[i] !== id) continue;
        n++;
        sumX += x;
        sumY += y;
        sumZ += z;
      }
    }
  }
  // Voxel centres: a voxel in the middle of an image lies at one half.
  const share = (sum: number, extent: number): number => (sum / n + 0.5) / extent;
  return { voxels: n, place: [share(sumX, width), share(sumY, height), share(sumZ, depth)] as const };
}

function islandsOf({ width, height, depth, mask }: PassportCase, id: number, voxels: number): number {
  const cropped = cropLabel(mask, mask, [width, height, depth], id);
  if (cropped === undefined) return 0;
  const [largest = 0] = componentSizes(cropped.truth, cropped.shape);
  return (voxels - largest) / voxels;
}

/** @param ids foreground labels */
export function measureLabels(input: PassportCase, ids: readonly number[]): readonly LabelFeatures[] {
  const { spacingMm } = input;
  const voxelMl = spacingMm === null ? null : (spacingMm[0] * spacingMm[1] * spacingMm[2]) / 1000;
  return ids.map((id): LabelFeatures => {
    const { voxels, place } = placeOf(input, id);
    if (voxels === 0) return { id, found: null };
    const volumeMl = voxelMl === null ? null : voxels * voxelMl;
    return { id, found: { volumeMl, islands: islandsOf(input, id, voxels), place } };
  });
}
