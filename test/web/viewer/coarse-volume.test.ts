import { describe, expect, test } from "vitest";
import { coarseBox, coarseMatrix, coarseShape, sampleBox } from "../../../web/src/viewer/coarse-volume.ts";
import type { Triple, VoxelBox } from "../../../web/src/viewer/viewer.ts";

const FINE: Triple = [7, 5, 3];
const COARSE = coarseShape(FINE, 4);
const all = (shape: Triple): VoxelBox => ({
  from: [0, 0, 0],
  to: [shape[0] - 1, shape[1] - 1, shape[2] - 1],
});
/** Each voxel says where it is. */
const places = Float32Array.from(
  { length: 7 * 5 * 3 },
  (_, i) => (i % 7) + 10 * (Math.floor(i / 7) % 5) + 100 * Math.floor(i / 35),
);

describe("a coarse volume", () => {
  test("has the value in the middle of each of its voxels", () => {
    expect(COARSE).toEqual([4, 4, 3]);
    const out = new Float32Array(4 * 4 * 3);
    sampleBox(places, FINE, out, COARSE, all(COARSE));
    expect([...out.subarray(0, 4)]).toEqual([0, 2, 4, 6]);
    expect(out.at(-1)).toBe(6 + 40 + 200);
  });

  test("changed box by box is what it is when made anew", () => {
    for (const box of [
      { from: [0, 0, 0], to: [6, 4, 2] },
      { from: [2, 1, 1], to: [4, 3, 1] },
      { from: [1, 1, 0], to: [1, 1, 0] },
    ] as const satisfies readonly VoxelBox[]) {
      const fine = new Float32Array(places.length);
      for (let z = box.from[2]; z <= box.to[2]; z++)
        for (let y = box.from[1]; y <= box.to[1]; y++)
          for (let x = box.from[0]; x <= box.to[0]; x++) fine[x + 7 * (y + 5 * z)] = 1;
      const anew = new Float32Array(4 * 4 * 3);
      sampleBox(fine, FINE, anew, COARSE, all(COARSE));
      const changed = new Float32Array(4 * 4 * 3);
      const part = coarseBox(box, FINE, COARSE);
      if (part !== undefined) sampleBox(fine, FINE, changed, COARSE, part);
      expect([...changed]).toEqual([...anew]);
    }
  });

  test("lies where the fine one lies", () => {
    const matrix = [2, 0, 0, 10, 0, 3, 0, 20, 0, 0, 4, 30, 0, 0, 0, 1];
    const coarse = coarseMatrix(matrix, FINE, COARSE);
    const at = (m: ArrayLike<number>, row: number, i: number): number => m[5 * row]! * i + m[4 * row + 3]!;
    for (const axis of [0, 1, 2] as const) {
      // Both outer faces.
      expect(at(coarse, axis, -0.5)).toBeCloseTo(at(matrix, axis, -0.5), 4);
      expect(at(coarse, axis, COARSE[axis] - 0.5)).toBeCloseTo(at(matrix, axis, FINE[axis] - 0.5), 4);
    }
  });
});
