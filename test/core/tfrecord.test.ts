import { describe, expect, test } from "vitest";
import { crc32c, frameRecord, maskedCrc32c, readRecord } from "../../src/core/tfrecord.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

describe("CRC-32C", () => {
  test("equals published values", () => {
    // The usual check value, and RFC 3720, appendix B.4.
    expect(crc32c(ascii("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  test("is masked by a rotation and a sum", () => {
    expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8);
    // From TensorBoard's own Python code.
    expect(maskedCrc32c(ascii("123456789"))).toBe(0xc78ab0e5);
  });
});

describe("frameRecord()", () => {
  test("puts sums around the length and the payload", () => {
    const record = frameRecord(ascii("abc"));
    const view = new DataView(record.buffer);
    expect(record.length).toBe(19);
    expect(view.getBigUint64(0, true)).toBe(3n);
    expect(view.getUint32(8, true)).toBe(maskedCrc32c(record.subarray(0, 8)));
    expect(record.subarray(12, 15)).toEqual(ascii("abc"));
    expect(view.getUint32(15, true)).toBe(maskedCrc32c(ascii("abc")));
  });
});

describe("readRecord()", () => {
  const two = join(frameRecord(ascii("abc")), frameRecord(ascii("de")));

  test("goes from record to record, also where the bytes lie within others", () => {
    const within = join(ascii("?"), two).subarray(1);
    expect(readRecord(within, 0)).toEqual({ kind: "record", payload: ascii("abc"), end: 19 });
    expect(readRecord(within, 19)).toEqual({ kind: "record", payload: ascii("de"), end: 37 });
  });

  test("calls the last record torn wherever it was cut", () => {
    for (let length = 20; length < two.length; length++)
      expect(readRecord(two.subarray(0, length), 19)).toEqual({ kind: "torn" });
  });

  test("calls the last record torn where zeros stand for its end or follow it", () => {
    for (let written = 19; written < two.length; written++) {
      const zeros = new Uint8Array(two.length - written + 8);
      expect(readRecord(join(two.subarray(0, written), zeros), 19)).toEqual({ kind: "torn" });
    }
    expect(readRecord(join(two, new Uint8Array(64)), 37)).toEqual({ kind: "torn" });
  });

  test("calls every changed byte before the last record damage", () => {
    for (let at = 0; at < 19; at++) {
      const changed = two.slice();
      changed[at] = changed[at]! ^ 1;
      expect(readRecord(changed, 0)).toEqual({ kind: "damaged" });
    }
  });
});
