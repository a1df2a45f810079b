import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { patientOf } from "../../src/dataset/msd.ts";
import { type Files, memoryFolder, niftiBytes, noInflate, rejection } from "../support/data-folder.ts";

const nothing = new Uint8Array();
const read = (files: Files) => readDataset(memoryFolder(files), "DATA", noInflate);
const json = (content: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(content));
const maskOf = (labels: readonly number[]): Uint8Array =>
  niftiBytes({ shape: [labels.length, 1, 1], value: (i) => labels[i]! });

test.each([
  ["patient001_frame01", "patient001"],
  ["case_004_week_0", "case_004"],
  ["Case_004_Week0_LFOV", "Case_004"],
  ["K019_Week1_LFOV", "K019"],
  ["hippocampus_001", "hippocampus_001"],
  ["_frame01", "_frame01"],
  ["weekly_frames", "weekly_frames"],
])("the patient of %s is %s", (name, patient) => {
  expect(patientOf(name)).toBe(patient);
});

test("volumes are paired, with or without the channel number, in natural order", async () => {
  const index = await read({
    "dataset.json": json({ labels: { "0": "background", "1": "Prostate" } }),
    "imagesTr/p10_frame01.nii.gz": nothing,
    "labelsTr/p10_frame01.nii.gz": nothing,
    "imagesTr/p9_frame12_0000.nii.gz": nothing,
    "labelsTr/p9_frame12.nii": nothing,
    "imagesTr/x_0001.nii.gz": nothing,
    "labelsTr/x_0001.nii.gz": nothing,
    "imagesTr/.DS_Store": nothing,
    "imagesTs/z.nii.gz": nothing,
  });
  expect(index).toEqual({
    layout: "msd",
    root: "DATA",
    labels: [
      { id: 0, name: "background" },
      { id: 1, name: "prostate" },
    ],
    warnings: [],
    cases: [
      {
        id: "p9_frame12",
        patient: "p9",
        split: undefined,
        files: [
          {
            name: "p9_frame12_0000",
            image: "imagesTr/p9_frame12_0000.nii.gz",
            mask: "labelsTr/p9_frame12.nii",
          },
        ],
      },
      {
        id: "p10_frame01",
        patient: "p10",
        split: undefined,
        files: [
          {
            name: "p10_frame01",
            image: "imagesTr/p10_frame01.nii.gz",
            mask: "labelsTr/p10_frame01.nii.gz",
          },
        ],
      },
      {
        id: "x_0001",
        patient: "x_0001",
        split: undefined,
        files: [{ name: "x_0001", image: "imagesTr/x_0001.nii.gz", mask: "labelsTr/x_0001.nii.gz" }],
      },
    ],
  });
});

test("every missing partner is named at once", async () => {
  const files: Files = {
    "imagesTr/a_0000.nii.gz": nothing,
    "imagesTr/b.nii.gz": nothing,
    "imagesTr/b.nii": nothing,
    "labelsTr/b.nii.gz": nothing,
    "labelsTr/c.nii.gz": nothing,
  };
  expect(await rejection(read(files))).toEqual({
    code: "bad-dataset",
    message: 'Cannot pair the volumes of "DATA": 3 problems',
    hint: 'Each "imagesTr/NAME.nii.gz" (or NAME_0000.nii.gz) needs "labelsTr/NAME.nii.gz": copy what is missing, or take its partner away',
    problems: [
      '"imagesTr/b.nii" and "imagesTr/b.nii.gz" have the same name',
      'Image "imagesTr/a_0000.nii.gz" lacks its mask "labelsTr/a.nii.gz"',
      'Mask "labelsTr/c.nii.gz" lacks its image "imagesTr/c.nii.gz"',
    ],
  });
  expect((await rejection(read({ "imagesTr/a.nii": nothing }))).problems).toEqual([
    'Folder "imagesTr" lacks its partner "labelsTr"',
  ]);
});

test("further channels and strange files are left out with a warning", async () => {
  const index = await read({
    "dataset.json": json({ labels: { background: 0, prostate: 1 } }),
    "imagesTr/a_0000.nii.gz": nothing,
    "imagesTr/a_0001.nii.gz": nothing,
    "imagesTr/list.csv": nothing,
    "labelsTr/a.nii.gz": nothing,
  });
  expect(index.cases.map((entry) => entry.id)).toEqual(["a"]);
  expect(index.warnings).toEqual([
    '"imagesTr" holds 1 item that is no NIfTI file, left out: "list.csv"',
    'Only the first channel (_0000) of each image is used; 1 file left out: "a_0001.nii.gz"',
  ]);
});

test("without names the labels are those of all masks", async () => {
  const files: Files = {
    "imagesTr/hippocampus_1.nii": nothing,
    "labelsTr/hippocampus_1.nii": maskOf([7, 7, 1]),
    "imagesTr/hippocampus_2.nii": nothing,
    "labelsTr/hippocampus_2.nii": maskOf([3, 1, 1]),
  };
  const labels = [
    { id: 0, name: "background" },
    { id: 1, name: "label_1" },
    { id: 3, name: "label_3" },
    { id: 7, name: "label_7" },
  ];
  expect((await read(files)).labels).toEqual(labels);
  expect((await read({ ...files, "dataset.json": json({ name: "x" }) })).labels).toEqual(labels);
  files["labelsTr/hippocampus_1.nii"] = maskOf([0, 0]);
  files["labelsTr/hippocampus_2.nii"] = maskOf([0]);
  expect(await rejection(read(files))).toMatchObject({
    code: "bad-dataset",
    message: 'Cannot use "DATA": no mask has a label other than 0 (2 masks read)',
  });
});

test("masks that cannot be used are all named", async () => {
  const files: Files = {
    "imagesTr/a.nii": nothing,
    "labelsTr/a.nii": maskOf([1, 0.5, 0.25]),
    "imagesTr/b.nii": nothing,
    "labelsTr/b.nii": maskOf([1]),
  };
  const problem =
    'Cannot use mask "labelsTr/a.nii": labels must be whole numbers from 0 to 254, got 0.5 at voxel [1, 0, 0] (2 such voxels)';
  expect(await rejection(read(files))).toMatchObject({ code: "bad-mask", message: problem });
  files["labelsTr/b.nii"] = maskOf([300]);
  expect(await rejection(read(files))).toMatchObject({
    code: "bad-dataset",
    message: "Cannot find the labels: 2 masks of 2 cannot be used",
    problems: [
      problem,
      'Cannot use mask "labelsTr/b.nii": labels must be whole numbers from 0 to 254, got 300 at voxel [0, 0, 0] (1 such voxel)',
    ],
  });
});
