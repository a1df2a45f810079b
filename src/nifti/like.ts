/** Writes a mask or an image on the grid of one that was read. */

import { dtypeOfName } from "./dtype.ts";
import { writeExtensions } from "./extensions.ts";
import { readFields, writeFields } from "./fields.ts";
import type { NiftiHeader } from "./types.ts";
import {
  appendVoxels,
  checkArray,
  checkLength,
  DEFAULT_DESCRIPTION,
  type VoxelArray,
  type WrittenDtype,
} from "./voxel-array.ts";

export interface LikeOptions {
  /**
   * Also copies the reference's free text (descrip, aux_file, intent_name…) and extensions. Left out by default,
   * because both may name the patient.
   */
  readonly keepTexts?: boolean;
}

/**
 * The bytes of an uncompressed image on the reference's own grid, in its version of NIfTI: dim (trailing 1s kept),
 * pixdim, qform, sform, their codes, units and slice timing are the reference's to the last bit. Little-endian, one
 * file, no scaling.
 * @param data x fastest, as many values as the reference has voxels; the array type must be the dtype's.
 * @throws RangeError where the number or the type of the values differs.
 */
export function writeImageLike(
  reference: NiftiHeader,
  data: VoxelArray,
  dtype: WrittenDtype,
  options: LikeOptions = {},
): Uint8Array {
  checkLength(reference.shape, data.length);
  checkArray(data, dtype);
  const { code, bytes: itemBytes } = dtypeOfName(dtype);
  const kept = options.keepTexts === true;
  const extensions = writeExtensions(kept ? reference.extensions : []);
  const voxOffset = reference.raw.length + extensions.length;
  const head = writeFields(
    {
      ...readFields(reference.raw, "the reference header"),
      intentCode: 0,
      datatype: code,
      bitpix: 8 * itemBytes,
      voxOffset,
      sclSlope: 1,
      sclInter: 0,
    },
    { description: DEFAULT_DESCRIPTION, ...(kept ? { textsOf: reference.raw } : {}) },
  );
  const bytes = new Uint8Array(voxOffset + data.byteLength);
  bytes.set(head);
  bytes.set(extensions, head.length);
  appendVoxels(bytes, data, voxOffset);
  return bytes;
}

/**
 * writeImageLike() for uint8 labels.
 * @throws RangeError where the number of labels differs.
 */
export function writeMaskLike(
  reference: NiftiHeader,
  data: Uint8Array,
  options: LikeOptions = {},
): Uint8Array {
  return writeImageLike(reference, data, "uint8", options);
}
