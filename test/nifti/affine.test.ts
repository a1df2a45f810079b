import { describe, expect, test } from "vitest";
import {
  type Affine,
  apply,
  determinant,
  makeAffine,
  orientationOf,
  voxelSizesMm,
} from "../../src/nifti/affine.ts";

const SCALE = makeAffine([2, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, 30]);
/** x to y, y to -x. */
const QUARTER_TURN = makeAffine([0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]);

describe("affine", () => {
  test("apply() takes a voxel index to millimetres", () => {
    expect(apply(SCALE, [1, 1, 0.5])).toEqual([12, 23, 32]);
    expect(apply(QUARTER_TURN, [1, 2, 3])).toEqual([-2, 1, 3]);
  });
  test("determinant() is the voxel volume, negative when mirrored", () => {
    expect(determinant(SCALE)).toBe(24);
    expect(determinant(makeAffine([0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]))).toBe(-1);
    expect(determinant(makeAffine([1, 2, 3, 0], [4, 5, 6, 0], [7, 8, 10, 0]))).toBe(-3);
  });
  test("voxelSizesMm() is the length of each column", () => {
    expect(voxelSizesMm(makeAffine([3, 0, 0, 9], [4, 0, -2, 9], [0, 1, 0, 9]))).toEqual([5, 1, 2]);
  });
});

/** Random rotations, zooms, flips and shears; the letters are nibabel 5.4.2's aff2axcodes ("?" for None). */
const NIBABEL: readonly [Affine, string][] = [
  [makeAffine([0.573, 0.058, 0.755, 19.2], [0.218, 0.185, 1.514, -4], [-0.245, 2.157, -0.527, 0.5]), "RSA"],
  [
    makeAffine([2.054, -0.01, 1.898, 20], [-0.956, -1.672, 1.617, -17.7], [1.167, -1.351, -2.016, -5.8]),
    "RPI",
  ],
  [
    makeAffine([-1.296, -2.072, 0.756, 14], [-2.537, 0.003, -0.725, -8.9], [-1.213, 2.208, 0.71, -21.5]),
    "PSR",
  ],
  [
    makeAffine([1.234, 1.312, 2.86, -12.2], [-2.363, 0.95, 1.189, 31.8], [0.304, 2.064, -2.365, -23.8]),
    "PSR",
  ],
  [
    makeAffine([-0.362, -2.038, 1.131, 15.1], [-1.424, 0.697, 0.74, 22.8], [-0.457, -0.559, -3.199, 7]),
    "PLI",
  ],
  [
    makeAffine([-1.187, 0.789, -0.921, -26.7], [2.283, 0.237, 0.498, 10.5], [-0.98, -0.768, -1.206, 17]),
    "ARI",
  ],
  [
    makeAffine([-2.177, 0.522, -1.567, -9.5], [-2.222, -0.814, -0.432, -16.4], [-2.514, 0.268, 1.739, -6.7]),
    "LPS",
  ],
  [makeAffine([-0.582, 0, 0.584, 32.6], [2.89, 0, 0.083, 5.4], [1.369, 0, 0.074, 3.9]), "A?R"],
];

describe("orientationOf()", () => {
  test.each(NIBABEL)("%j is nibabel's", (affine, letters) => {
    expect(orientationOf(affine)).toBe(letters);
  });
  test("names all 48 ways in which three axes can lie", () => {
    const rows = {
      R: [1, 0, 0],
      L: [-1, 0, 0],
      A: [0, 1, 0],
      P: [0, -1, 0],
      S: [0, 0, 1],
      I: [0, 0, -1],
    } as const;
    let count = 0;
    for (const [a, p] of Object.entries(rows)) {
      for (const [b, q] of Object.entries(rows)) {
        for (const [c, r] of Object.entries(rows)) {
          const affine = makeAffine([p[0], q[0], r[0], 5], [p[1], q[1], r[1], 6], [p[2], q[2], r[2], 7]);
          if (determinant(affine) === 0) continue;
          count++;
          expect(orientationOf(affine)).toBe(a + b + c);
        }
      }
    }
    expect(count).toBe(48);
  });
});
