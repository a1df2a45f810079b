import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { type Files, memoryFolder, niftiBytes, noInflate, rejection } from "../support/data-folder.ts";

const nothing = new Uint8Array();
const read = (files: Files) => readDataset(memoryFolder(files), "DATA", noInflate);
const labels = new TextEncoder().encode('{"labels": {"background": 0, "prostate": 1}}');
/** Files of these paths, with a dataset.json. */
const named = (...paths: readonly string[]): Files => ({
  "dataset.json": labels,
  ...Object.fromEntries(paths.map((path) => [path, nothing])),
});
const pairsOf = async (files: Files) =>
  (await read(files)).cases.flatMap((entry) => entry.files.map(({ image, mask }) => [image, mask]));

test("every file is a case, by equal names, in natural order", async () => {
  const index = await read(
    named("images/p10_week1.nii.gz", "labels/p10_week1.nii", "images/p9_week2.mha", "labels/p9_week2.nii.gz"),
  );
  expect(index).toMatchObject({
    layout: "images_labels",
    unit: "volume",
    description: "Folders of images and masks: 2 volumes of 2 patients, 2 labels",
    warnings: [],
  });
  expect(index.cases).toEqual([
    {
      id: "p9_week2",
      patient: "p9",
      split: undefined,
      files: [{ name: "p9_week2", image: "images/p9_week2.mha", mask: "labels/p9_week2.nii.gz" }],
    },
    {
      id: "p10_week1",
      patient: "p10",
      split: undefined,
      files: [{ name: "p10_week1", image: "images/p10_week1.nii.gz", mask: "labels/p10_week1.nii" }],
    },
  ]);
});

test.each([
  ["image", "label"],
  ["imgs", "masks"],
  ["Images", "Segmentations"],
  ["images", "masks"],
])("the folders may be %s and %s", async (images, masks) => {
  expect(await pairsOf(named(`${images}/a.nii`, `${masks}/a.nii`))).toEqual([
    [`${images}/a.nii`, `${masks}/a.nii`],
  ]);
});

test.each([
  [
    ["001.nii", "002.nii"],
    ["001_seg.nii", "002_seg.nii"],
  ],
  [
    ["001.nii", "002.nii"],
    ["seg_001.nii", "seg_002.nii"],
  ],
  [
    ["a.nii", "b.nii"],
    ["a-Label.nii.gz", "b-Label.nii.gz"],
  ],
  [
    ["image_1.nii", "image_2.nii"],
    ["mask_1.nii", "mask_2.nii"],
  ],
  [
    ["img001.nii", "img002.nii"],
    ["gt001.nii", "gt002.nii"],
  ],
  [
    ["a_0000.nii", "b_0000.nii"],
    ["a.nii", "b.nii"],
  ],
  [
    ["x_t2.nii", "y_t2.nii"],
    ["x_mask.nii", "y_mask.nii"],
  ],
  [
    ["BraTS20_001_flair.nii", "BraTS20_002_flair.nii"],
    ["BraTS20_001_seg.nii", "BraTS20_002_seg.nii"],
  ],
  [
    ["sub-01_T2w.nii", "sub-02_T2w.nii"],
    ["sub-01_T2w_dseg.nii", "sub-02_T2w_dseg.nii"],
  ],
])("%j go with %j", async (images, masks) => {
  const files = named(...images.map((name) => `images/${name}`), ...masks.map((name) => `masks/${name}`));
  expect(await pairsOf(files)).toEqual(images.map((name, i) => [`images/${name}`, `masks/${masks[i]}`]));
});

test("the case is named without what all images share at their end", async () => {
  const index = await read(named("images/a_0000.nii", "images/b_0000.nii", "labels/a.nii", "labels/b.nii"));
  expect(index.cases.map((entry) => [entry.id, entry.files[0]?.name])).toEqual([
    ["a", "a"],
    ["b", "b"],
  ]);
});

