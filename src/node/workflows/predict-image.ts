/** One image file as predict wants it: a volume on a grid, with what its file says of itself. */
import { HipError } from "../../core/errors.ts";
import { checkSpacing, statedDistance, withoutTrailingOnes } from "../../dataset/geometry.ts";
import { readDicomHeaderOf, readDicomSeries } from "../../formats/dicom/read.ts";
import { readImage, readImageHeader } from "../../formats/image-file.ts";
import { voxelSizesMm } from "../../nifti/affine.ts";
import { checkFinite } from "../../nifti/read.ts";
import type { ImageFacts } from "../../predict/segment.ts";
import { type ImageHeader, isPlaced, statesSpacing } from "../../volume/image.ts";
import type { Grid, IntensityVolume } from "../../volume/volume.ts";
import { withImageFile } from "../files.ts";
import { inflateGzip } from "../inflate.ts";
import type { PlannedMask } from "./predict-inputs.ts";

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

/** The header of an input, its voxels unread where the format allows it. */
export async function loadHeader({ input: path, dicom }: PlannedMask): Promise<ImageHeader> {
  if (dicom !== undefined) return readDicomHeaderOf(dicom.series);
  return withImageFile(path, (file) => readImageHeader(file, inflateGzip));
}

/** @throws HipError "bad-image" where a value is not finite, and as readImage() */
export async function loadVolume({ input: path, dicom }: PlannedMask): Promise<IntensityVolume> {
  const { header, values } =
    dicom === undefined
      ? await withImageFile(path, (file) => readImage(file, inflateGzip))
      : await readDicomSeries(dicom.series);
  checkFinite(values, { name: path, shape: header.shape });
  return { kind: "intensity", grid: gridOf(header, path), data: values };
}
