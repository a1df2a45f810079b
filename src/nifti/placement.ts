/** Where an image lies, by nibabel's rules: sform before qform before pixdim. */
import { type Affine, type AffineRow, determinant, makeAffine, type Point, voxelSizesMm } from "./affine.ts";
import { EXPORT_AGAIN, failToUse, type NiftiFields } from "./fields.ts";
import { affineOfQform, FLOAT32_ZERO, FLOAT64_ZERO } from "./quaternion.ts";
import type { NiftiHeader } from "./types.ts";

/** Spacing matters along every axis that has more than one voxel; elsewhere a missing one becomes 1. */
export function spacingOf(
  fields: NiftiFields,
  shape: readonly number[],
  name: string,
  warnings: string[],
): Point {
  const at = (axis: 0 | 1 | 2): number => {
    const size = fields.pixdim[axis + 1] ?? Number.NaN;
    if (size > 0 && Number.isFinite(size)) return size;
    if ((shape[axis] ?? 1) === 1 && !(size < 0)) {
      warnings.push(`pixdim[${axis + 1}] is ${size}: taken as 1 mm, as that axis has a single voxel`);
      return 1;
    }
    const what = `pixdim[${axis + 1}] (spacing in mm) must be > 0, got ${size}`;
    return failToUse(name, what, "State the true voxel size, for instance by exporting the image again");
  };
  return [at(0), at(1), at(2)];
}

/** 0 where the code is none of NIfTI's, as nibabel has it. */
function transformCode(code: number, field: string, warnings: string[]): number {
  if (code >= 0 && code <= 5) return code;
  warnings.push(`${field} ${code} is not one of 0 to 5: taken as 0 (not set)`);
  return 0;
}

function qformAffine(fields: NiftiFields, spacingMm: Point, name: string, warnings: string[]): Affine {
  const [b, c, d] = fields.quatern;
  const zeroBelow = fields.version === 1 ? FLOAT32_ZERO : FLOAT64_ZERO;
  const length2 = b * b + c * c + d * d;
  if (!(length2 <= 1.001)) {
    const what = `the qform's quaternion (${b}, ${c}, ${d}) must have length <= 1, got ${Math.sqrt(length2)}`;
    failToUse(name, what, EXPORT_AGAIN);
  }
  if (length2 > 1 + zeroBelow) warnings.push("The qform's quaternion is a little longer than 1: shortened");
  const qfac = fields.pixdim[0] === -1 ? -1 : 1;
  return affineOfQform({ quaternion: fields.quatern, offsetMm: fields.qoffset, spacingMm, qfac }, zeroBelow);
}

/** nibabel's get_base_affine(): x runs to the left, and the middle of the image is the origin. */
function baseAffine(shape: readonly number[], spacingMm: Point): Affine {
  const steps: Point = [-spacingMm[0], spacingMm[1], shape.length >= 3 ? spacingMm[2] : 1];
  const row = (axis: 0 | 1 | 2): AffineRow => {
    const out: [number, number, number, number] = [0, 0, 0, (-((shape[axis] ?? 1) - 1) / 2) * steps[axis]];
    out[axis] = steps[axis];
    return out;
  };
  return makeAffine(row(0), row(1), row(2));
}

/** nibabel's get_best_affine(), and oddities of the result. */
export function bestAffine(
  fields: NiftiFields,
  shape: readonly number[],
  spacingMm: Point,
  name: string,
  warnings: string[],
): Pick<NiftiHeader, "affine" | "affineSource"> {
  const sform = transformCode(fields.sformCode, "sform_code", warnings) > 0;
  const qform = transformCode(fields.qformCode, "qform_code", warnings) > 0;
  if (!sform && !qform) {
    warnings.push(
      "No orientation is stated (sform_code and qform_code are 0): assumed from the voxel size, x to the left",
    );
    return { affine: baseAffine(shape, spacingMm), affineSource: "pixdim" };
  }
  const source = sform ? "sform" : "qform";
  const affine = sform ? makeAffine(...fields.srow) : qformAffine(fields, spacingMm, name, warnings);
  if (!affine.flat().every(Number.isFinite)) {
    failToUse(name, `the ${source} must hold finite numbers, got ${affine.flat().join(", ")}`, EXPORT_AGAIN);
  }
  const sizes = voxelSizesMm(affine);
  if (Math.abs(determinant(affine)) <= 1e-6 * Math.max(...sizes) ** 3) {
    warnings.push(`The ${source} does not span space: the orientation is in doubt`);
  }
  const axis = sizes.findIndex((size, i) => (shape[i] ?? 1) > 1 && Math.abs(size / spacingMm[i]! - 1) > 0.01);
  if (axis >= 0) {
    warnings.push(
      `Axis ${axis}: the voxel size is ${spacingMm[axis]} mm by pixdim, ${Number(sizes[axis]!.toPrecision(6))} mm by the ${source}`,
    );
  }
  return { affine, affineSource: source };
}
