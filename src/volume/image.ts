/** An image file as every format gives it. NIfTI's own header (nifti/types.ts) has these members and more. */
import type { Affine } from "../nifti/affine.ts";

export type ImageFormat = "NIfTI-1" | "NIfTI-2" | "NRRD" | "MetaImage" | "PNG" | "DICOM";

export interface ImageHeader {
  readonly format: ImageFormat;
  /** Sizes along the file's axes, the fastest in memory first; trailing 1s kept. */
  readonly shape: readonly number[];
  readonly spacingMm: readonly [number, number, number];
  /** Voxel index to RAS+ millimetres, rows first. */
  readonly affine: Affine;
  /**
   * Where the affine comes from: NIfTI's sform or qform; "file": another format's own statement of place and
   * direction; "pixdim": the spacing alone; "assumed": nothing in the file.
   */
  readonly affineSource: "sform" | "qform" | "pixdim" | "file" | "assumed";
  /** e.g. "LPS": the direction in which each voxel axis points (nibabel's aff2axcodes). */
  readonly orientation: string;
  /** numpy's name of the stored type. */
  readonly dtype: string;
  /** Values are stored * slope + intercept. */
  readonly scale: { readonly slope: number; readonly intercept: number };
  /** Oddities that were tolerated, in plain English. */
  readonly warnings: readonly string[];
}

export interface Image {
  readonly header: ImageHeader;
  /** Real-valued intensities after slope and intercept; the first axis is fastest. */
  readonly values: Float32Array;
}

/** A mask as its file has it: bytes where it stores bytes. */
export interface MaskImage {
  readonly header: ImageHeader;
  readonly values: Float32Array | Uint8Array;
}

const isFlat = (shape: readonly number[]): boolean => shape.filter((n) => n > 1).length < 3;

/**
 * Whether the file states the size of its voxels. PNG's pixels per metre are mostly a screen's, and a 2D image of 1 mm
 * at the origin has the header that programs make up (numpy.eye(4)).
 */
export function statesSpacing(
  header: Pick<ImageHeader, "affine" | "affineSource" | "format" | "shape">,
): boolean {
  const { affine, affineSource, format, shape } = header;
  if (affineSource === "assumed" || format === "PNG") return false;
  if (!isFlat(shape)) return true;
  const isAtOrigin = affine.slice(0, 3).every((row) => row[3] === 0);
  return !(isUnitScaled(affine) && (isAtOrigin || affineSource === "pixdim"));
}

/** Whether each axis runs along one of the body's in steps of 1 mm. */
function isUnitScaled(affine: Affine): boolean {
  return [0, 1, 2].every((i) => [0, 1, 2].every((j) => Math.abs(affine[i]![j]!) === (i === j ? 1 : 0)));
}

/** Whether the file itself says where its axes point; else they were assumed. */
export function isPlaced({ affineSource }: Pick<ImageHeader, "affineSource">): boolean {
  return affineSource !== "pixdim" && affineSource !== "assumed";
}
