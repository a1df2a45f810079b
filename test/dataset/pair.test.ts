import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { findPair, pairIndex } from "../../src/dataset/pair.ts";
import { memoryFolder, niftiBytes, noInflate, rejection } from "../support/data-folder.ts";

const folder = memoryFolder({
  "a/P1_week0.nii": niftiBytes({ shape: [2, 2, 2] }),
  "b/mask.nii": niftiBytes({ shape: [2, 2, 2], value: (i) => i & 1 }),
  "b/empty.nii": niftiBytes({ shape: [2, 2, 2] }),
});
const base = { folder, image: "a/P1_week0.nii", mask: "b/mask.nii", inflate: noInflate };
const PROSTATE = [
  { id: 0, name: "background" },
  { id: 5, name: "prostate" },
];

test("pairIndex() makes one case for testing, with the mask's labels or the given ones", async () => {
  expect(await pairIndex(base)).toEqual({
    layout: "pair",
    unit: "volume",
    description:
      "One image and its mask: 1 volume of 1 patient, 2 labels (found in the masks: no dataset.json names them)",
    root: "a/P1_week0.nii",
    labels: [
      { id: 0, name: "background" },
      { id: 1, name: "label_1" },
    ],
    cases: [
      {
        id: "P1_week0",
        patient: "P1",
        split: "test",
        files: [{ name: "P1_week0", image: "a/P1_week0.nii", mask: "b/mask.nii" }],
      },
    ],
    warnings: [],
  });
  expect(await pairIndex({ ...base, labels: PROSTATE, root: "x" })).toMatchObject({
    root: "x",
    labels: PROSTATE,
    description: "One image and its mask: 1 volume of 1 patient, 2 labels",
  });
});

test("pairIndex() refuses one file twice, what is no image, and an empty mask without labels", async () => {
  expect(await rejection(pairIndex({ ...base, mask: base.image }))).toEqual({
    code: "usage",
    message: 'Image and mask must be two files, got "a/P1_week0.nii" twice',
    hint: "Give the image, then its mask",
    problems: [],
  });
  expect((await rejection(pairIndex({ ...base, mask: "b/mask.txt" }))).message).toBe(
    '"b/mask.txt" must be an image, by its ending such as .nii.gz',
  );
  expect((await rejection(pairIndex({ ...base, mask: "b/empty.nii" }))).message).toBe(
    'Cannot use "a/P1_week0.nii": no mask has a label other than 0 (1 mask read)',
  );
  expect((await pairIndex({ ...base, mask: "b/empty.nii", labels: PROSTATE })).cases).toHaveLength(1);
});

test.each([
  [["x.nii.gz", "x_seg.nii.gz"], "x_seg.nii.gz"],
  [["image.nii", "mask.nii.gz"], "mask.nii.gz"],
  [["Prostatex_0000.nii.gz", "Prostatex_0000_lab.nii.gz", "README.md"], "Prostatex_0000_lab.nii.gz"],
  [["labelled_t2.nii", "masked_t2.nii"], undefined],
  [["seg.nii", "mask.nii"], undefined],
  [["x.nii", "y.nii", "x_seg.nii"], undefined],
])("in the folder %j the mask is %s", (names, mask) => {
  expect(findPair(names.map((name) => ({ name, kind: "file" })))?.mask.fileName).toBe(mask);
});

test("a folder of one pair is read as such", async () => {
  const files = {
    "x.nii": niftiBytes({ shape: [2, 2] }),
    "x_seg.nii": niftiBytes({ shape: [2, 2], value: () => 3 }),
  };
  expect(await readDataset(memoryFolder(files), "DATA", noInflate)).toMatchObject({
    layout: "pair",
    unit: "slice",
    root: "DATA",
    cases: [{ id: "x", split: "test", files: [{ image: "x.nii", mask: "x_seg.nii" }] }],
  });
});
