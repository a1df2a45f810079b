/**
 * Records that tell when they are damaged, one after another: TFRecord
 * (tensorflow/core/lib/io/record_writer.h). u64 length, masked CRC-32C of it, payload, masked CRC-32C of the
 * payload, all little-endian.
 */

/** Castagnoli's polynomial 0x1EDC6F41 with its bits reversed (RFC 3720, section 12.1). */
const CASTAGNOLI = 0x82f63b78;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  return crc;
});

/** CRC-32C of the bytes, in [0, 2^32). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** TFRecord's masking: a CRC over data that holds CRCs would be weak. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Bytes before a payload, and before and after it. */
const HEAD_BYTES = 12;
const FRAME_BYTES = 16;

/** One TFRecord: 16 bytes more than its payload. */
export function frameRecord(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(payload.length + FRAME_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(payload.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(payload, HEAD_BYTES);
  view.setUint32(HEAD_BYTES + payload.length, maskedCrc32c(payload), true);
  return record;
}

/** What stands at one place: a record, or the end cut off while it was written, or what no writer left there. */
export type FoundRecord =
  | { readonly kind: "record"; readonly payload: Uint8Array; readonly end: number }
  | { readonly kind: "torn" }
  | { readonly kind: "damaged" };

/**
 * The record at an offset. The last one counts as torn where it is not all there or only zeros follow, as some file
 * systems lengthen a file before they fill it: a killed writer leaves that. All else that fails a checksum is damage.
 */
export function readRecord(bytes: Uint8Array, offset: number): FoundRecord {
  const rest = bytes.subarray(offset);
  const unread = (end: number): FoundRecord => ({ kind: isEmpty(rest.subarray(end)) ? "torn" : "damaged" });
  if (rest.length < HEAD_BYTES || isEmpty(rest)) return { kind: "torn" };
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  if (view.getUint32(8, true) !== maskedCrc32c(rest.subarray(0, 8))) return unread(HEAD_BYTES);
  const length = Number(view.getBigUint64(0, true));
  if (length + FRAME_BYTES > rest.length) return { kind: "torn" };
  const payload = rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
  if (view.getUint32(HEAD_BYTES + length, true) !== maskedCrc32c(payload))
    return unread(length + FRAME_BYTES);
  return { kind: "record", payload, end: offset + length + FRAME_BYTES };
}

const isEmpty = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
