/** A mask as a NIfTI file on the grid of the image it belongs to, whatever format that has. */
import type { NiftiHeader } from "../nifti/types.ts";
import { writeMaskLike, writeNifti } from "../nifti/write.ts";
import type { ImageHeader } from "../volume/image.ts";

const isNifti = (header: ImageHeader): header is NiftiHeader => "raw" in header;

/**
 * The uncompressed bytes of a uint8 mask: shape and affine are the image's. Of a NIfTI image every field that says
 * where its voxels lie is kept as it stands; texts and extensions of its header, which may name the
 * patient, are left out unless asked for.
 * @param labels as many as the image has voxels, in its order.
 */
export function writeMask(
  header: ImageHeader,
  labels: Uint8Array,
  options: { readonly keepTexts?: boolean } = {},
): Uint8Array {
  if (isNifti(header)) return writeMaskLike(header, labels, options);
  const { shape, spacingMm, affine } = header;
  return writeNifti({ shape, dtype: "uint8", data: labels, spacingMm, affine });
}
