import { expect, test } from "vitest";
import {
  blurMatrix,
  composeMatrices,
  lowResolutionMatrix,
  type SparseMatrix,
  splineMatrix,
} from "../../src/augment/matrices.ts";

const apply = (matrix: SparseMatrix, x: readonly number[]): number[] =>
  matrix.map((taps) => taps.reduce((sum, { from, weight }) => sum + weight * x[from]!, 0));
const impulse = (extent: number, at: number): number[] =>
  Array.from({ length: extent }, (_, i) => (i === at ? 1 : 0));
const near = (found: readonly number[], expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 10);
};

test("a constant stays what it is under every map", () => {
  const constant = Array.from({ length: 11 }, () => 3);
  for (const matrix of [blurMatrix(11, 0), blurMatrix(11, 0.8), lowResolutionMatrix(11, 0.5)]) {
    near(apply(matrix, constant), constant);
  }
});

test("a blurred impulse is the Gaussian, by its definition", () => {
  const sigma = 0.7;
  const weights = [0, 1, 2].map((d) => Math.exp(-((d / sigma) ** 2) / 2));
  // Cut off at three deviations: 2.1, so at the third pixel.
  const tail = Math.exp(-((3 / sigma) ** 2) / 2);
  const total = weights[0]! + 2 * (weights[1]! + weights[2]! + tail);
  const found = apply(blurMatrix(15, sigma), impulse(15, 7));
  near(
    found.slice(7, 10),
    weights.map((weight) => weight / total),
  );
  expect(found[3]).toBe(0);
});

test("half the pixels: every second one is kept, and lines between them", () => {
  const matrix = lowResolutionMatrix(8, 0.5);
  // Pixels 1, 3, 5 and 7 are kept; they stand for the middles of pairs.
  near(apply(matrix, [0, 10, 0, 30, 0, 50, 0, 70]), [10, 15, 25, 35, 45, 55, 65, 70]);
  expect(lowResolutionMatrix(8, 1)).toEqual(blurMatrix(8, 0));
});

test("maps follow each other as their matrices multiply", () => {
  const x = [3, -1, 4, 1, -5, 9, 2, 6];
  const [blur, coarse] = [blurMatrix(8, 0.6), lowResolutionMatrix(8, 0.6)];
  near(apply(composeMatrices(coarse, blur), x), apply(coarse, apply(blur, x)));
});

test("spline weights of a pixel sum to 1, and equal control points give a constant field", () => {
  const matrix = splineMatrix(9, 5);
  for (let i = 0; i < 9; i++) {
    const row = Array.from(matrix.subarray(5 * i, 5 * i + 5));
    expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
  }
  // A cubic B-spline at its own control point weighs 1/6, 4/6, 1/6.
  near(
    Array.from(matrix.subarray(0, 5), (w) => Number(w.toFixed(6))),
    [0.166667, 0.666667, 0.166667, 0, 0],
  );
});
