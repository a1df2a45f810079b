import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import { affineOfQform, FLOAT32_ZERO, qformOfAffine } from "../../src/nifti/quaternion.ts";

describe("qform", () => {
  test("affineOfQform() turns by the quaternion and mirrors by qfac", () => {
    // A quarter turn about z: (a, d) = (cos 45, sin 45).
    const quaternion = [0, 0, Math.SQRT1_2] as const;
    const affine = affineOfQform(
      { quaternion, offsetMm: [7, 8, 9], spacingMm: [2, 3, 4], qfac: -1 },
      FLOAT32_ZERO,
    );
    const expected = [
      [0, -3, 0, 7],
      [2, 0, 0, 8],
      [0, 0, -4, 9],
      [0, 0, 0, 1],
    ];
    affine.forEach((row, i) => {
      row.forEach((value, j) => {
        expect(value).toBeCloseTo(expected[i]![j]!, 12);
      });
    });
  });

  test("qformOfAffine() is undone by affineOfQform() for any rotation, half turns included", () => {
    const random = makeRandom(5, "quaternion");
    for (let i = 0; i < 300; i++) {
      const q = [random.normal(), random.normal(), random.normal(), random.normal()];
      if (i % 3 === 0) q[0] = 0;
      const length = Math.hypot(...q);
      const [a = 0, b = 0, c = 0, d = 0] = q.map((x) => (Math.sign(q[0]!) || 1) * (x / length));
      const quaternion = [b, c, d].map(Math.fround) as [number, number, number];
      expect(a).toBeGreaterThanOrEqual(0);
      const spacingMm = [random.between(0.3, 4), random.between(0.3, 4), random.between(0.3, 4)] as const;
      const qfac = i % 2 === 0 ? 1 : -1;
      const affine = affineOfQform({ quaternion, offsetMm: [1, 2, 3], spacingMm, qfac }, FLOAT32_ZERO);
      const again = qformOfAffine(affine, spacingMm);
      expect(again?.qfac).toBe(qfac);
      const back = affineOfQform(again!, FLOAT32_ZERO);
      back.flat().forEach((value, k) => {
        expect(Math.abs(value - affine.flat()[k]!)).toBeLessThan(1e-5 * 4);
      });
    }
  });

  test("qformOfAffine() is undefined for a shear and for other spacing", () => {
    expect(qformOfAffine(makeAffine([1, 0.01, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]), [1, 1, 1])).toBeUndefined();
    expect(qformOfAffine(makeAffine([2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]), [1, 1, 1])).toBeUndefined();
    expect(qformOfAffine(makeAffine([0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]), [1, 1, 1])).toBeUndefined();
  });
});
