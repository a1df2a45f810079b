/**
 * A decoded case as one block of bytes, for caches: reading it back costs a copy instead of 120 gunzips.
 *
 *     8  "HIPCASE1"
 *     4  uint32 1 in the writer's byte order: a machine of the other order rebuilds
 *     4  uint32 length of the JSON header, padded with blanks so that the image starts at a multiple of 4
 *        JSON header
 *        image: float32[depth * height * width]
 *        mask: uint8[depth * height * width]
 *     4  uint32 checksum of all bytes before
 */
import type { CaseEntry, DecodedCase } from "./types.ts";

/** Goes into every cache key: to be raised whenever decodeCase() gives other results for the same files. */
export const DECODER_VERSION = 3;

/** Of bytes to a uint32, e.g. CRC-32; `before` is that of the bytes before them. */
export type Checksum = (bytes: Uint8Array, before?: number) => number;

type CaseHeader = Omit<DecodedCase, "entry" | "image" | "mask">;

const MAGIC = new TextEncoder().encode("HIPCASE1");
const FIXED_BYTES = 16;

/** The block of a decoded case in pieces, which share the case's memory; its `entry` is not kept. */
export function writeCase(decoded: DecodedCase, checksum: Checksum): readonly Uint8Array[] {
  const { entry: _, image, mask, ...header } = decoded;
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(text.length / 4) * 4;
  const head = new Uint8Array(FIXED_BYTES + headerBytes);
  head.set(MAGIC, 0);
  head.set(uint32Bytes(1), 8);
  head.set(uint32Bytes(headerBytes), 12);
  head.fill(0x20, FIXED_BYTES).set(text, FIXED_BYTES);
  const pieces = [head, new Uint8Array(image.buffer, image.byteOffset, image.byteLength), mask];
  const sum = pieces.reduce((before, piece) => checksum(piece, before), 0);
  return [...pieces, uint32Bytes(sum)];
}

/** What writeCase() wrote, as views into `block`; undefined where it is anything else, or damaged. */
export function readCase(block: Uint8Array, entry: CaseEntry, checksum: Checksum): DecodedCase | undefined {
  // Node's Buffer is a Uint8Array whose slice() does not copy.
  const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
  if (bytes.length < FIXED_BYTES + 4 || MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined;
  if (readUint32(bytes, 8) !== 1) return undefined;
  if (readUint32(bytes, bytes.length - 4) !== checksum(bytes.subarray(0, -4))) return undefined;
  const imageAt = FIXED_BYTES + readUint32(bytes, 12);
  // The checksum held, so the header is the one that writeCase() wrote.
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(FIXED_BYTES, imageAt))) as CaseHeader;
  const voxels = header.width * header.height * header.depth;
  const maskAt = imageAt + 4 * voxels;
  if (bytes.length !== maskAt + voxels + 4) return undefined;
  const aligned = (bytes.byteOffset + imageAt) % 4 === 0;
  const image = aligned
    ? new Float32Array(bytes.buffer, bytes.byteOffset + imageAt, voxels)
    : new Float32Array(bytes.slice(imageAt, maskAt).buffer);
  return { ...header, entry, image, mask: bytes.subarray(maskAt, maskAt + voxels) };
}

function uint32Bytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new Uint32Array(bytes.slice(at, at + 4).buffer)[0]!;
}
