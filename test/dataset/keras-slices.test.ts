import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";
import { addSlice, type Files, memoryFolder, noInflate, rejection } from "../support/data-folder.ts";

const nothing = new Uint8Array();
const read = (files: Files) => readDataset(memoryFolder(files), "DATA", noInflate);

test("cases, weeks and slices are in numeric order and the split is the folder's", async () => {
  const files: Files = {};
  for (const slice of [10, 9, 2, 0, 1, 3, 4, 5, 6, 7, 8])
    addSlice(files, { split: "train", case: "004", week: 0, slice });
  for (const week of [10, 2]) addSlice(files, { split: "train", case: "004", week, slice: 0 });
  addSlice(files, { split: "train", case: "1004", week: 0, slice: 0 });
  addSlice(files, { split: "test", case: "040", week: 0, slice: 0 });
  const index = await read(files);
  expect(index).toMatchObject({
    layout: "keras_slices",
    unit: "slice",
    description: "2D slices in HipMRI's layout: 15 slices of 5 volumes of 3 patients, 6 labels",
  });
  expect(index.labels).toEqual(HIPMRI_LABELS);
  expect(index.warnings).toEqual([]);
  expect(index.cases.map(({ id, patient, split }) => [id, patient, split])).toEqual([
    ["case_004_week_0", "case_004", "train"],
    ["case_004_week_2", "case_004", "train"],
    ["case_004_week_10", "case_004", "train"],
    ["case_1004_week_0", "case_1004", "train"],
    ["case_040_week_0", "case_040", "test"],
  ]);
  expect(index.cases[0]!.files.map((file) => file.name)).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((slice) => `case_004_week_0_slice_${slice}`),
  );
  expect(index.cases[4]!.files).toEqual([
    {
      name: "case_040_week_0_slice_0",
      image: "keras_slices_test/case_040_week_0_slice_0.nii",
      mask: "keras_slices_seg_test/seg_040_week_0_slice_0.nii",
    },
  ]);
});

test("the folder may be one level down, masks may be named as their images, and .nii goes with .nii.gz", async () => {
  const index = await read({
    "keras_slices_data/keras_slices_validate/case_036_week_0_slice_0.nii.gz": nothing,
    "keras_slices_data/keras_slices_seg_validate/case_036_week_0_slice_0.nii": nothing,
  });
  expect(index.cases).toEqual([
    {
      id: "case_036_week_0",
      patient: "case_036",
      split: "validate",
      files: [
        {
          name: "case_036_week_0_slice_0",
          image: "keras_slices_data/keras_slices_validate/case_036_week_0_slice_0.nii.gz",
          mask: "keras_slices_data/keras_slices_seg_validate/case_036_week_0_slice_0.nii",
        },
      ],
    },
  ]);
});

test("every missing partner is named at once", async () => {
  const files: Files = {
    "keras_slices_train/case_004_week_0_slice_0.nii.gz": nothing,
    "keras_slices_seg_train/seg_004_week_0_slice_1.nii.gz": nothing,
    "keras_slices_test/case_040_week_0_slice_0.nii.gz": nothing,
  };
  expect(await rejection(read(files))).toEqual({
    code: "bad-dataset",
    message: 'Cannot pair the slices of "DATA": 3 problems',
    hint: 'Each "case_004_week_0_slice_10.nii.gz" needs "seg_004_week_0_slice_10.nii.gz" in the "seg" folder of its split: copy what is missing, or take its partner away',
    problems: [
      'Image "keras_slices_train/case_004_week_0_slice_0.nii.gz" lacks its mask "keras_slices_seg_train/seg_004_week_0_slice_0.nii.gz"',
      'Mask "keras_slices_seg_train/seg_004_week_0_slice_1.nii.gz" lacks its image "keras_slices_train/case_004_week_0_slice_1.nii.gz"',
      'Folder "keras_slices_test" lacks its partner "keras_slices_seg_test"',
    ],
  });
});

test("at most 20 problems are listed", async () => {
  const files: Files = { "keras_slices_seg_train/": nothing };
  for (let slice = 0; slice < 25; slice++)
    files[`keras_slices_train/case_004_week_0_slice_${slice}.nii.gz`] = nothing;
  const { message, problems } = await rejection(read(files));
  expect(message).toBe('Cannot pair the slices of "DATA": 25 problems');
  expect(problems).toHaveLength(21);
  expect(problems[20]).toBe("and 5 more");
});

