import { describe, expect, test } from "vitest";
import { decodeVoxels, precisionWarnings } from "../../src/nifti/decode.ts";

const PLAIN = { slope: 1, intercept: 0 };
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe("decodeVoxels()", () => {
  test("scales wide values in float64, in more than one piece", () => {
    const stored = Int32Array.from({ length: 40_000 }, (_, i) => 2 ** 30 + i);
    const scale = { slope: 0.5, intercept: -(2 ** 29) };
    const values = decodeVoxels(bytesOf(stored), { dtype: "int32", littleEndian: true, scale });
    expect([...values]).toEqual(Array.from({ length: 40_000 }, (_, i) => i / 2));
  });
  test("rounds integers beyond 2^53 as float64 does", () => {
    const stored = BigInt64Array.of(2n ** 53n + 1n, -(2n ** 63n), 12n);
    const values = decodeVoxels(bytesOf(stored), { dtype: "int64", littleEndian: true, scale: PLAIN });
    expect([...values]).toEqual([2 ** 53, -(2 ** 63), 12]);
  });
  test.each([true, false])("uses the memory it may use, and no other (little-endian %j)", (littleEndian) => {
    const format = { dtype: "float32", littleEndian, scale: PLAIN } as const;
    const stored = bytesOf(Float32Array.of(1, 2, 3));
    const before = stored.slice();
    const copied = decodeVoxels(stored, format);
    expect(copied.buffer).not.toBe(stored.buffer);
    expect(stored).toEqual(before);
    expect(decodeVoxels(stored, { ...format, owned: true }).buffer).toBe(stored.buffer);
  });
});

describe("precisionWarnings()", () => {
  test.each(["int32", "uint32", "int64", "uint64"] as const)("tells of %s that float32 rounds", (dtype) => {
    expect(precisionWarnings(Float32Array.of(1, -16777215), dtype, PLAIN)).toEqual([]);
    expect(precisionWarnings(Float32Array.of(1, -16777216), dtype, PLAIN)).toEqual([
      "Integers from 16777216 on (here up to 16777216) are rounded to float32",
    ]);
    expect(precisionWarnings(Float32Array.of(1e9), dtype, { slope: 2, intercept: 0 })).toEqual([]);
  });
  test("tells of values that became infinite", () => {
    const infinite = "Some values are infinite: stored so, or beyond the range of float32 (3.4e38)";
    const values = Float32Array.of(0, Number.NaN, Number.NEGATIVE_INFINITY);
    expect(precisionWarnings(values, "float64", PLAIN)).toEqual([infinite]);
    expect(precisionWarnings(values, "int16", { slope: 1e38, intercept: 0 })).toEqual([infinite]);
    expect(precisionWarnings(values, "float32", PLAIN)).toEqual([]);
    expect(precisionWarnings(values.subarray(0, 2), "float64", PLAIN)).toEqual([]);
  });
});
