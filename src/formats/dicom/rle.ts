/** DICOM's run-length coding: PackBits over planes of bytes, the highest first (PS3.5 annex G). */
import { failToReadDicom } from "./parse.ts";

const HEADER_BYTES = 64;
const MOST_SEGMENTS = 15;

function decodeSegment(encoded: Uint8Array, out: Uint8Array, first: number, step: number): boolean {
  let to = first;
  let at = 0;
  while (at < encoded.length && to < out.length) {
    const control = encoded[at++]!;
    if (control === 128) continue;
    if (control < 128) {
      const count = control + 1;
      if (at + count > encoded.length) return false;
      for (let i = 0; i < count && to < out.length; i++, to += step) out[to] = encoded[at + i]!;
      at += count;
    } else {
      if (at >= encoded.length) return false;
      const value = encoded[at++]!;
      for (let i = 257 - control; i > 0 && to < out.length; i--, to += step) out[to] = value;
    }
  }
  return to >= out.length;
}

/** RLE shrinks to 2 bytes in 128 at most. */
const RLE_RATIO = 64;

/**
 * One frame of one sample per voxel, little endian.
 * @param bytesPerValue segments that the frame must have
 * @throws HipError "unreadable-image"
 */
export function decodeRle(
  encoded: Uint8Array,
  values: number,
  bytesPerValue: number,
  name: string,
): Uint8Array {
  if (encoded.length < HEADER_BYTES || values * bytesPerValue > encoded.length * RLE_RATIO) {
    failToReadDicom(name, `its RLE data has ${encoded.length} bytes, too few for ${values} voxels`);
  }
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== bytesPerValue || segments > MOST_SEGMENTS) {
    failToReadDicom(name, `its RLE data must have ${bytesPerValue} segments, found ${segments}`);
  }
  const out = new Uint8Array(values * bytesPerValue);
  for (let segment = 0; segment < segments; segment++) {
    const from = view.getUint32(4 + 4 * segment, true);
    const next = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : encoded.length;
    const whole =
      from >= HEADER_BYTES &&
      from <= next &&
      next <= encoded.length &&
      decodeSegment(encoded.subarray(from, next), out, bytesPerValue - 1 - segment, bytesPerValue);
    if (!whole) failToReadDicom(name, `segment ${segment + 1} of its RLE data is damaged or cut short`);
  }
  return out;
}
