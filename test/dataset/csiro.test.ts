import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";
import { type Files, memoryFolder, noInflate, rejection } from "../support/data-folder.ts";

const nothing = new Uint8Array();
const read = (files: Files) => readDataset(memoryFolder(files), "DATA", noInflate);

/** Paths of a CSIRO folder by the names of its files. */
function release(images: readonly string[], masks: readonly string[]): Files {
  const paths = [
    ...images.map((name) => `semantic_MRs_anon/${name}`),
    ...masks.map((name) => `semantic_labels_anon/${name}`),
  ];
  return Object.fromEntries(paths.map((path) => [path, nothing]));
}

test("the release: cases by man and week, in numeric order", async () => {
  const index = await read(
    release(
      ["Case_010_Week0_LFOV.nii.gz", "Case_004_Week10_LFOV.nii.gz", "Case_004_Week2_LFOV.nii.gz"],
      [
        "Case_004_Week2_SEMANTIC_LFOV.nii.gz",
        "Case_004_Week10_SEMANTIC_LFOV.nii.gz",
        "Case_010_Week0_SEMANTIC_LFOV.nii.gz",
      ],
    ),
  );
  expect(index).toMatchObject({
    layout: "csiro",
    unit: "volume",
    description: "HipMRI 3D release (CSIRO): 3 volumes of 2 patients, 6 labels",
    labels: HIPMRI_LABELS,
    warnings: [],
  });
  expect(index.cases.map(({ id, patient, split }) => [id, patient, split])).toEqual([
    ["case_004_week_2", "case_004", undefined],
    ["case_004_week_10", "case_004", undefined],
    ["case_010_week_0", "case_010", undefined],
  ]);
  expect(index.cases[0]?.files).toEqual([
    {
      name: "Case_004_Week2_LFOV",
      image: "semantic_MRs_anon/Case_004_Week2_LFOV.nii.gz",
      mask: "semantic_labels_anon/Case_004_Week2_SEMANTIC_LFOV.nii.gz",
    },
  ]);
});

test("the full 3D release has the split of the 2D one", async () => {
  const pairOf = (number: string) => [
    [`semantic_MRs_anon/Case_${number}_Week0_LFOV.nii.gz`, nothing],
    [`semantic_labels_anon/Case_${number}_Week0_SEMANTIC_LFOV.nii.gz`, nothing],
  ];
  const index = await read(Object.fromEntries(["004", "036", "042"].flatMap(pairOf)));
  expect(index.cases.map(({ split }) => split)).toEqual(["train", "validate", "test"]);
  // A man who is none of the 38: another data set of the same form.
  const other = await read(Object.fromEntries(["004", "036", "042", "050"].flatMap(pairOf)));
  expect(other.cases.map(({ split }) => split)).toEqual([undefined, undefined, undefined, undefined]);
});

test("the cluster's names are paired however they are written", async () => {
  const index = await read({
    "semantic_MRs/K019_Week1_LFOV.nii.gz": nothing,
    "semantic_MRs/k019_week2.nii": nothing,
    "semantic_MRs/B006_Week0_LFOV_gz.nii": nothing,
    "semantic_MRs/Case_040_Week_3_LFOV.nii.gz": nothing,
    "semantic_labels_only/K019_Week1_SEMANTIC_LFOV.nii": nothing,
    "semantic_labels_only/K019_WEEK2_SEMANTIC.nii.gz": nothing,
    "semantic_labels_only/B006_Week0_SEMANTIC.NII.GZ": nothing,
    "semantic_labels_only/case_040_Week3_SEMANTIC_LFOV.nii.gz": nothing,
  });
  expect(index).toMatchObject({
    layout: "csiro_cluster",
    description: "HipMRI volumes, cluster copy: 4 volumes of 3 patients, 6 labels",
    warnings: [],
  });
  expect(index.cases.map(({ id, patient }) => [id, patient])).toEqual([
    ["B006_week_0", "B006"],
    ["case_040_week_3", "case_040"],
    ["K019_week_1", "K019"],
    ["K019_week_2", "K019"],
  ]);
  expect(index.cases[3]?.files[0]).toMatchObject({
    image: "semantic_MRs/k019_week2.nii",
    mask: "semantic_labels_only/K019_WEEK2_SEMANTIC.nii.gz",
  });
});

