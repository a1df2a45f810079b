import { expect, test } from "vitest";
import { sliceIntensities } from "../../src/predict/intensity.ts";

test("a z-score gives mean 0 and population standard deviation 1, by slice or by volume", () => {
  const values = Float32Array.of(2, 4, 4, 4, 5, 5, 7, 9);
  expect(sliceIntensities(values, 8, { normalise: "zscore", over: "slice" })).toEqual([
    { shift: 5, scale: 0.5 },
  ]);
  expect(sliceIntensities(values, 4, { normalise: "zscore", over: "volume" })).toEqual([
    { shift: 5, scale: 0.5 },
    { shift: 5, scale: 0.5 },
  ]);
  expect(
    sliceIntensities(values, 4, { normalise: "zscore", over: "slice" }).map(({ shift }) => shift),
  ).toEqual([3.5, 6.5]);
});

test("it stays exact far from zero, as intensities up to millions need", () => {
  const values = Float32Array.from({ length: 100_000 }, (_, i) => 1_700_000 + (i % 16));
  const [{ shift, scale }] = sliceIntensities(values, values.length, {
    normalise: "zscore",
    over: "slice",
  }) as [{ shift: number; scale: number }];
  expect(shift).toBeCloseTo(1_700_007.5, 6);
  expect(scale).toBeCloseTo(1 / Math.sqrt(21.25), 8);
});

test("a constant image has nothing to scale", () => {
  const values = new Float32Array(7).fill(0.1);
  expect(sliceIntensities(values, 7, { normalise: "zscore", over: "slice" })).toEqual([
    { shift: values[0], scale: 0 },
  ]);
});

test("without normalisation nothing is changed", () => {
  expect(sliceIntensities(Float32Array.of(3, 9), 1, { normalise: "none", over: "slice" })).toEqual([
    { shift: 0, scale: 1 },
    { shift: 0, scale: 1 },
  ]);
});
