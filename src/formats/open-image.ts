/** What every format's opener gives: the header at once, the voxels when asked. */
import {
  type Affine,
  determinant,
  makeAffine,
  orientationOf,
  type Point,
  voxelSizesMm,
} from "../nifti/affine.ts";
import { precisionWarnings } from "../nifti/decode.ts";
import { isScalar } from "../nifti/dtype.ts";
import type { Image, ImageHeader } from "../volume/image.ts";
import { EXPORT_AGAIN, failToUse } from "./errors.ts";

export interface OpenImage {
  readonly header: ImageHeader;
  /** Stored values times slope plus intercept, to be called once; rejects with HipError where there is not one number per voxel. */
  readonly readValues: () => Promise<Float32Array>;
  /** The header with what only the voxels told, once they were read; without it `header` stays. */
  readonly headerOnceRead?: () => ImageHeader;
}

/** The image with its voxels, and a warning where float32 does not hold them. */
export async function readOpened(opened: OpenImage): Promise<Image> {
  const values = await opened.readValues();
  const header = opened.headerOnceRead?.() ?? opened.header;
  const more = isScalar(header.dtype) ? precisionWarnings(values, header.dtype, header.scale) : [];
  return { header: { ...header, warnings: [...header.warnings, ...more] }, values };
}

/** Patient coordinates in millimetres: each letter is the side to which that coordinate grows. */
export type PatientSpace = "RAS" | "LAS" | "LPS";

const SIGNS: Readonly<Record<PatientSpace, Point>> = { RAS: [1, 1, 1], LAS: [-1, 1, 1], LPS: [-1, -1, 1] };

/**
 * The affine, to RAS+, of voxels that lie at origin + i * steps[0] + j * steps[1] + k * steps[2] in `space`.
 * ITK and DICOM speak of LPS.
 */
export function affineFrom(
  space: PatientSpace,
  steps: readonly [Point, Point, Point],
  originMm: Point,
): Affine {
  const row = (r: 0 | 1 | 2): readonly [number, number, number, number] => {
    const sign = SIGNS[space][r];
    return [sign * steps[0][r], sign * steps[1][r], sign * steps[2][r], sign * originMm[r]];
  };
  return makeAffine(row(0), row(1), row(2));
}

/** The unit vector across two others; along z where those are parallel. */
export function across(a: Point, b: Point): Point {
  const normal: Point = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const length = Math.hypot(...normal);
  return length > 0 ? [normal[0] / length, normal[1] / length, normal[2] / length] : [0, 0, 1];
}

/**
 * The header, once its geometry is checked.
 * @param stated all but what follows from the affine; `spacingMm` only where the file states it beside the affine.
 * @throws HipError "bad-image": an affine that is not finite, an axis of no length
 */
export function makeHeader(
  name: string,
  stated: Omit<ImageHeader, "spacingMm" | "orientation" | "scale"> & { readonly spacingMm?: Point },
): ImageHeader {
  const { affine, shape } = stated;
  const warnings = [...stated.warnings];
  if (!affine.flat().every(Number.isFinite)) {
    const found = affine.slice(0, 3).flat().join(", ");
    failToUse(name, `its directions and origin must be finite numbers, got ${found}`, EXPORT_AGAIN);
  }
  const sizes = voxelSizesMm(affine);
  const flat = sizes.findIndex((size) => !(size > 0 && Number.isFinite(size)));
  if (flat >= 0) failToUse(name, `the direction of axis ${flat} has length ${sizes[flat]}`, EXPORT_AGAIN);
  if (Math.abs(determinant(affine)) <= 1e-6 * sizes[0] * sizes[1] * sizes[2])
    warnings.push("The directions do not span space: the orientation is in doubt");
  const spacingMm = stated.spacingMm ?? sizes;
  const axis = sizes.findIndex((size, i) => (shape[i] ?? 1) > 1 && Math.abs(size / spacingMm[i]! - 1) > 0.01);
  if (axis >= 0) {
    const measured = Number(sizes[axis]!.toPrecision(6));
    warnings.push(
      `Axis ${axis}: the spacing is stated as ${spacingMm[axis]} mm, but its direction makes it ${measured} mm`,
    );
  }
  return {
    ...stated,
    spacingMm,
    orientation: orientationOf(affine),
    scale: { slope: 1, intercept: 0 },
    warnings,
  };
}