test("a suffix that not all masks share is none", async () => {
  const files = named("images/a.nii", "images/b.nii", "masks/a_seg.nii", "masks/b.nii", "masks/c.nii");
  expect(await rejection(read(files))).toEqual({
    code: "bad-dataset",
    message: 'Cannot pair the images of "DATA": 3 problems',
    hint: "Each image needs one mask of the same name, or with one prefix or suffix that all masks share (_seg, _mask, seg_ …): copy what is missing, or take its partner away",
    problems: [
      'Image "images/a.nii" lacks its mask "masks/a.nii"',
      'Mask "masks/a_seg.nii" lacks its image "images/a_seg.nii"',
      'Mask "masks/c.nii" lacks its image "images/c.nii"',
    ],
  });
});

test("missing partners are named with the suffix; twins are told", async () => {
  const files = named(
    "images/a.nii",
    "images/a.nii.gz",
    "images/b.nii.gz",
    "masks/a_seg.nii",
    "masks/c_seg.nii",
  );
  expect((await rejection(read(files))).problems).toEqual([
    '"images/a.nii" and "images/a.nii.gz" have the same name',
    'Image "images/b.nii.gz" lacks its mask "masks/b_seg.nii.gz"',
    'Mask "masks/c_seg.nii" lacks its image "images/c.nii"',
  ]);
});

test("the hint tells what names were compared without, or how to end twins", async () => {
  const lone = named("images/a_t2.nii", "images/b_t2.nii", "masks/a_seg.nii");
  expect(await rejection(read(lone))).toMatchObject({
    hint: expect.stringContaining(
      '; names were compared without "_t2" of the images and "_seg" of the masks: copy what is missing',
    ),
    problems: ['Image "images/b_t2.nii" lacks its mask "masks/b_seg.nii"'],
  });
  expect(await rejection(read(named("images/a.nii", "images/a.nii.gz", "masks/a.nii")))).toMatchObject({
    hint: "Keep one of the two files, or give the other another name",
    problems: ['"images/a.nii" and "images/a.nii.gz" have the same name'],
  });
});

test("nothing beside the folders of splits is dropped without a word", async () => {
  const inside = named(
    ...["images/train/a.nii", "labels/train/a.nii", "images/fold5/b.nii", "images/extra1.nii.gz"],
  );
  expect((await read(inside)).warnings).toEqual([
    '2 items beside "images/train" left out: "images/extra1.nii.gz", "images/fold5/"',
  ]);
  const train = ["train/images/a.nii", "train/masks/a.nii"];
  const partner = named(...train, "val/images/b.nii", "val/gt/b.nii");
  expect((await rejection(read(partner))).problems).toEqual([
    'Folder "val" must hold one folder of images ("images") and one of masks ("labels", "masks"), found "gt/", "images/"',
  ]);
  const twice = named(...train, "val/images/b.nii", "val/masks/b.nii", "val/labels/b.nii");
  expect((await rejection(read(twice))).problems).toEqual([
    'In "val": One folder of images and one of masks are expected, found "images", "labels", "masks"',
  ]);
  const rest = named(...train, "test/images/c.nii", "val/notes.txt", "fold5/x.nii");
  expect((await read(rest)).warnings).toEqual([
    '"val" has neither "images" nor "labels", left out: found "notes.txt"',
    '"test" has no masks to be judged by, left out',
    '1 item beside "train" left out: "fold5/"',
  ]);
});

test("two folders of masks are not guessed between", async () => {
  const files = named("images/a.nii", "masks/a.nii", "labels/a.nii");
  expect((await rejection(read(files))).problems).toEqual([
    'One folder of images and one of masks are expected, found "images", "labels", "masks"',
  ]);
});

