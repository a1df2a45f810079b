/** Extensions of the header: https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields/nifti1fields_pages/extension.html */
import { EXPORT_AGAIN, failToRead } from "./fields.ts";
import type { NiftiExtension } from "./types.ts";

/** The four bytes behind a header: the first is not 0 where extensions follow. */
export const FLAG_BYTES = 4;
/** esize and ecode. */
const HEAD_BYTES = 8;
const STEP_BYTES = 16;

/**
 * Reads the extensions.
 * @param area what lies between the four flag bytes and the voxels, or the end of an .hdr file.
 * @param toTheEnd of an .hdr file all bytes are extensions; of a single file up to 15 may be left over.
 * @throws HipError "unreadable-image" where one does not fit into the area, as nibabel does.
 */
export function readExtensions(
  area: Uint8Array,
  options: {
    readonly name: string;
    readonly littleEndian: boolean;
    readonly toTheEnd: boolean;
    readonly warnings: string[];
  },
): readonly NiftiExtension[] {
  const { name, littleEndian, toTheEnd, warnings } = options;
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  const extensions: NiftiExtension[] = [];
  let at = 0;
  while (area.length - at >= (toTheEnd ? 1 : STEP_BYTES)) {
    const left = area.length - at;
    // nibabel refuses zeros behind the last one; NIfTI's C library stops there, as does this.
    if (extensions.length > 0 && area.subarray(at).every((byte) => byte === 0)) {
      warnings.push(`${left} bytes of zeros after the last header extension: taken as padding`);
      break;
    }
    const size = left >= HEAD_BYTES ? view.getInt32(at, littleEndian) : left;
    if (left < HEAD_BYTES || size < HEAD_BYTES || size > left) {
      const what = `header extension ${extensions.length + 1} must have ${HEAD_BYTES} to ${Math.max(left, HEAD_BYTES)} bytes, got ${size}`;
      failToRead(name, what, EXPORT_AGAIN);
    }
    if (size % STEP_BYTES !== 0) {
      warnings.push(
        `Header extension ${extensions.length + 1} has ${size} bytes, which is no multiple of ${STEP_BYTES}`,
      );
    }
    const bytes = new Uint8Array(area.subarray(at + HEAD_BYTES, at + size));
    extensions.push({ code: view.getInt32(at + 4, littleEndian), bytes });
    at += size;
  }
  return extensions;
}

/** The flag bytes and the extensions, little-endian, each padded with zeros to a multiple of 16 bytes. */
export function writeExtensions(extensions: readonly NiftiExtension[]): Uint8Array {
  const sizes = extensions.map(
    ({ bytes }) => STEP_BYTES * Math.ceil((HEAD_BYTES + bytes.length) / STEP_BYTES),
  );
  const out = new Uint8Array(sizes.reduce((sum, size) => sum + size, FLAG_BYTES));
  const view = new DataView(out.buffer);
  if (extensions.length > 0) out[0] = 1;
  let at = FLAG_BYTES;
  extensions.forEach(({ code, bytes }, i) => {
    view.setInt32(at, sizes[i]!, true);
    view.setInt32(at + 4, code, true);
    out.set(bytes, at + HEAD_BYTES);
    at += sizes[i]!;
  });
  return out;
}