test("a folder left by unzipping is looked into, with one line for all", async () => {
  const index = await read({
    ...release([], ["Case_005_Week0_SEMANTIC_LFOV.nii.gz"]),
    "semantic_MRs_anon/Case_004_Week0_LFOV.nii/Case_004_Week0_LFOV.nii": nothing,
    "semantic_MRs_anon/Case_004_Week0_LFOV.nii/.DS_Store": nothing,
    "semantic_MRs_anon/Case_005_Week0_LFOV.nii.gz/case_005_week0.nii": nothing,
    "semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii.gz/Case_004_Week0_SEMANTIC_LFOV.nii.gz": nothing,
  });
  expect(index.cases.map((entry) => entry.files[0]?.image)).toEqual([
    "semantic_MRs_anon/Case_004_Week0_LFOV.nii/Case_004_Week0_LFOV.nii",
    "semantic_MRs_anon/Case_005_Week0_LFOV.nii.gz/case_005_week0.nii",
  ]);
  expect(index.warnings).toEqual([
    '3 images lie in folders of their own names ("semantic_MRs_anon/Case_004_Week0_LFOV.nii/", "semantic_MRs_anon/Case_005_Week0_LFOV.nii.gz/", "semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii.gz/"), as some programs unzip them: read from there',
  ]);
});

test("missing partners, twins and a folder with another man's image are all told at once", async () => {
  const files: Files = {
    ...release(
      ["Case_004_Week0_LFOV.nii.gz", "Case_004_Week0_LFOV.nii", "Case_005_Week1_LFOV.nii.gz"],
      ["Case_004_Week0_SEMANTIC_LFOV.nii.gz", "Case_006_Week0_SEMANTIC_LFOV.nii.gz"],
    ),
    "semantic_MRs_anon/Case_007_Week0_LFOV.nii/Case_008_Week0_LFOV.nii": nothing,
  };
  expect(await rejection(read(files))).toEqual({
    code: "bad-dataset",
    message: 'Cannot pair the volumes of "DATA": 4 problems',
    hint: 'Each "semantic_MRs_anon/Case_004_Week0_LFOV.nii.gz" needs "semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii.gz", one file for each case and week: copy what is missing, or take what is too much away',
    problems: [
      'Folder "semantic_MRs_anon/Case_007_Week0_LFOV.nii/" must hold one image of its own name, found "Case_008_Week0_LFOV.nii"',
      '2 files are case_004 week 0: "semantic_MRs_anon/Case_004_Week0_LFOV.nii", "semantic_MRs_anon/Case_004_Week0_LFOV.nii.gz"',
      'Image "semantic_MRs_anon/Case_005_Week1_LFOV.nii.gz" lacks its mask of week 1 in "semantic_labels_anon"',
      'Mask "semantic_labels_anon/Case_006_Week0_SEMANTIC_LFOV.nii.gz" lacks its image of week 0 in "semantic_MRs_anon"',
    ],
  });
  expect((await rejection(read({ "semantic_labels_only/K019_Week1.nii": nothing }))).problems).toEqual([
    'Folder "semantic_labels_only" lacks its partner "semantic_MRs"',
  ]);
});

test("one man is one patient, however his number is padded", async () => {
  const index = await read({
    "semantic_MRs/K19_Week1.nii": nothing,
    "semantic_MRs/K019_Week2.nii": nothing,
    "semantic_labels_only/K019_Week1.nii": nothing,
    "semantic_labels_only/K19_Week2.nii": nothing,
  });
  expect(index.cases.map((entry) => entry.patient)).toEqual(["K019", "K019"]);
});

test("other files are left out with a warning", async () => {
  const files = release(
    ["Case_004_Week0_LFOV.nii.gz", "localiser.nii.gz", "list.csv", "README.md"],
    ["Case_004_Week0_SEMANTIC_LFOV.nii.gz"],
  );
  expect((await read(files)).warnings).toEqual([
    '"semantic_MRs_anon" holds 2 items whose name has no case and week, left out: "list.csv", "localiser.nii.gz"',
  ]);
});
