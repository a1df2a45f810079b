import { describe, expect, test } from "vitest";
import { decodeValues, storedTypeOf } from "../../../src/formats/dicom/values.ts";

const ONE = { slope: 1, intercept: 0 };

function decode(
  bytes: readonly number[],
  type: Parameters<typeof decodeValues>[0]["type"],
  bits: { bitsStored: number; highBit: number },
  options: { littleEndian?: boolean; scale?: typeof ONE } = {},
): number[] {
  const { littleEndian = true, scale = ONE } = options;
  const size = type.endsWith("8") ? 1 : type.endsWith("16") ? 2 : type.endsWith("64") ? 8 : 4;
  const out = new Float32Array(bytes.length / size);
  decodeValues({ bytes: Uint8Array.from(bytes), type, littleEndian }, bits, scale, out);
  return [...out];
}

describe("decodeValues()", () => {
  test("spreads the sign of the stored bits, and drops others", () => {
    const twelve = { bitsStored: 12, highBit: 11 };
    expect(decode([0xff, 0xaf, 0x01, 0x58], "int16", twelve)).toEqual([-1, -2047]);
    expect(decode([0xff, 0xaf, 0x01, 0x58], "uint16", twelve)).toEqual([4095, 2049]);
    // Stored in the upper bits of their cells.
    expect(decode([0xf3, 0xff, 0x10, 0x80], "int16", { bitsStored: 12, highBit: 15 })).toEqual([-1, -2047]);
  });

  test("all whole widths", () => {
    expect(decode([0x80, 0x7f], "int8", { bitsStored: 8, highBit: 7 })).toEqual([-128, 127]);
    expect(decode([0xff], "uint8", { bitsStored: 8, highBit: 7 })).toEqual([255]);
    expect(decode([0, 0, 0, 0x80], "int32", { bitsStored: 32, highBit: 31 })).toEqual([-(2 ** 31)]);
    expect(decode([0, 0, 0, 0x80], "uint32", { bitsStored: 32, highBit: 31 })).toEqual([2 ** 31]);
  });

  test("big endian, slope and intercept", () => {
    const scale = { slope: 0.5, intercept: -1024 };
    const sixteen = { bitsStored: 16, highBit: 15 };
    expect(decode([0x01, 0x02], "uint16", sixteen, { littleEndian: false, scale })).toEqual([-895]);
  });

  test("floats", () => {
    const bits = { bitsStored: 0, highBit: 0 };
    expect(decode([...new Uint8Array(Float32Array.of(1.5).buffer)], "float32", bits)).toEqual([1.5]);
    expect(decode([...new Uint8Array(Float64Array.of(-2.25).buffer)], "float64", bits)).toEqual([-2.25]);
  });
});

describe("storedTypeOf()", () => {
  const format = { rows: 1, columns: 1, samplesPerPixel: 1, photometric: "MONOCHROME2", signed: false };

  test.each([
    [8, 8, 7, "uint8"],
    [16, 12, 11, "uint16"],
    [32, 32, 31, "uint32"],
    [12, 12, 11, undefined],
    [1, 1, 0, undefined],
    [16, 17, 16, undefined],
    [16, 12, 5, undefined],
    [16, 0, 15, undefined],
  ])("%i allocated, %i stored, high bit %i: %s", (bitsAllocated, bitsStored, highBit, expected) => {
    expect(storedTypeOf({ ...format, bitsAllocated, bitsStored, highBit }, "PixelData")).toBe(expected);
  });
});