test("sub-folders give the split; test images without masks are left out", async () => {
  const files = named(
    "images/train/a.nii",
    "labels/train/a.nii",
    "images/val/b.nii",
    "labels/val/b.nii",
    "images/test/c.nii",
  );
  const index = await read(files);
  expect(index.cases.map(({ id, split }) => [id, split])).toEqual([
    ["a", "train"],
    ["b", "validate"],
  ]);
  expect(index.warnings).toEqual(['"images/test" has no masks to be judged by, left out']);
  files["labels/test/d.nii"] = nothing;
  files["labels/Train/"] = nothing;
  files["images/validation/"] = nothing;
  expect((await rejection(read(files))).problems).toEqual([
    'One folder of train images and one of masks are expected, found "images/train", "labels/Train", "labels/train"',
    'One folder of validate images and one of masks are expected, found "images/val", "images/validation", "labels/val"',
    'Image "images/test/c.nii" lacks its mask "labels/test/c.nii"',
    'Mask "labels/test/d.nii" lacks its image "images/test/d.nii"',
  ]);
  const lone = named("images/train/a.nii", "labels/valid/a.nii");
  expect((await rejection(read(lone))).problems).toEqual([
    'Folder "images/train" lacks its partner "labels/train"',
    'Folder "labels/valid" lacks its partner "images/valid"',
  ]);
});

test("so do train/images and train/labels", async () => {
  const index = await read(
    named(
      "train/images/a.nii",
      "train/masks/a.nii",
      "test/images/b.nii",
      "test/masks/b.nii",
      "val/notes.txt",
    ),
  );
  expect(index.cases.map(({ id, split, files }) => [id, split, files[0]?.image])).toEqual([
    ["a", "train", "train/images/a.nii"],
    ["b", "test", "test/images/b.nii"],
  ]);
});

test("slices become cases, by number; gaps are told", async () => {
  const index = await read(
    named(
      ...[10, 9, 7].flatMap((n) => [`images/p1_week0_slice_${n}.png`, `masks/p1_week0_slice_${n}_mask.png`]),
      "images/p2_slice_000.png",
      "masks/p2_slice_000_mask.png",
    ),
  );
  expect(index).toMatchObject({
    unit: "slice",
    description: "Folders of images and masks: 4 slices of 2 volumes of 2 patients, 2 labels",
    warnings: ['"p1_week0" lacks 1 slice between its first and its last'],
  });
  expect(index.cases.map(({ id, patient, files }) => [id, patient, files.map((file) => file.name)])).toEqual([
    ["p1_week0", "p1", ["p1_week0_slice_7", "p1_week0_slice_9", "p1_week0_slice_10"]],
    ["p2", "p2", ["p2_slice_000"]],
  ]);
});

test("slices of one case in two splits, twins, and names of two kinds are problems", async () => {
  const files = named(
    ...["train/a_slice_0", "test/a_slice_1", "train/b_slice_1", "train/b_slice_01", "train/c"].flatMap(
      (name) => [`images/${name}.nii`, `labels/${name}.nii`],
    ),
  );
  expect((await rejection(read(files))).problems).toEqual([
    '4 of 5 images are named as slices (NAME_slice_12) and others are not, one of them "images/train/c.nii"',
    '"a" is in train and test: all images of one patient belong into one split, and two patients need two names',
    '"images/train/b_slice_01.nii" and "images/train/b_slice_1.nii" are the same slice',
  ]);
});

test("a patient in two splits is a warning", async () => {
  const index = await read(
    named(
      "images/train/p1_week0.nii",
      "labels/train/p1_week0.nii",
      "images/val/p1_week1.nii",
      "labels/val/p1_week1.nii",
    ),
  );
  expect(index.warnings).toEqual([
    'Patient "p1" is in 2 splits: train, validate; figures of the held-out splits would be too good',
  ]);
});

test("without dataset.json the labels are the masks', and the description says so; flat files are slices", async () => {
  const index = await read({
    "images/a.nii": niftiBytes({ shape: [2, 2] }),
    "masks/a.nii": niftiBytes({ shape: [2, 2], value: (i) => 2 * i }),
    "images/notes.txt": nothing,
  });
  expect(index).toMatchObject({
    unit: "slice",
    description:
      "Folders of images and masks: 1 slice of 1 patient, 4 labels (found in the masks: no dataset.json names them)",
    warnings: ['"images" holds 1 item that is no image, left out: "notes.txt"'],
  });
  expect(index.labels.map((label) => label.name)).toEqual(["background", "label_2", "label_4", "label_6"]);
});
