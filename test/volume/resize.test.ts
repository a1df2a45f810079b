/** Golden values: torch 2.15, F.interpolate(align_corners=False), "bilinear" with antialias=True and "nearest-exact". */
import { describe, expect, test } from "vitest";
import { resizeLinear, resizeNearest } from "../../src/volume/resize.ts";

const FROM = { width: 7, height: 5 };
// biome-ignore format: one row of the image a line
const IMAGE = [
  1, 2, 5, 10, 6, 4, 4,
  10, 3, 9, 6, 5, 6, 9,
  8, 4, 2, 2, 4, 8, 3,
  6, 5, 6, 9, 3, 10, 8,
  4, 6, 10, 5, 2, 1, 2,
];
const linear = (width: number, height: number) =>
  resizeLinear(Float32Array.from(IMAGE), FROM, { width, height });
const nearest = (width: number, height: number) => [
  ...resizeNearest(Uint8Array.from(IMAGE), FROM, { width, height }),
];

function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(found[i]! - value), `pixel ${i}`).toBeLessThan(1.2e-5);
  });
}

describe("resizeLinear() agrees with torch", () => {
  test("shrinking both ways", () => {
    const expected = [3.90476, 6.29714, 6.18857, 5.56463, 6.1164, 4.35556, 4.92444, 6.4709, 5.32653, 7.30286];
    expectClose(linear(4, 3), [...expected, 4.11429, 4.59184]);
  });
  test("shrinking the width only", () => {
    const expected = [2.28571, 7.05882, 4.42857, 6.78571, 6.29412, 6.85714, 5, 2.94118, 5.35714, 5.57143];
    expectClose(linear(3, 5), [...expected, 6.70588, 7.78571, 6.14286, 5.29412, 1.57143]);
  });
  test("shrinking the height, enlarging the width", () => {
    const top = [6.5, 4.16667, 4.33333, 6.11111, 6.5, 5.33333, 5.55556, 6, 6];
    expectClose(linear(9, 2), [...top, 6, 5.33333, 5.66667, 6.38889, 6, 3.66667, 4.94444, 6, 5]);
  });
  test("enlarging both ways", () => {
    const found = linear(10, 8);
    expectClose(found.subarray(0, 10), [1, 1.55, 2.75, 4.85, 8.25, 8.6, 5.9, 4.5, 4, 4]);
    const third = [9.875, 6.12813, 4.4375, 8.2875, 6.73438, 5.46562, 4.99687, 5.82812, 7.25, 8.625];
    expectClose(found.subarray(20, 30), third);
    expectClose(found.subarray(70, 80), [4, 5.1, 7, 9.8, 6.75, 3.95, 1.95, 1.25, 1.45, 2]);
  });
  test("to a single pixel", () => {
    expectClose(linear(1, 1), [5.41394]);
  });
});

describe("resizeLinear()", () => {
  test("changes nothing where the size is the same, in a new array", () => {
    const image = Float32Array.from(IMAGE);
    const same = resizeLinear(image, FROM, FROM);
    expect(same).toEqual(image);
    expect(same).not.toBe(image);
  });
  test("keeps a constant image constant", () => {
    const found = resizeLinear(new Float32Array(35).fill(3), FROM, { width: 13, height: 2 });
    expectClose(
      found,
      Array.from({ length: 26 }, () => 3),
    );
  });
});

describe("resizeNearest()", () => {
  test("agrees with torch", () => {
    expect(nearest(4, 3)).toEqual([1, 5, 6, 4, 8, 2, 4, 3, 4, 10, 2, 2]);
    expect(nearest(3, 5)).toEqual([2, 10, 4, 3, 6, 6, 4, 2, 8, 5, 9, 10, 6, 5, 1]);
    expect(nearest(9, 2)).toEqual([10, 3, 3, 9, 6, 5, 6, 6, 9, 6, 5, 5, 6, 9, 3, 10, 10, 8]);
    expect(nearest(10, 8).slice(10, 30)).toEqual([
      1, 2, 2, 5, 10, 10, 6, 4, 4, 4, 10, 3, 3, 9, 6, 6, 5, 6, 6, 9,
    ]);
    expect(nearest(1, 1)).toEqual([2]);
  });
  test("invents no label", () => {
    const labels = Uint8Array.from({ length: 35 }, (_, i) => (i % 2) * 5);
    const found = resizeNearest(labels, FROM, { width: 31, height: 3 });
    expect([...new Set(found)].sort()).toEqual([0, 5]);
  });
  test("is undone by going back after enlarging by whole steps", () => {
    const large = resizeNearest(Uint8Array.from(IMAGE), FROM, { width: 21, height: 20 });
    expect([...resizeNearest(large, { width: 21, height: 20 }, FROM)]).toEqual(IMAGE);
  });
});

test.each([resizeLinear, resizeNearest])("%o rejects sizes that do not fit", (resize) => {
  const call = resize as (data: Float32Array & Uint8Array, from: typeof FROM, to: typeof FROM) => unknown;
  const data = new Float32Array(35) as unknown as Float32Array & Uint8Array;
  expect(() => call(data, { width: 6, height: 5 }, FROM)).toThrow(
    new RangeError("An image of 6 x 5 pixels has not 35 values"),
  );
  expect(() => call(data, FROM, { width: 0, height: 5 })).toThrow(
    new RangeError("Sizes must be whole numbers >= 1, got 7 x 5 to 0 x 5"),
  );
});
