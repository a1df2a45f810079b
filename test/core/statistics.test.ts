/** Samples; means and percentiles are tested where they are used. */
import { expect, test } from "vitest";
import { sampleEvenly } from "../../src/core/statistics.ts";

test("a sample is even, in order, and the list itself where that is short", () => {
  const items = Array.from({ length: 10 }, (_, i) => i);
  expect(sampleEvenly(items, 10)).toBe(items);
  expect(sampleEvenly(items, 5)).toEqual([0, 2, 4, 6, 8]);
  expect(sampleEvenly(items, 3)).toEqual([0, 3, 6]);
  expect(sampleEvenly([], 3)).toEqual([]);
});
