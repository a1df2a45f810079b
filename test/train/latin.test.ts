import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { makeSpread } from "../../src/train/latin.ts";

function draw(count: number, seed: number): readonly number[] {
  const spread = makeSpread(makeRandom(seed, "test", 0));
  return Array.from({ length: count }, spread);
}

describe("makeSpread()", () => {
  test.each([1, 2, 4, 8, 64])("of the first %i one lies in each equal part", (count) => {
    for (let seed = 0; seed < 20; seed++) {
      const parts = draw(count, seed).map((value) => Math.floor(value * count));
      expect(parts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, part) => part));
    }
  });

  test("between powers of two no part of the coarser division is empty, and none of the finer has two", () => {
    for (let seed = 0; seed < 20; seed++) {
      const values = draw(11, seed);
      expect(new Set(values.map((value) => Math.floor(value * 8))).size).toBe(8);
      expect(new Set(values.map((value) => Math.floor(value * 16))).size).toBe(11);
    }
  });

  test("the first numbers are the same however many are drawn, others for other seeds", () => {
    expect(draw(50, 3).slice(0, 7)).toEqual(draw(7, 3));
    expect(draw(7, 3)).not.toEqual(draw(7, 4));
  });

  test("the numbers are uniform, and fill their parts in no order", () => {
    const many = Array.from({ length: 400 }, (_, seed) => draw(3, seed));
    for (const k of [0, 1, 2]) {
      const mean = many.reduce((sum, values) => sum + values[k]!, 0) / many.length;
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.06);
    }
    const rising = many.filter(([a = 0, b = 0]) => a < b).length;
    expect(Math.abs(rising - 200)).toBeLessThan(50);
  });
});
