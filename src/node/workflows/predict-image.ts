/** One image file as predict wants it: a volume on a grid, with what its file says of itself. */
import { gridOf } from "../../apply/image-facts.ts";
import { readDicomHeaderOf, readDicomSeries } from "../../formats/dicom/read.ts";
import { readImage, readImageHeader } from "../../formats/image-file.ts";
import { checkFinite } from "../../nifti/read.ts";
import type { ImageHeader } from "../../volume/image.ts";
import type { IntensityVolume } from "../../volume/volume.ts";
import { withImageFile } from "../files.ts";
import { inflateGzip } from "../inflate.ts";
import type { PlannedMask } from "./predict-inputs.ts";

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
