import { expect, test } from "vitest";
import { readDataset } from "../../src/dataset/layouts.ts";
import { type Files, memoryFolder, niftiBytes, noInflate, rejection } from "../support/data-folder.ts";

const nothing = new Uint8Array();
const read = (files: Files) => readDataset(memoryFolder(files), "DATA", noInflate);
const json = (content: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(content));
const maskOf = (labels: readonly number[]): Uint8Array =>
  niftiBytes({ shape: [labels.length, 1, 1], value: (i) => labels[i]! });

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
    unit: "volume",
    description: "Medical Segmentation Decathlon layout: 3 volumes of 3 patients, 2 labels",
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
    '"imagesTr" holds 1 item that is no image, left out: "list.csv"',
    'Only the first channel (_0000) of each image is used; 1 file left out: "a_0001.nii.gz"',
  ]);
});

test("without names the labels are those of all masks, and the description says so", async () => {
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
  const { description, ...index } = await read(files);
  expect(index.labels).toEqual(labels);
  expect(description).toBe(
    "Medical Segmentation Decathlon layout: 2 volumes of 2 patients, 4 labels (found in the masks: no dataset.json names them)",
  );
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

test("nnU-Net is told by dataset.json or by its channel numbers, and can be asked for", async () => {
  const files: Files = {
    "imagesTr/a_0000.nii.gz": nothing,
    "labelsTr/a.nii.gz": nothing,
    "dataset.json": json({ labels: { background: 0, prostate: 1 }, numTraining: 1 }),
  };
  expect(await read(files)).toMatchObject({
    layout: "nnunet",
    description: "nnU-Net data set: 1 volume of 1 patient, 2 labels",
  });
  const plain: Files = { ...files, "imagesTr/a.nii.gz": nothing };
  delete plain["imagesTr/a_0000.nii.gz"];
  expect((await read(plain)).layout).toBe("msd");
  expect(
    (await readDataset(memoryFolder(plain), "DATA", noInflate, undefined, { layout: "nnunet" })).layout,
  ).toBe("nnunet");
  plain["dataset.json"] = json({ channel_names: { "0": "T2" }, labels: { background: 0, prostate: 1 } });
  expect((await read(plain)).layout).toBe("nnunet");
});

test("the file_ending of dataset.json is what counts", async () => {
  const labels = { background: 0, prostate: 1 };
  const files: Files = {
    "dataset.json": json({ labels, file_ending: ".nii.gz", numTraining: 2 }),
    "imagesTr/a_0000.nii.gz": nothing,
    "imagesTr/old.nii": nothing,
    "labelsTr/a.NII.GZ": nothing,
  };
  const index = await read(files);
  expect(index.cases.map((entry) => entry.id)).toEqual(["a"]);
  expect(index.warnings).toEqual([
    '"imagesTr" holds 1 item that does not end in ".nii.gz" ("file_ending" of dataset.json), left out: "old.nii"',
    "dataset.json speaks of 2 training cases, found 1",
  ]);
  files["dataset.json"] = json({ labels, file_ending: ".nii" });
  expect((await rejection(read(files))).problems).toEqual([
    '"labelsTr" holds no ".nii" file, as the "file_ending" of dataset.json has it; found "a.NII.GZ"',
    'Image "imagesTr/old.nii" lacks its mask "labelsTr/old.nii"',
  ]);
});

test("two-dimensional files are slices, and the headers of three tell", async () => {
  const flat = niftiBytes({ shape: [3, 2] });
  const files: Files = { "dataset.json": json({ labels: { background: 0, prostate: 1 } }) };
  for (const name of ["a", "b", "c"]) {
    files[`imagesTr/${name}.nii`] = flat;
    files[`labelsTr/${name}.nii`] = flat;
  }
  expect(await read(files)).toMatchObject({
    unit: "slice",
    description: "Medical Segmentation Decathlon layout: 3 slices of 3 patients, 2 labels",
  });
  files["imagesTr/c.nii"] = niftiBytes({ shape: [3, 2, 2] });
  expect((await read(files)).unit).toBe("volume");
});

test("the images may lie in folders of their own names", async () => {
  const files: Files = {
    "dataset.json": json({ labels: { background: 0, prostate: 1 } }),
    "imagesTr/a.nii.gz/A.nii": nothing,
    "labelsTr/a.nii/a.nii": nothing,
  };
  const index = await read(files);
  expect(index.cases[0]?.files).toEqual([
    { name: "a", image: "imagesTr/a.nii.gz/A.nii", mask: "labelsTr/a.nii/a.nii" },
  ]);
  expect(index.warnings).toEqual([
    '2 images lie in folders of their own names ("imagesTr/a.nii.gz/", "labelsTr/a.nii/"), as some programs unzip them: read from there',
  ]);
  files["imagesTr/b.nii/c.nii"] = nothing;
  files["imagesTr/d.nii/"] = nothing;
  files["imagesTr/e.nii/e.nii"] = nothing;
  files["imagesTr/e.nii/f.nii"] = nothing;
  files["labelsTr/e.nii"] = nothing;
  expect((await rejection(read(files))).problems.slice(0, 3)).toEqual([
    'Folder "imagesTr/b.nii/" must hold one image of its own name, found "c.nii"',
    'Folder "imagesTr/d.nii/" must hold one image of its own name, found no image',
    'Folder "imagesTr/e.nii/" must hold one image of its own name, found "e.nii", "f.nii"',
  ]);
});

test("masks of imagesTs are not used, and that is told", async () => {
  const index = await read({
    "dataset.json": json({ labels: { background: 0, prostate: 1 } }),
    ...Object.fromEntries(["Tr/a", "Tr/b", "Ts/c"].map((name) => [`images${name}.nii`, nothing])),
    ...Object.fromEntries(["Tr/a", "Tr/b", "Ts/c"].map((name) => [`labels${name}.nii`, nothing])),
  });
  expect(index.cases.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(index.warnings).toEqual([
    '"labelsTs" is not used: the test split is drawn from "imagesTr" and "labelsTr"',
  ]);
});
