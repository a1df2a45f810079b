/** What an image's header says to whoever applies a model to it. */
import { HipError } from "../core/errors.ts";
import { checkSpacing, statedDistance, withoutTrailingOnes } from "../dataset/geometry.ts";
import { determinant, voxelSizesMm } from "../nifti/affine.ts";
import type { ImageFacts } from "../predict/segment.ts";
import { type ImageHeader, isPlaced, statesSpacing } from "../volume/image.ts";
import type { Grid, LabelDefinition } from "../volume/volume.ts";

/**
 * The grid of an image: 1D and 2D images have one slice.
 * @throws HipError "bad-image" for more than 3 axes, or voxels without a size
 */
export function gridOf({ shape: stated, affine }: ImageHeader, name: string): Grid {
  const shape = withoutTrailingOnes(stated);
  if (shape.length > 3) {
    throw new HipError(
      "bad-image",
      `Cannot segment "${name}": an image must have at most 3 axes, got [${stated.join(", ")}]`,
      { hint: "Write each frame or channel as a file of its own" },
    );
  }
  const [x = 1, y = 1, z = 1] = shape;
  const spacingMm = voxelSizesMm(affine);
  checkSpacing(name, spacingMm);
  return { shape: [x, y, z], spacingMm, affine };
}

export function factsOf(header: ImageHeader, name: string): ImageFacts {
  return {
    name,
    isPlaced: isPlaced(header),
    hasSpacing: statesSpacing(header),
    isPicture: header.format === "PNG",
  };
}

/** Whether voxels have a volume that the file states: of a 2D image that needs a thickness too. */
export function statesVolume(header: ImageHeader): boolean {
  if (!statesSpacing(header)) return false;
  return header.shape.length >= 3 || statedDistance(header) > 0;
}

/** A foreground label of a mask; `ml` is null where the image does not state the size of its voxels. */
export interface LabelVolumeMl {
  readonly name: string;
  readonly voxels: number;
  readonly ml: number | null;
}

/** How much of each foreground label a mask holds, labels that are not there included. @param voxelMl null: not stated */
export function countVolumes(
  mask: Uint8Array,
  labels: readonly LabelDefinition[],
  voxelMl: number | null,
): readonly LabelVolumeMl[] {
  const counts = new Float64Array(256);
  for (let i = 0; i < mask.length; i++) counts[mask[i]!]!++;
  return labels
    .filter(({ id }) => id !== 0)
    .map(({ id, name }) => {
      const voxels = counts[id]!;
      return { name, voxels, ml: voxelMl === null ? null : Number((voxels * voxelMl).toPrecision(6)) };
    });
}

/** Volumes of a mask on an image's grid. */
export function countLabels(
  mask: Uint8Array,
  header: ImageHeader,
  labels: readonly LabelDefinition[],
): readonly LabelVolumeMl[] {
  const voxelMl = statesVolume(header) ? Math.abs(determinant(header.affine)) / 1000 : null;
  return countVolumes(mask, labels, voxelMl);
}
