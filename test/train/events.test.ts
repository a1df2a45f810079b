import { BinaryReader } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { maskedCrc32c } from "../../src/core/tfrecord.ts";
import { fileVersionRecord, scalarRecord, sessionStartRecord } from "../../src/train/events.ts";

/** The payload of a record whose two sums are right. */
function unframe(record: Uint8Array): Uint8Array {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const payload = record.subarray(12, record.length - 4);
  expect(view.getBigUint64(0, true)).toBe(BigInt(payload.length));
  expect(view.getUint32(8, true)).toBe(maskedCrc32c(record.subarray(0, 8)));
  expect(view.getUint32(record.length - 4, true)).toBe(maskedCrc32c(payload));
  return payload;
}

describe("records", () => {
  test("begin a file with its version, as TensorFlow writes it", () => {
    const payload = unframe(fileVersionRecord(0.5));
    expect(Buffer.from(payload).toString("hex")).toBe(
      `09000000000000e03f1a0d${Buffer.from("brain.Event:2").toString("hex")}`,
    );
  });

  test("hold a scalar with tag, step and time", () => {
    const event = new BinaryReader(
      unframe(scalarRecord({ tag: "dice/prostate", value: 0.75, step: 2 ** 40, wallTimeSeconds: 1.7e9 })),
    );
    expect(event.tag()[0]).toBe(1);
    expect(event.double()).toBe(1.7e9);
    expect(event.tag()[0]).toBe(2);
    expect(event.int64()).toBe(2n ** 40n);
    expect(event.tag()[0]).toBe(5);
    const summary = new BinaryReader(event.bytes());
    expect(event.pos).toBe(event.len);
    expect(summary.tag()[0]).toBe(1);
    const value = new BinaryReader(summary.bytes());
    expect(value.tag()[0]).toBe(1);
    expect(value.string()).toBe("dice/prostate");
    expect(value.tag()[0]).toBe(2);
    expect(value.float()).toBe(0.75);
    expect(value.pos).toBe(value.len);
  });

  test("tell of a restart", () => {
    const event = new BinaryReader(unframe(sessionStartRecord({ step: 7, wallTimeSeconds: 1 })));
    event.tag();
    event.double();
    expect(event.tag()[0]).toBe(2);
    expect(event.int64()).toBe(7n);
    expect(event.tag()[0]).toBe(7);
    expect([...event.bytes()]).toEqual([8, 1]);
  });
});
