/**
 * TensorBoard event files, as far as scalars need them.
 * Framing: TFRecord. Payload: tensorflow.Event (tensorflow/core/util/event.proto).
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { frameRecord } from "../core/tfrecord.ts";

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