test("the same slice twice is a problem", async () => {
  const files: Files = {};
  addSlice(files, { split: "train", case: "004", week: 0, slice: 0 });
  files["keras_slices_train/case_004_week_0_slice_00.nii.gz"] = nothing;
  expect((await rejection(read(files))).problems).toEqual([
    '"keras_slices_train/case_004_week_0_slice_0.nii" and "keras_slices_train/case_004_week_0_slice_00.nii.gz" are the same slice',
  ]);
});

test("litter passes silently, strange names and missing slices are told", async () => {
  const files: Files = {};
  for (const slice of [3, 4, 7]) addSlice(files, { split: "train", case: "004", week: 0, slice });
  for (const name of [".DS_Store", "._case_004_week_0_slice_3.nii.gz", "Thumbs.db", "README.txt"]) {
    files[`keras_slices_train/${name}`] = nothing;
  }
  expect((await read(files)).warnings).toEqual([
    '"case_004_week_0" has slices 3 to 7 but 2 slices between them are missing',
  ]);
  for (const name of ["a.png", "b.nii.gz", "c10.txt", "c9.txt", "case_x.nii", "old/x.nii"]) {
    files[`keras_slices_seg_train/${name}`] = nothing;
  }
  expect((await read(files)).warnings[0]).toBe(
    '"keras_slices_seg_train" holds 6 items whose name is not that of a slice, left out: "a.png", "b.nii.gz", "c9.txt", "c10.txt", "case_x.nii" and 1 more',
  );
});

test("a patient in two splits is a warning", async () => {
  const files: Files = {};
  addSlice(files, { split: "train", case: "004", week: 0, slice: 0 });
  addSlice(files, { split: "test", case: "004", week: 1, slice: 0 });
  expect((await read(files)).warnings).toEqual([
    'Patient "case_004" is in 2 splits: train, test; figures of the held-out splits would be too good',
  ]);
});

test("PNG files of the second release are slices too, with and without .nii before their ending", async () => {
  const index = await read({
    "keras_slices_train/case_004_week_0_slice_0.nii.png": nothing,
    "keras_slices_seg_train/seg_004_week_0_slice_0.nii.png": nothing,
    "keras_slices_train/case_004_week_0_slice_1.png": nothing,
    "keras_slices_seg_train/seg_004_week_0_slice_1.nii.gz": nothing,
  });
  expect(index.warnings).toEqual([]);
  expect(index.cases.flatMap((entry) => entry.files)).toEqual([
    {
      name: "case_004_week_0_slice_0",
      image: "keras_slices_train/case_004_week_0_slice_0.nii.png",
      mask: "keras_slices_seg_train/seg_004_week_0_slice_0.nii.png",
    },
    {
      name: "case_004_week_0_slice_1",
      image: "keras_slices_train/case_004_week_0_slice_1.png",
      mask: "keras_slices_seg_train/seg_004_week_0_slice_1.nii.gz",
    },
  ]);
});

test("a dataset.json beside the folders names other labels", async () => {
  const files: Files = {
    "dataset.json": new TextEncoder().encode('{"labels": {"background": 0, "prostate": 1}}'),
  };
  addSlice(files, { split: "train", case: "004", week: 0, slice: 0 });
  expect(await read(files)).toMatchObject({
    labels: [
      { id: 0, name: "background" },
      { id: 1, name: "prostate" },
    ],
    description: "2D slices in HipMRI's layout: 1 slice of 1 patient, 2 labels",
  });
});

test.each(["val", "valid", "validation"])("the validate split may be called %s", async (name) => {
  const files: Files = {};
  addSlice(files, { split: "train", case: "004", week: 0, slice: 0 });
  addSlice(files, { split: "validate", case: "005", week: 0, slice: 0 });
  const named = Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [path.replace("_validate/", `_${name}/`), bytes]),
  );
  const index = await readDataset(memoryFolder(named), "DATA", noInflate);
  expect(index.cases.map(({ id, split }) => `${id} ${split}`)).toEqual([
    "case_004_week_0 train",
    "case_005_week_0 validate",
  ]);
  expect(index.warnings).toEqual([]);
  const both = await rejection(readDataset(memoryFolder({ ...files, ...named }), "DATA", noInflate));
  expect(both.problems).toEqual([
    `One folder of validate images and one of masks are expected, found "keras_slices_validate", "keras_slices_${name}", "keras_slices_seg_validate", "keras_slices_seg_${name}"`,
  ]);
});
