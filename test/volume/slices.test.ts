import { describe, expect, test } from "vitest";
import { makeAffine } from "../../src/nifti/affine.ts";
import { coarsestAxis, fromSlices, toSlices } from "../../src/volume/slices.ts";
import type { Grid } from "../../src/volume/volume.ts";

const SHAPE = [4, 3, 2] as const;
/** Each voxel of a 4 x 3 x 2 volume says where it is: 100 z + 10 y + x. */
const VOLUME = Uint8Array.from(
  { length: 24 },
  (_, i) => 100 * Math.floor(i / 12) + 10 * (Math.floor(i / 4) % 3) + (i % 4),
);

describe("toSlices()", () => {
  test("across axis 2: width x, height y, depth z", () => {
    expect(toSlices(VOLUME, SHAPE, 2)).toEqual({ width: 4, height: 3, depth: 2, data: VOLUME });
    expect(toSlices(VOLUME, SHAPE, 2).data).not.toBe(VOLUME);
  });
  test("across axis 1: width x, height z, depth y", () => {
    const { data, ...size } = toSlices(VOLUME, SHAPE, 1);
    expect(size).toEqual({ width: 4, height: 2, depth: 3 });
    expect([...data.subarray(0, 8)]).toEqual([0, 1, 2, 3, 100, 101, 102, 103]);
    expect([...data.subarray(16)]).toEqual([20, 21, 22, 23, 120, 121, 122, 123]);
  });
  test("across axis 0: width y, height z, depth x", () => {
    const { data, ...size } = toSlices(VOLUME, SHAPE, 0);
    expect(size).toEqual({ width: 3, height: 2, depth: 4 });
    expect([...data.subarray(0, 6)]).toEqual([0, 10, 20, 100, 110, 120]);
    expect([...data.subarray(18)]).toEqual([3, 13, 23, 103, 113, 123]);
  });
  test.each([0, 1, 2] as const)("is undone by fromSlices() across axis %i, for both kinds", (axis) => {
    expect(fromSlices(toSlices(VOLUME, SHAPE, axis).data, SHAPE, axis)).toEqual(VOLUME);
    const shape = [7, 5, 6] as const;
    const image = Float32Array.from({ length: 210 }, (_, i) => Math.sin(i));
    const there = toSlices(image, shape, axis).data;
    expect(there).toBeInstanceOf(Float32Array);
    expect(fromSlices(there, shape, axis)).toEqual(image);
  });
  test("rejects another number of voxels", () => {
    const error = new RangeError("Shape 4 x 3 x 2 has not 23 voxels");
    expect(() => toSlices(VOLUME.subarray(1), SHAPE, 0)).toThrow(error);
    expect(() => fromSlices(VOLUME.subarray(1), SHAPE, 0)).toThrow(error);
  });
});

describe("coarsestAxis()", () => {
  const axial = makeAffine([-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0]);
  /** Axis 0 anterior, axis 1 inferior, axis 2 right. */
  const sagittal = makeAffine([0, 0, 1, 0], [1, 0, 0, 0], [0, -1, 0, 0]);
  const grid = (spacingMm: Grid["spacingMm"], affine = axial, shape: Grid["shape"] = [8, 8, 8]): Grid => ({
    shape,
    spacingMm,
    affine,
  });
  test("is the axis with the largest spacing", () => {
    expect(coarsestAxis(grid([3, 1, 1]))).toBe(0);
    expect(coarsestAxis(grid([1, 1.02, 1]))).toBe(1);
    expect(coarsestAxis(grid([0.5, 0.5, 3.6], sagittal))).toBe(2);
  });
  test("is the axial one where two spacings are within 1 %", () => {
    expect(coarsestAxis(grid([1, 1, 1]))).toBe(2);
    expect(coarsestAxis(grid([1, 1, 1], sagittal))).toBe(1);
    expect(coarsestAxis(grid([1.68, 1.68, 1.56]))).toBe(2);
    expect(coarsestAxis(grid([1.005, 1, 1], sagittal))).toBe(1);
  });
  test("is the axis of a single voxel in a 2D image, whatever the spacing", () => {
    expect(coarsestAxis(grid([1.68, 1.56, 1], axial, [256, 128, 1]))).toBe(2);
    expect(coarsestAxis(grid([1, 1, 5], axial, [1, 128, 64]))).toBe(0);
    expect(coarsestAxis(grid([1, 1, 5], axial, [9, 1, 1]))).toBe(2);
  });
});
