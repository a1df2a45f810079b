import fc from "fast-check";
import { expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { LAYOUT_NAMES, readDataset } from "../../src/dataset/layouts.ts";
import type { LayoutName } from "../../src/dataset/types.ts";
import { type Files, memoryFolder, niftiBytes, noInflate, rejection } from "../support/data-folder.ts";

const nothing = new Uint8Array();
const read = (files: Files, layout?: LayoutName, root = "DATA") =>
  readDataset(memoryFolder(files), root, noInflate, undefined, { layout });
const json = new TextEncoder().encode('{"labels": {"background": 0, "prostate": 1}}');

/** A folder of each layout. */
const EXAMPLES: Readonly<Record<LayoutName, Files>> = {
  keras_slices: {
    "keras_slices_train/case_004_week_0_slice_0.nii.gz": nothing,
    "keras_slices_seg_train/seg_004_week_0_slice_0.nii.gz": nothing,
  },
  csiro: {
    "semantic_MRs_anon/Case_004_Week0_LFOV.nii.gz": nothing,
    "semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii.gz": nothing,
  },
  csiro_cluster: {
    "semantic_MRs/K019_Week1_LFOV.nii": nothing,
    "semantic_labels_only/K019_Week1_SEMANTIC.nii.gz": nothing,
  },
  msd: { "imagesTr/a.nii.gz": nothing, "labelsTr/a.nii.gz": nothing, "dataset.json": json },
  nnunet: { "imagesTr/a_0000.nii.gz": nothing, "labelsTr/a.nii.gz": nothing, "dataset.json": json },
  images_labels: { "images/a.nii.gz": nothing, "labels/a.nii.gz": nothing, "dataset.json": json },
  pair: { "a.nii": nothing, "a_seg.nii": niftiBytes({ shape: [2, 1, 1], value: () => 1 }) },
};
const below = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${folder}/${path}`, bytes]));

const EXPECTATIONS = [
  'Expected for images_labels: "images" and "labels" (or "masks", "segmentations"), perhaps with train, val and test inside',
  'Expected for pair: one image and one mask, named so ("x.nii.gz", "x_seg.nii.gz"), and no other image',
  'Expected for keras_slices: "keras_slices_train" and "keras_slices_seg_train" (also …_validate, …_test): HipMRI in 2D slices',
  'Expected for csiro: "semantic_MRs_anon" and "semantic_labels_anon": HipMRI in volumes',
  'Expected for csiro_cluster: "semantic_MRs" and "semantic_labels_only": HipMRI in volumes, as on a cluster',
  'Expected for msd: "imagesTr" and "labelsTr": Medical Segmentation Decathlon',
  'Expected for nnunet: "imagesTr" with NAME_0000 files, "labelsTr" and dataset.json: nnU-Net',
];

test.each(LAYOUT_NAMES)(
  "%s is recognised, may be asked for, and is found one folder below",
  async (layout) => {
    const files = EXAMPLES[layout];
    const index = await read(files);
    expect(index.layout).toBe(layout);
    expect(await read(files, layout)).toEqual(index);
    const lower = await read({ ...below("unpacked", files), "notes/x.txt": nothing }, layout);
    expect(lower).toEqual({
      ...index,
      cases: index.cases.map((entry) => ({
        ...entry,
        files: entry.files.map(({ name, image, mask }) => ({
          name,
          image: `unpacked/${image}`,
          mask: `unpacked/${mask}`,
        })),
      })),
    });
    if (layout !== "pair") expect(await read(below("unpacked", files))).toEqual(lower);
  },
);

test("a folder without a known layout says what was found and what each layout expects", async () => {
  const files = { "scans/a.nii": nothing, "notes.xlsx": nothing, "README.txt": nothing };
  expect(await rejection(read(files, undefined, "my data"))).toEqual({
    code: "bad-dataset",
    message: 'Cannot recognise the layout of "my data": found "notes.xlsx", "scans/"',
    hint: 'Give the folder that holds these folders; "hipmri phantom DIR" writes an example of keras_slices',
    problems: EXPECTATIONS,
  });
});

test("a folder of another layout than the wanted one says so", async () => {
  expect(await rejection(read(EXAMPLES.msd, "csiro"))).toEqual({
    code: "bad-dataset",
    message:
      '"DATA" is not of the layout csiro: expected "semantic_MRs_anon" and "semantic_labels_anon": HipMRI in volumes; found "dataset.json", "imagesTr/", "labelsTr/"',
    hint: 'Give the folder that holds these folders; "hipmri phantom DIR" writes an example of keras_slices',
    problems: [],
  });
});

test("an unknown layout is refused with the list of all", async () => {
  expect(await rejection(read(EXAMPLES.msd, "nnunett" as LayoutName))).toEqual({
    code: "usage",
    message:
      'Unknown layout "nnunett": expected one of keras_slices, csiro, csiro_cluster, msd, nnunet, images_labels, pair',
    hint: "Leave the layout out: it is found by the folders' names",
    problems: EXPECTATIONS.map((line) => line.replace("Expected for ", "")),
  });
});

test("two data sets in one folder must be told apart", async () => {
  const cluster = { ...EXAMPLES.csiro_cluster, ...below("keras_slices_data", EXAMPLES.keras_slices) };
  expect(await rejection(read(cluster))).toEqual({
    code: "bad-dataset",
    message: '"DATA" holds 2 data sets: it must be clear which is meant',
    hint: "Choose with --layout (csiro_cluster or keras_slices)",
    problems: [
      'csiro_cluster in "DATA": "semantic_MRs" and "semantic_labels_only": HipMRI in volumes, as on a cluster',
      'keras_slices in "DATA/keras_slices_data": "keras_slices_train" and "keras_slices_seg_train" (also …_validate, …_test): HipMRI in 2D slices',
    ],
  });
  expect((await read(cluster, "keras_slices")).cases[0]?.files[0]?.image).toBe(
    "keras_slices_data/keras_slices_train/case_004_week_0_slice_0.nii.gz",
  );
  expect((await read(cluster, "csiro_cluster")).layout).toBe("csiro_cluster");
  const twice = { ...below("a", EXAMPLES.msd), ...below("b", EXAMPLES.msd) };
  expect(await rejection(read(twice))).toMatchObject({
    hint: "Give the folder of the one that is meant",
    problems: [expect.stringMatching(/^msd in "DATA\/a": /), expect.stringMatching(/^msd in "DATA\/b": /)],
  });
});

test("an empty folder is told as such, litter not counting", async () => {
  const { message } = await rejection(read({ ".DS_Store": nothing }, undefined, "x"));
  expect(message).toBe('Cannot recognise the layout of "x": the folder is empty');
});

test.each([
  ["keras_slices_train", '"keras_slices_train" is one folder of a data set: give the folder that holds it'],
  ["/data/HipMRI/semantic_MRs_anon/", '"semantic_MRs_anon" is one folder of a data set: give "/data/HipMRI"'],
  ["hippo/imagesTr", '"imagesTr" is one folder of a data set: give "hippo"'],
  ["../x/labels", '"labels" is one folder of a data set: give "../x"'],
  [
    "scans",
    'These are images: put them into "images" and their masks into "labels", with one name each for image and mask; a scan alone is judged with "hipmri evaluate RUN SCAN --mask MASK"',
  ],
])("the folder of images %s has a hint which folder to give", async (root, hint) => {
  const files = { "a.nii.gz": nothing, "b.nii.gz": nothing, "c.nii.gz": nothing };
  expect((await rejection(read(files, undefined, root))).hint).toBe(hint);
});

const LOOSE =
  'Put the images into "images" and the masks into "labels", with one name each for image and mask';
test.each([
  ["flat", { "Case00.mhd": nothing, "Case00_segmentation.mhd": nothing, "Case01.mhd": nothing }],
  ["a folder per patient", { "s0001/mri.nii.gz": nothing, "s0002/mri.nii.gz": nothing }],
])("images and masks side by side, %s, have a hint how to sort them", async (_, files: Files) => {
  expect((await rejection(read(files))).hint).toBe(LOOSE);
});

test("a sub-folder that may not be read is left out, and told only where nothing else is found", async () => {
  const closed = (files: Files) => {
    const folder = memoryFolder({ ...files, "secret/x": nothing });
    const list = async (path: string) => {
      if (path === "secret") throw new HipError("disk", "EACCES");
      return folder.list(path);
    };
    return readDataset({ ...folder, list }, "DATA", noInflate);
  };
  expect((await closed(below("mine", EXAMPLES.msd))).cases).toHaveLength(1);
  expect((await rejection(closed({ "notes/x.txt": nothing }))).message).toBe(
    'Cannot recognise the layout of "DATA": found "notes/", "secret/"; cannot be listed: "secret/"',
  );
});

test("control characters of names are escaped in messages", async () => {
  const { message } = await rejection(read({ "a\u001b[2Jb/x.txt": nothing, "line\nbreak/x.txt": nothing }));
  expect(message).toBe('Cannot recognise the layout of "DATA": found "a\\u001b[2Jb/", "line\\nbreak/"');
  const { problems } = await rejection(read({ "images/a\nb.nii": nothing, "labels/": nothing }));
  expect(problems).toEqual(['Image "images/a\\nb.nii" lacks its mask "labels/a\\nb.nii"']);
});

test.each([
  ["msd", 'beside "imagesTr"'],
  ["csiro", 'beside "semantic_MRs_anon"'],
  ["keras_slices", 'beside "keras_slices_train"'],
  ["images_labels", 'beside "images"'],
] as const)(
  "folders and images beside those of %s are told, litter and texts are not",
  async (layout, where) => {
    const others = {
      "fold5/x.nii": nothing,
      "extra.nii.gz": nothing,
      "notes.txt": nothing,
      ".cache/x": nothing,
    };
    const { warnings } = await read({ ...EXAMPLES[layout], ...others });
    expect(warnings).toEqual([`2 items ${where} left out: "extra.nii.gz", "fold5/"`]);
  },
);

test("folders without images are an error", async () => {
  const empty: readonly Files[] = [
    { "keras_slices_train/": nothing, "keras_slices_seg_train/.DS_Store": nothing },
    { "imagesTr/": nothing, "labelsTr/": nothing },
    { "images/": nothing, "masks/": nothing },
    { "semantic_MRs_anon/": nothing, "semantic_labels_anon/": nothing },
  ];
  for (const files of empty) {
    expect(await rejection(read(files, undefined, "x"))).toMatchObject({
      code: "bad-dataset",
      message: 'Cannot use "x": its image folders hold no images',
    });
  }
});

test("whatever lies in a folder, the answer is an index of paths that are there, or one of our errors", async () => {
  const part = fc.constantFrom(
    ...["images", "labels", "imagesTr", "labelsTr", "train", "val", "semantic_MRs", "semantic_labels_only"],
    ...["keras_slices_train", "keras_slices_seg_train", "keras_slices_data", "a.nii.gz", "a_0000.nii.gz"],
    ...[
      "a_seg.nii",
      "a_slice_1.png",
      "K1_Week0.nii",
      "case_1_week_0_slice_0.nii",
      "seg_1_week_0_slice_0.nii",
    ],
    ...["dataset.json", ".DS_Store", "x.img", "x.hdr", "notes"],
  );
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const bytes = fc.constantFrom(nothing, json, niftiBytes({ shape: [2, 2], value: () => 1 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(path, bytes), { maxLength: 12 }),
      fc.constantFrom(undefined, ...LAYOUT_NAMES),
      async (entries, layout) => {
        const all: Files = Object.fromEntries(entries);
        // No path can be a file and a folder.
        const isFolder = (name: string) => Object.keys(all).some((other) => other.startsWith(`${name}/`));
        const files = Object.fromEntries(Object.entries(all).filter(([name]) => !isFolder(name)));
        const index = await read(files, layout).catch((error: unknown) => {
          if (error instanceof HipError) return undefined;
          throw error;
        });
        if (index === undefined) return;
        expect(index.cases.length).toBeGreaterThan(0);
        const ids = index.cases.map((entry) => `${entry.split} ${entry.id}`);
        expect(new Set(ids).size).toBe(ids.length);
        for (const file of index.cases.flatMap((entry) => entry.files)) {
          expect(file.image in files && file.mask in files && file.image !== file.mask).toBe(true);
        }
      },
    ),
    { numRuns: 400 },
  );
});
