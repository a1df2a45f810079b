/** What a NIfTI header means, by nibabel's rules. */
import { orientationOf } from "./affine.ts";
import { type DtypeEntry, dtypeOfCode } from "./dtype.ts";
import {
  EXPORT_AGAIN,
  failToRead,
  failToUse,
  NIFTI1_BYTES,
  NIFTI2_BYTES,
  type NiftiFields,
  readFields,
} from "./fields.ts";
import { bestAffine, spacingOf } from "./placement.ts";
import type { NiftiExtension, NiftiHeader, NiftiUnits } from "./types.ts";

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
  const voxels = shape.reduce((product, n) => product * n, 1);
  // 64 bytes are more than any voxel has.
  if (!Number.isSafeInteger(64 * voxels)) {
    const what = `${shape.join(" x ")} voxels, more than any file can hold`;
    failToRead(name, `dim must be the image's true shape, got ${what}`, EXPORT_AGAIN);
  }
  return shape;
}

function dtypeOf(fields: NiftiFields, name: string, warnings: string[]): DtypeEntry {
  const dtype = dtypeOfCode(fields.datatype);
  if (fields.datatype === 1) {
    return failToRead(name, "voxels of 1 bit (datatype 1) are not supported", "Convert the image to uint8");
  }
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

/** nibabel's get_slope_inter(); "no scaling" is slope 1, intercept 0. */
function scaleOf(fields: NiftiFields, name: string): NiftiHeader["scale"] {
  const { sclSlope: slope, sclInter: intercept } = fields;
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) {
    failToUse(name, `scl_inter must be finite where scl_slope is ${slope}, got ${intercept}`, EXPORT_AGAIN);
  }
  return { slope, intercept };
}

const SPACE_UNITS: Readonly<Record<number, NiftiUnits["space"]>> = { 1: "m", 2: "mm", 3: "um" };
const TIME_UNITS: Readonly<Record<number, NiftiUnits["time"]>> = {
  8: "s",
  16: "ms",
  24: "us",
  32: "Hz",
  40: "ppm",
  48: "rad/s",
};

function unitsOf({ xyztUnits }: NiftiFields, warnings: string[]): NiftiUnits {
  const space = SPACE_UNITS[xyztUnits & 7] ?? "unknown";
  if (space === "m" || space === "um") {
    const unit = space === "m" ? "metres" : "micrometres";
    warnings.push(`xyzt_units says ${unit}: voxel sizes are taken as millimetres, as nibabel does`);
  }
  return { space, time: TIME_UNITS[xyztUnits & 0x38] ?? "unknown" };
}

/** nibabel's rules: at least 352 (NIfTI-2: 544) in a single file; in an .img any offset, mostly 0. */
function voxOffsetOf(fields: NiftiFields, headerBytes: number, name: string): number {
  const offset = Math.trunc(fields.voxOffset) + 0;
  const least = fields.singleFile ? headerBytes + 4 : 0;
  if (Number.isSafeInteger(offset) && offset >= least) return offset;
  const where = fields.singleFile ? "a single file" : "an .hdr/.img pair";
  const what = `vox_offset must be at least ${least} in ${where}, got ${fields.voxOffset}`;
  return failToRead(name, what, EXPORT_AGAIN);
}

/**
 * What fields say.
 * @param raw the header's own bytes.
 * @param warnings of what was read before; those of the fields are added.
 * @throws HipError as parseNiftiHeader().
 */
export function interpretFields(
  fields: NiftiFields,
  source: {
    readonly name: string;
    readonly raw: Uint8Array;
    readonly extensions: readonly NiftiExtension[];
    readonly warnings: readonly string[];
  },
): NiftiHeader {
  const { name, raw, extensions } = source;
  if (fields.version === 2 && fields.intentCode >= 3000 && fields.intentCode < 3100) {
    const hint = "Take the volume from which it was made; CIFTI-2 holds values on surfaces and in tables";
    failToRead(name, `it is CIFTI-2 (intent_code ${fields.intentCode}), not an image`, hint);
  }
  const warnings = [...source.warnings];
  const shape = shapeOf(fields, name);
  const dtype = dtypeOf(fields, name, warnings);
  const voxOffset = voxOffsetOf(fields, raw.length, name);
  const spacingMm = spacingOf(fields, shape, name, warnings);
  const { affine, affineSource } = bestAffine(fields, shape, spacingMm, name, warnings);
  const units = unitsOf(fields, warnings);
  return {
    format: fields.version === 1 ? "NIfTI-1" : "NIfTI-2",
    littleEndian: fields.littleEndian,
    shape,
    spacingMm,
    units,
    affine,
    affineSource,
    orientation: orientationOf(affine),
    dtype: dtype.name,
    scale: scaleOf(fields, name),
    voxOffset,
    extensions,
    warnings,
    raw,
  };
}

export const LONE_HEADER = "This is the header of a pair: the voxels are in the .img file beside it";

/**
 * Reads what the bytes of a header say. Complex, RGB and lone .hdr files are described too; extensions are left out.
 * @param bytes at least the first 348 (NIfTI-1) or 540 (NIfTI-2) bytes of the uncompressed file.
 * @param name the file's, for messages.
 * @throws HipError "unreadable-image" (no NIfTI, Analyze 7.5, CIFTI-2, damaged), "bad-image" (spacing <= 0, NaN in the affine)
 */
export function parseNiftiHeader(bytes: Uint8Array, name: string): NiftiHeader {
  const fields = readFields(bytes, name);
  const warnings = fields.singleFile ? [] : [LONE_HEADER];
  const raw = new Uint8Array(bytes.subarray(0, headerBytesOf(fields)));
  return interpretFields(fields, { name, raw, extensions: [], warnings });
}

export function headerBytesOf(fields: NiftiFields): number {
  return fields.version === 1 ? NIFTI1_BYTES : NIFTI2_BYTES;
}
