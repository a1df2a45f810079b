import { describe, expect, test } from "vitest";
import { findOrientation } from "../../src/dataset/orientation.ts";
import type { CaseEntry, DatasetIndex } from "../../src/dataset/types.ts";
import type { Affine } from "../../src/nifti/affine.ts";
import type { Plane } from "../../src/volume/orient.ts";
import {
  type Files,
  memoryFolder,
  niftiBytes,
  noInflate,
  rejection,
  withoutPlace,
} from "../support/data-folder.ts";

function indexOf(layout: "keras_slices" | "msd", cases: readonly (readonly string[])[]): DatasetIndex {
  const entries = cases.map((images, i): CaseEntry => {
    const files = images.map((image) => ({ name: image, image, mask: image }));
    return { id: `c${i}`, patient: `p${i}`, split: undefined, files };
  });
  const unit = layout === "keras_slices" ? "slice" : "volume";
  return { layout, unit, root: "data", labels: [], cases: entries, warnings: [], description: "" };
}

function find(index: DatasetIndex, files: Files, plane: Plane | "auto" = "auto") {
  return findOrientation(index, { folder: memoryFolder(files), inflate: noInflate, plane });
}

const CORONAL = (offset: number): Affine => [
  [-2, 0, 0, 0],
  [0, 0, 3, -4 * offset],
  [0, 2, 0, 0],
  [0, 0, 0, 1],
];

describe("findOrientation()", () => {
  const thick = { shape: [8, 8, 8], spacingMm: [1, 1, 3] } as const;
  const files: Files = {
    "a.nii": niftiBytes(thick),
    "b.nii": niftiBytes({ ...thick, spacingMm: [3, 1, 1] }),
    "c.nii": niftiBytes(thick),
    "damaged.nii": new Uint8Array(400),
  };
  const volumes = indexOf("msd", [["b.nii"], ["damaged.nii"], ["a.nii"], ["c.nii"]]);

  test("of volumes: across the coarsest axis of most; damaged ones are left to the decoder", async () => {
    expect(await find(volumes, files)).toEqual({
      orientation: "LPS",
      reason: "axial slices, across the coarsest axis (axial where none is)",
    });
    expect((await find(indexOf("msd", [["b.nii"]]), files)).orientation).toBe("PSL");
  });

  test("of volumes: the plane that the user wants", async () => {
    expect(await find(volumes, files, "coronal")).toEqual({
      orientation: "LSP",
      reason: "coronal slices, as wanted",
    });
  });

  test("of 2D files that state no place: none", async () => {
    const flat = { "flat.nii": withoutPlace(niftiBytes({ shape: [8, 8] })) };
    expect(await find(indexOf("msd", [["flat.nii"]]), flat)).toEqual({
      orientation: undefined,
      reason: "images that do not say how they lie",
    });
  });

  const slices = (affineOf: (slice: number) => Affine): Files =>
    Object.fromEntries(
      [0, 1, 2].map((i) => [
        `s${i}.nii`,
        niftiBytes({ shape: [8, 6], affine: affineOf(i), spacingMm: [2, 2, 3] }),
      ]),
    );
  const stack = indexOf("keras_slices", [["s0.nii", "s1.nii", "s2.nii"]]);

  test("of slices: what their places say, the direction of their numbers too", async () => {
    expect(await find(stack, slices(CORONAL))).toEqual({
      orientation: "LSP",
      reason: "coronal slices, by their headers",
    });
    expect(
      (
        await find(
          stack,
          slices((i) => CORONAL(-i)),
        )
      ).orientation,
    ).toBe("LSA");
  });

  test("of slices that all state one place: the layout's coronal plane, or the wanted one", async () => {
    // Such as nibabel writes where it is given numpy.eye(4): axial by its letters, which no slice of HipMRI is.
    const identity: Affine = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ];
    const made = slices(() => identity);
    expect(await find(stack, made)).toEqual({
      orientation: "LSP",
      reason: "coronal slices, the layout's own: their headers do not say",
    });
    expect(await find(stack, made, "axial")).toEqual({
      orientation: "LPS",
      reason: "axial slices, as wanted: their headers do not say",
    });
  });

  test("refuses another plane than the one that slices state", async () => {
    expect(await rejection(find(stack, slices(CORONAL), "axial"))).toMatchObject({
      code: "bad-dataset",
      message: 'Cannot take the slices of "data" as axial: their headers say that they are coronal',
      hint: "Leave the plane out, or set it to coronal",
    });
  });
});
