import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { keepFaults } from "../../src/dataset/pairing.ts";
import { type Files, memoryFolder, noInflate, rejection } from "../support/data-folder.ts";

const labels = new TextEncoder().encode('{"labels": {"background": 0, "prostate": 1}}');
const named = (...paths: readonly string[]): Files => ({
  "dataset.json": labels,
  ...Object.fromEntries(paths.map((path) => [path, new Uint8Array()])),
});
const readPart = (files: Files) =>
  readDataset(memoryFolder(files), "DATA", noInflate, undefined, { isPartial: true });

test("keepFaults() throws them unless the index is partial; no problem is no fault", async () => {
  const faults = { message: "Cannot pair", hint: "Copy", problems: ["a"] };
  expect(() => keepFaults(faults, false)).toThrow("Cannot pair");
  expect(keepFaults(faults, true)).toEqual({ faults });
  expect(keepFaults({ ...faults, problems: [] }, false)).toEqual({});
});

test.each([
  [
    "images_labels",
    ["images/a.nii", "images/b.nii", "labels/a.nii", "labels/c.nii"],
    "Cannot pair the images of",
    [
      'Image "images/b.nii" lacks its mask "labels/b.nii"',
      'Mask "labels/c.nii" lacks its image "images/c.nii"',
    ],
  ],
  [
    "msd",
    ["imagesTr/a.nii", "imagesTr/b.nii", "labelsTr/a.nii"],
    "Cannot pair the volumes of",
    ['Image "imagesTr/b.nii" lacks its mask "labelsTr/b.nii"'],
  ],
  [
    "csiro",
    [
      "semantic_MRs_anon/Case_004_Week0_LFOV.nii",
      "semantic_MRs_anon/Case_005_Week1_LFOV.nii",
      "semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii",
    ],
    "Cannot pair the volumes of",
    ['Image "semantic_MRs_anon/Case_005_Week1_LFOV.nii" lacks its mask of week 1 in "semantic_labels_anon"'],
  ],
  [
    "keras_slices",
    [
      "keras_slices_train/case_004_week_0_slice_0.nii",
      "keras_slices_train/case_004_week_0_slice_1.nii",
      "keras_slices_seg_train/seg_004_week_0_slice_0.nii",
      "keras_slices_test/case_040_week_0_slice_0.nii",
    ],
    "Cannot pair the slices of",
    [
      'Image "keras_slices_train/case_004_week_0_slice_1.nii" lacks its mask "keras_slices_seg_train/seg_004_week_0_slice_1.nii"',
      'Folder "keras_slices_test" lacks its partner "keras_slices_seg_test"',
    ],
  ],
] as const)(
  "a partial index of %s has what pairs, and the rest by name",
  async (layout, paths, message, problems) => {
    const files = named(...paths);
    const index = await readPart(files);
    expect(index).toMatchObject({ layout, warnings: [] });
    expect(index.cases.flatMap((entry) => entry.files.map(({ image }) => image))).toEqual([paths[0]]);
    expect(index.faults?.message).toMatch(new RegExp(`^${message} "DATA": \\d problems?$`));
    expect([...(index.faults?.problems ?? [])].sort()).toEqual([...problems].sort());
    // The same, as an error, where nobody asked for a part.
    const whole = await rejection(readDataset(memoryFolder(files), "DATA", noInflate));
    expect(whole).toMatchObject({
      code: "bad-dataset",
      message: index.faults?.message,
      hint: index.faults?.hint,
    });
  },
);

test("where nothing pairs there is no partial index", async () => {
  expect(await rejection(readPart(named("images/a.nii", "labels/b.nii")))).toMatchObject({
    message: 'Cannot pair the images of "DATA": 2 problems',
  });
});

test("a partial index has a case of two splits in each of them, and of equal slices the first", async () => {
  const index = await readPart(
    named(
      ...["train/images/a.nii", "train/labels/a.nii"],
      ...["val/images/a.nii", "val/labels/a.nii"],
      ...["val/images/b.nii", "val/labels/b.nii"],
    ),
  );
  expect(index.faults?.problems).toEqual([
    '"a" is in train and validate: all images of one patient belong into one split, and two patients need two names',
  ]);
  expect(index.cases.map(({ id, split, files }) => [id, split, files.map(({ image }) => image)])).toEqual([
    ["a", "train", ["train/images/a.nii"]],
    ["a", "validate", ["val/images/a.nii"]],
    ["b", "validate", ["val/images/b.nii"]],
  ]);
  const slices = await readPart(
    named(...["01", "1", "2"].flatMap((n) => [`images/a_slice_${n}.nii`, `labels/a_slice_${n}.nii`])),
  );
  expect(slices.faults?.problems).toEqual([
    '"images/a_slice_01.nii" and "images/a_slice_1.nii" are the same slice',
  ]);
  expect(slices.cases.map(({ files }) => files.length)).toEqual([2]);
});
