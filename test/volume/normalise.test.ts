import { expect, test } from "vitest";
import { mean, standardDeviation } from "../../src/core/statistics.ts";
import { zScore } from "../../src/volume/normalise.ts";

test("zScore() gives mean 0 and population standard deviation 1, in a new array", () => {
  const values = Float32Array.of(2, 4, 4, 4, 5, 5, 7, 9);
  expect([...zScore(values)]).toEqual([-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]);
  expect(values[0]).toBe(2);
});

test("zScore() stays exact far from zero, as intensities up to millions need", () => {
  const values = Float32Array.from({ length: 100_000 }, (_, i) => 1_700_000 + (i % 16));
  const scored = zScore(values);
  expect(mean(scored)).toBeCloseTo(0, 6);
  expect(standardDeviation(scored)).toBeCloseTo(1, 6);
});

test("zScore() makes a constant image all zeros", () => {
  expect([...zScore(new Float32Array(7).fill(0.1))]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  expect(zScore(new Float32Array(0))).toEqual(new Float32Array(0));
});
