import { describe, expect, test } from "vitest";
import type { Affine } from "../../src/nifti/affine.ts";
import { reorientGrid } from "../../src/volume/orient.ts";
import { coarsestAxis, ownOrientation, planSlices } from "../../src/volume/slices.ts";
import type { Grid } from "../../src/volume/volume.ts";

const AXIAL: Affine = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];
/** First axis to the front, second to the feet, third to the right. */
const SAGITTAL: Affine = [
  [0, 0, 1, 0],
  [1, 0, 0, 0],
  [0, -1, 0, 0],
  [0, 0, 0, 1],
];
const FLAT: Affine = [
  [0, 0, 0, 0],
  [0, 0, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];

const grid = (
  spacingMm: Grid["spacingMm"],
  affine: Affine = AXIAL,
  shape: Grid["shape"] = [4, 5, 6],
): Grid => ({ shape, spacingMm, affine });

describe("coarsestAxis()", () => {
  test("of a volume is the axis with the largest spacing, if by more than 1 %", () => {
    expect(coarsestAxis(grid([3, 1, 1]))).toBe(0);
    expect(coarsestAxis(grid([1, 1.02, 1]))).toBe(1);
    expect(coarsestAxis(grid([0.5, 0.5, 3.6], SAGITTAL))).toBe(2);
  });
  test("else the one nearest to feet-head", () => {
    expect(coarsestAxis(grid([1, 1, 1]))).toBe(2);
    expect(coarsestAxis(grid([1, 1, 1], SAGITTAL))).toBe(1);
    expect(coarsestAxis(grid([1.68, 1.68, 1.56]))).toBe(2);
    expect(coarsestAxis(grid([1.005, 1, 1], SAGITTAL))).toBe(1);
  });
  test("of a 2D image is the axis with a single voxel", () => {
    expect(coarsestAxis(grid([1.68, 1.56, 1], AXIAL, [256, 128, 1]))).toBe(2);
    expect(coarsestAxis(grid([1, 1, 5], AXIAL, [1, 128, 64]))).toBe(0);
    expect(coarsestAxis(grid([1, 1, 5], AXIAL, [9, 1, 1]))).toBe(2);
  });
});

test("ownOrientation() is that of the plane across the coarsest axis", () => {
  expect(ownOrientation(grid([1, 1, 3]))).toBe("LPS");
  expect(ownOrientation(grid([1, 3, 1]))).toBe("LSP");
  expect(ownOrientation(grid([3, 1, 1]))).toBe("PSL");
  expect(ownOrientation(grid([1, 1, 3], SAGITTAL))).toBe("PSL");
  expect(ownOrientation(grid([1, 1, 3], FLAT))).toBe("LPS");
});

describe("planSlices()", () => {
  test("turns a volume to what is wanted", () => {
    const { turn, orientation, warning } = planSlices(grid([1, 1, 3]), { isPlaced: true, wanted: "LSP" });
    expect([orientation, warning]).toEqual(["LSP", undefined]);
    expect(turn).toEqual({ axes: [0, 2, 1], flips: [true, false, true] });
    expect(reorientGrid(grid([1, 2, 3]), turn)).toMatchObject({ shape: [4, 6, 5], spacingMm: [1, 3, 2] });
  });
  test("turns a volume that states no place as its reader assumed it", () => {
    expect(planSlices(grid([1, 1, 3], FLAT), { isPlaced: false, wanted: "LAS" })).toEqual({
      turn: { axes: [0, 1, 2], flips: [false, false, false] },
      orientation: "LAS",
    });
  });
  test("turns a 2D image within its plane", () => {
    const flat = grid([1, 1, 1], AXIAL, [4, 5, 1]);
    expect(planSlices(flat, { isPlaced: true, wanted: "PLS" })).toEqual({
      turn: { axes: [1, 0, 2], flips: [true, true, false] },
      orientation: "PLS",
    });
  });
  test("takes a picture upright: its rows run to the feet or the back", () => {
    const picture = grid([1, 1, 1], AXIAL, [4, 5, 1]);
    const flipsFor = (wanted: "LSP" | "LPS" | "PSL") =>
      planSlices(picture, { isPlaced: false, isPicture: true, wanted }).turn.flips;
    expect(flipsFor("LSP")).toEqual([false, true, false]);
    expect(flipsFor("PSL")).toEqual([false, true, false]);
    expect(flipsFor("LPS")).toEqual([false, false, false]);
  });
  test("takes a 2D image as it lies where it states no place, or another plane", () => {
    const turn = { axes: [1, 2, 0], flips: [false, false, false] };
    const flat = grid([1, 1, 1], AXIAL, [1, 4, 5]);
    expect(planSlices(flat, { isPlaced: false, wanted: "LSP" })).toEqual({ turn, orientation: "LSP" });
    expect(planSlices(flat, { isPlaced: false })).toEqual({ turn, orientation: undefined });
    expect(planSlices(flat, { isPlaced: true })).toEqual({ turn, orientation: undefined });
    expect(planSlices(flat, { isPlaced: true, wanted: "LSP" })).toEqual({
      turn,
      orientation: "LSP",
      warning: "its header says that it lies in the sagittal plane, expected coronal: taken as it lies",
    });
  });
});
