import { describe, expect, test } from "vitest";
import { boxOf, boxOfValue, checkVoxel, indexOf, rowStarts, sizeOf } from "../../src/edit/box.ts";
import { drawSlice } from "../metrics/masks.ts";

const shape = [4, 3, 2] as const;

describe("boxOf()", () => {
  test("is all of a volume, one slice across any axis, or a box as it is", () => {
    expect(boxOf("volume", shape)).toEqual({ first: [0, 0, 0], last: [3, 2, 1] });
    expect(boxOf({ axis: 0, slice: 3 }, shape)).toEqual({ first: [3, 0, 0], last: [3, 2, 1] });
    expect(boxOf({ axis: 1, slice: 2 }, shape)).toEqual({ first: [0, 2, 0], last: [3, 2, 1] });
    expect(boxOf({ axis: 2, slice: 1 }, shape)).toEqual({ first: [0, 0, 1], last: [3, 2, 1] });
    const box = { first: [1, 1, 0], last: [2, 1, 1] } as const;
    expect(boxOf(box, shape)).toEqual(box);
  });

  test("rejects what is outside", () => {
    expect(() => boxOf({ axis: 1, slice: 3 }, shape)).toThrow(
      new RangeError("Slice across axis 1 must be 0 to 2, got 3"),
    );
    expect(() => boxOf({ first: [0, 0, 0], last: [4, 0, 0] }, shape)).toThrow(
      new RangeError("Voxel must lie within 4x3x2, got 4, 0, 0"),
    );
    expect(() => checkVoxel([0, 0.5, 0], shape)).toThrow(RangeError);
    expect(() => checkVoxel([-1, 0, 0], shape)).toThrow(RangeError);
  });
});

describe("rowStarts()", () => {
  test("names each row's first voxel in memory's order", () => {
    // Slices of 12 voxels in rows of 4.
    const box = { first: [1, 1, 0], last: [2, 2, 1] } as const;
    expect(sizeOf(box)).toEqual([2, 2, 2]);
    expect([...rowStarts(box, shape)]).toEqual([5, 9, 17, 21]);
    expect(indexOf([1, 2, 1], shape)).toBe(21);
  });
});

describe("boxOfValue()", () => {
  test("is tight along every axis", () => {
    const mask = drawSlice("....", "..3.", "....", "....", "....", ".33.");
    expect(boxOfValue(mask, shape, 3)).toEqual({ first: [1, 1, 0], last: [2, 2, 1] });
  });
  test("is undefined where the value is nowhere", () => {
    expect(boxOfValue(new Uint8Array(24), shape, 3)).toBeUndefined();
  });
});
