/**
 * TensorBoard event files, as far as scalars need them.
 * Framing: TFRecord (tensorflow/core/lib/io/record_writer.h): u64 length, masked CRC-32C of it, payload, masked
 * CRC-32C of the payload, all little-endian. Payload: tensorflow.Event (tensorflow/core/util/event.proto).
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

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

/** One TFRecord: 16 bytes more than its payload. */
export function frameRecord(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(payload.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(payload.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(payload, 12);
  view.setUint32(12 + payload.length, maskedCrc32c(payload), true);
  return record;
}

/** The record that an event file starts with. @param wallTimeSeconds since 1970, as in every record. */
export function fileVersionRecord(wallTimeSeconds: number): Uint8Array<ArrayBuffer> {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(wallTimeSeconds);
  event.tag(3, WireType.LengthDelimited).string("brain.Event:2");
  return frameRecord(event.finish());
}

/** Tells TensorBoard that a run goes on at `step`: it forgets what earlier files say of that step and later ones. */
export function sessionStartRecord(options: {
  readonly step: number;
  readonly wallTimeSeconds: number;
}): Uint8Array<ArrayBuffer> {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(options.wallTimeSeconds);
  event.tag(2, WireType.Varint).int64(options.step);
  event.tag(7, WireType.LengthDelimited).fork(); // session_log
  event.tag(1, WireType.Varint).int32(1); // status = START
  event.join();
  return frameRecord(event.finish());
}

/** One point of one curve. @param options.value kept as float32. */
export function scalarRecord(options: {
  /** The curve's name; "/" makes groups: "dice/prostate". */
  readonly tag: string;
  readonly value: number;
  readonly step: number;
  readonly wallTimeSeconds: number;
}): Uint8Array<ArrayBuffer> {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(options.wallTimeSeconds);
  event.tag(2, WireType.Varint).int64(options.step);
  event.tag(5, WireType.LengthDelimited).fork(); // summary
  event.tag(1, WireType.LengthDelimited).fork(); // value
  event.tag(1, WireType.LengthDelimited).string(options.tag);
  event.tag(2, WireType.Bit32).float(options.value); // simple_value
  event.join().join();
  return frameRecord(event.finish());
}
