/** Writes NIfTI-1 single files: little-endian, uncompressed, equal bytes for equal input. */
import type { Affine } from "./affine.ts";
import { dtypeOfName } from "./dtype.ts";
import { writeExtensions } from "./extensions.ts";
import { NIFTI1_BYTES, writeFields } from "./fields.ts";
import { qformOfAffine } from "./quaternion.ts";
import {
  appendVoxels,
  checkArray,
  checkLength,
  DEFAULT_DESCRIPTION,
  type VoxelArray,
  type WrittenDtype,
} from "./voxel-array.ts";

export { type LikeOptions, writeImageLike, writeMaskLike } from "./like.ts";

/** NIfTI-1 counts voxels in int16. */
const MOST_PER_AXIS = 32767;

export interface WriteNiftiOptions {
  /** 1 to 7 sizes. */
  readonly shape: readonly number[];
  readonly dtype: WrittenDtype;
  /** x fastest; the array type must be the dtype's. */
  readonly data: VoxelArray;
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

/**
 * The bytes of a NIfTI-1 file with the affine as its sform (code 1, scanner), and as its qform too where the affine
 * is a rotation of `spacingMm`, perhaps mirrored; elsewhere qform_code is 0.
 * @throws RangeError where shape, data, dtype and spacing do not go together.
 */
export function writeNifti(options: WriteNiftiOptions): Uint8Array {
  const { shape, dtype, data, spacingMm, affine } = options;
  checkShape(shape, data.length);
  checkArray(data, dtype);
  // The file holds float32, where a number can still become 0 or infinite.
  if (!spacingMm.every((size) => Math.fround(size) > 0 && Number.isFinite(Math.fround(size)))) {
    throw new RangeError(`Spacing must be > 0 mm along each axis, got ${spacingMm.join(", ")}`);
  }
  if (!affine.flat().every((value) => Number.isFinite(Math.fround(value)))) {
    throw new RangeError("An affine must hold finite numbers");
  }
  const qform = qformOfAffine(affine, spacingMm);
  const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
  const noExtensions = writeExtensions([]);
  const voxOffset = NIFTI1_BYTES + noExtensions.length;
  const head = writeFields(
    {
      version: 1,
      littleEndian: true,
      singleFile: true,
      dimInfo: 0,
      dim: [shape.length, ...shape, ...ones(7 - shape.length)],
      intentCode: 0,
      datatype: dtypeOfName(dtype).code,
      bitpix: 8 * data.BYTES_PER_ELEMENT,
      sliceStart: 0,
      pixdim: [qform?.qfac ?? 1, ...spacingMm, ...ones(4)],
      voxOffset,
      sclSlope: 1,
      sclInter: 0,
      sliceEnd: 0,
      sliceCode: 0,
      xyztUnits: 2, // millimetres
      sliceDuration: 0,
      toffset: 0,
      glmin: 0,
      qformCode: qform === undefined ? 0 : 1,
      sformCode: 1,
      quatern: qform?.quaternion ?? [0, 0, 0],
      qoffset: qform?.offsetMm ?? [0, 0, 0],
      srow: [affine[0], affine[1], affine[2]],
    },
    { description: options.description ?? DEFAULT_DESCRIPTION },
  );
  const bytes = new Uint8Array(voxOffset + data.byteLength);
  bytes.set(head);
  appendVoxels(bytes, data, voxOffset);
  return bytes;
}
