/** What a NIfTI header means, by nibabel's rules. */
import { HipError } from "../core/errors.ts";
import {
  type Affine,
  type AffineRow,
  determinant,
  makeAffine,
  orientationOf,
  type Point,
  voxelSizesMm,
} from "./affine.ts";
import { type DtypeEntry, dtypeOfCode } from "./dtype.ts";
import { failToRead, NIFTI1_BYTES, NIFTI2_BYTES, type NiftiFields, readFields } from "./fields.ts";
import { affineOfQform, FLOAT32_ZERO, FLOAT64_ZERO } from "./quaternion.ts";
import type { NiftiHeader } from "./types.ts";

const EXPORT_AGAIN = "The header is damaged or from a faulty writer: export the image again";

/** Throws: the file `name` was read but cannot be used. */
function failToUse(name: string, what: string, hint: string): never {
  throw new HipError("bad-image", `Cannot use "${name}": ${what}`, { hint });
}

/** As nibabel's get_data_shape(), FreeSurfer's two ways of storing more than 32767 vertices included. */
function shapeOf(fields: NiftiFields, name: string): readonly number[] {
  const [count = 0, ...sizes] = fields.dim;
  if (!(count >= 1 && count <= 7)) {
    failToRead(name, `dim[0] must be 1 to 7 (the number of axes), got ${count}`, EXPORT_AGAIN);
  }
  const shape = sizes.slice(0, count);
  const head = shape.slice(0, 3).join();
  if (fields.version === 1 && head === "-1,1,1" && fields.glmin > 0) shape[0] = fields.glmin;
  if (fields.version === 1 && head === "27307,1,6") shape.splice(0, 3, 163842, 1, 1);
  const bad = shape.findIndex((n) => !(n >= 1));
  if (bad >= 0) {
    failToRead(name, `dim[${bad + 1}] must be at least 1, got ${shape[bad]}`, EXPORT_AGAIN);
  }
  return shape;
}

function dtypeOf(fields: NiftiFields, name: string, warnings: string[]): DtypeEntry {
  const dtype = dtypeOfCode(fields.datatype);
  if (dtype === undefined) {
    return failToRead(name, `datatype ${fields.datatype} is not one of NIfTI's voxel types`, EXPORT_AGAIN);
  }
  if (fields.bitpix !== 8 * dtype.bytes) {
    warnings.push(
      `bitpix is ${fields.bitpix}, but ${dtype.name} has ${8 * dtype.bytes} bits: taken as ${dtype.name}`,
    );
  }
  return dtype;
}

/** Spacing matters along every axis that has more than one voxel; elsewhere a missing one becomes 1. */
function spacingOf(fields: NiftiFields, shape: readonly number[], name: string, warnings: string[]): Point {
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
function bestAffine(
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

/** nibabel's get_slope_inter(); "no scaling" is slope 1, intercept 0. */
function scaleOf(fields: NiftiFields, name: string): NiftiHeader["scale"] {
  const { sclSlope: slope, sclInter: intercept } = fields;
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) {
    failToUse(name, `scl_inter must be finite where scl_slope is ${slope}, got ${intercept}`, EXPORT_AGAIN);
  }
  return { slope, intercept };
}

function warnOfUnits(fields: NiftiFields, warnings: string[]): void {
  const unit = { 1: "metres", 3: "micrometres" }[fields.xyztUnits & 7];
  if (unit !== undefined)
    warnings.push(`xyzt_units says ${unit}: voxel sizes are taken as millimetres, as nibabel does`);
}

/**
 * Reads what the bytes of a header say. Complex, RGB and lone .hdr files are described too.
 * @param bytes at least the first 348 (NIfTI-1) or 540 (NIfTI-2) bytes of the uncompressed file.
 * @param name the file's, for messages.
 * @throws HipError "unreadable-image" (no NIfTI, Analyze 7.5, CIFTI-2, damaged), "bad-image" (spacing <= 0, NaN in the affine)
 */
export function parseNiftiHeader(bytes: Uint8Array, name: string): NiftiHeader {
  const fields = readFields(bytes, name);
  if (fields.version === 2 && fields.intentCode >= 3000 && fields.intentCode < 3100) {
    const hint = "Take the volume from which it was made; CIFTI-2 holds values on surfaces and in tables";
    failToRead(name, `it is CIFTI-2 (intent_code ${fields.intentCode}), not an image`, hint);
  }
  const warnings: string[] = [];
  const shape = shapeOf(fields, name);
  const dtype = dtypeOf(fields, name, warnings);
  const headerBytes = fields.version === 1 ? NIFTI1_BYTES : NIFTI2_BYTES;
  if (fields.singleFile && !(fields.voxOffset >= headerBytes + 4)) {
    const what = `vox_offset must be at least ${headerBytes + 4} in a single file, got ${fields.voxOffset}`;
    failToRead(name, what, EXPORT_AGAIN);
  }
  if (!fields.singleFile)
    warnings.push("This is the header of a pair: the voxels are in the .img file beside it");
  const spacingMm = spacingOf(fields, shape, name, warnings);
  const { affine, affineSource } = bestAffine(fields, shape, spacingMm, name, warnings);
  warnOfUnits(fields, warnings);
  return {
    format: fields.version === 1 ? "NIfTI-1" : "NIfTI-2",
    littleEndian: fields.littleEndian,
    shape,
    spacingMm,
    affine,
    affineSource,
    orientation: orientationOf(affine),
    dtype: dtype.name,
    scale: scaleOf(fields, name),
    voxOffset: Math.trunc(fields.voxOffset),
    warnings,
    raw: new Uint8Array(bytes.subarray(0, headerBytes)),
  };
}
