/** Writes NIfTI-1 single files: little-endian, uncompressed, equal bytes for equal input. */
import { HipError } from "../core/errors.ts";
import type { Affine } from "./affine.ts";
import { type NiftiFields, readFields, WRITTEN_VOX_OFFSET, writeFields1 } from "./fields.ts";
import { qformOfAffine } from "./quaternion.ts";
import type { NiftiHeader } from "./types.ts";

const DEFAULT_DESCRIPTION = "hipmri-unet";
/** NIfTI-1 counts voxels in int16. */
const MOST_PER_AXIS = 32767;
const DATATYPES = { uint8: 2, int16: 4, float32: 16 } as const;
const ARRAYS = { uint8: Uint8Array, int16: Int16Array, float32: Float32Array } as const;
const HOST_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export interface WriteNiftiOptions {
  /** 1 to 7 sizes. */
  readonly shape: readonly number[];
  readonly dtype: "uint8" | "int16" | "float32";
  /** x fastest; the array type must be the dtype's. */
  readonly data: Uint8Array | Int16Array | Float32Array;
  readonly spacingMm: readonly [number, number, number];
  readonly affine: Affine;
  /** At most 79 ASCII characters. */
  readonly description?: string;
}

function checkShape(shape: readonly number[], length: number): void {
  if (shape.length < 1 || shape.length > 7) {
    throw new RangeError(`A NIfTI image has 1 to 7 axes, got ${shape.length}`);
  }
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 1 || n > MOST_PER_AXIS) {
      throw new RangeError(`A NIfTI-1 axis has 1 to ${MOST_PER_AXIS} voxels, got shape ${shape.join(" x ")}`);
    }
  }
  checkLength(shape, length);
}

function checkLength(shape: readonly number[], length: number): void {
  const voxels = shape.reduce((product, n) => product * n, 1);
  if (voxels !== length) {
    throw new RangeError(`Shape ${shape.join(" x ")} has ${voxels} voxels, got ${length} values`);
  }
}

/** Copies the voxels behind the header, in little-endian order. */
function appendVoxels(bytes: Uint8Array, data: Uint8Array | Int16Array | Float32Array): void {
  if (HOST_LITTLE_ENDIAN || data instanceof Uint8Array) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), WRITTEN_VOX_OFFSET);
    return;
  }
  const view = new DataView(bytes.buffer, WRITTEN_VOX_OFFSET);
  for (let i = 0; i < data.length; i++) {
    if (data instanceof Int16Array) view.setInt16(2 * i, data[i]!, true);
    else view.setFloat32(4 * i, data[i]!, true);
  }
}

/**
 * The bytes of a NIfTI-1 file with the affine as its sform (code 1, scanner), and as its qform too where the affine
 * is a rotation of `spacingMm`, perhaps mirrored; elsewhere qform_code is 0.
 * @throws RangeError where shape, data, dtype and spacing do not go together.
 */
export function writeNifti(options: WriteNiftiOptions): Uint8Array {
  const { shape, dtype, data, spacingMm, affine } = options;
  checkShape(shape, data.length);
  if (!(data instanceof ARRAYS[dtype])) {
    throw new RangeError(`Data for ${dtype} must be a ${ARRAYS[dtype].name}, got a ${data.constructor.name}`);
  }
  if (!spacingMm.every((size) => size > 0 && Number.isFinite(size))) {
    throw new RangeError(`Spacing must be > 0 mm along each axis, got ${spacingMm.join(", ")}`);
  }
  if (!affine.flat().every(Number.isFinite)) throw new RangeError("An affine must hold finite numbers");
  const qform = qformOfAffine(affine, spacingMm);
  const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
  const fields: NiftiFields = {
    version: 1,
    littleEndian: true,
    singleFile: true,
    dimInfo: 0,
    dim: [shape.length, ...shape, ...ones(7 - shape.length)],
    intentCode: 0,
    datatype: DATATYPES[dtype],
    bitpix: 8 * data.BYTES_PER_ELEMENT,
    pixdim: [qform?.qfac ?? 1, ...spacingMm, ...ones(4)],
    voxOffset: WRITTEN_VOX_OFFSET,
    sclSlope: 1,
    sclInter: 0,
    xyztUnits: 2, // millimetres
    toffset: 0,
    glmin: 0,
    qformCode: qform === undefined ? 0 : 1,
    sformCode: 1,
    quatern: qform?.quaternion ?? [0, 0, 0],
    qoffset: qform?.offsetMm ?? [0, 0, 0],
    srow: [affine[0], affine[1], affine[2]],
  };
  const bytes = writeFields1(fields, options.description ?? DEFAULT_DESCRIPTION, data.byteLength);
  appendVoxels(bytes, data);
  return bytes;
}

/**
 * The bytes of a uint8 mask on the reference's own grid: shape (trailing 1s kept), pixdim, qform, sform, their codes
 * and the units are the reference's. No text of its header is copied, because it may name the patient.
 * @param data labels, x fastest, as many as the reference has voxels.
 * @throws RangeError where the number of labels differs; HipError "bad-image" where a NIfTI-2 shape is too large.
 */
export function writeMaskLike(reference: NiftiHeader, data: Uint8Array): Uint8Array {
  checkLength(reference.shape, data.length);
  const fields = readFields(reference.raw, "the reference header");
  if (fields.dim.some((n) => n > MOST_PER_AXIS)) {
    throw new HipError(
      "bad-image",
      `Cannot write a NIfTI-1 mask: an axis has at most ${MOST_PER_AXIS} voxels, got ${reference.shape.join(" x ")}`,
      { hint: "Cut the NIfTI-2 image into parts before it is segmented" },
    );
  }
  const bytes = writeFields1(
    {
      ...fields,
      intentCode: 0,
      datatype: DATATYPES.uint8,
      bitpix: 8,
      sclSlope: 1,
      sclInter: 0,
    },
    DEFAULT_DESCRIPTION,
    data.length,
  );
  bytes.set(data, WRITTEN_VOX_OFFSET);
  return bytes;
}
