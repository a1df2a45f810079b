import { describe, expect, test } from "vitest";
import { knownInput } from "../../src/predict/known-input.ts";

const shape = [1, 3, 64, 96] as const;
const image = knownInput(1, shape);
const channel = (c: number): Float32Array => image.subarray(c * 64 * 96, (c + 1) * 64 * 96);
const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

function correlation(a: Float32Array, b: Float32Array): number {
  const [ma, mb] = [meanOf(a), meanOf(b)];
  const product = meanOf(a.map((value, i) => (value - ma) * (b[i]! - mb)));
  return product / Math.sqrt(meanOf(a.map((v) => (v - ma) ** 2)) * meanOf(b.map((v) => (v - mb) ** 2)));
}

describe("knownInput()", () => {
  test("is the same each time, and another for another seed", () => {
    expect(knownInput(1, shape)).toEqual(image);
    expect(knownInput(2, shape)).not.toEqual(image);
  });
  test("has mean 0 and standard deviation 1, as images have that come to a network", () => {
    expect(meanOf(image)).toBeCloseTo(0, 6);
    expect(meanOf(image.map((value) => value * value))).toBeCloseTo(1, 5);
  });
  test("looks like an image: neighbouring pixels and slices are alike, not equal; corners are dark", () => {
    const right = channel(0).map((_, i) => channel(0)[Math.min(i + 1, 64 * 96 - 1)]!);
    expect(correlation(channel(0), right)).toBeGreaterThan(0.9);
    expect(correlation(channel(0), channel(2))).toBeGreaterThan(0.8);
    expect(correlation(channel(0), channel(2))).toBeLessThan(0.999);
    expect(image[0]).toBeLessThan(-0.5);
    expect(image[32 * 96 + 48]).toBeGreaterThan(0);
  });
  test("keeps these numbers: answers that models carry stand on them", () => {
    const some = [0, 1000, 3120, 9000, 18431].map((i) => image[i]!);
    expect(some).toMatchInlineSnapshot(`
      [
        -1.0168148279190063,
        0.8760736584663391,
        1.0429898500442505,
        0.44639813899993896,
        -0.8978954553604126,
      ]
    `);
  });
});
