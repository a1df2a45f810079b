import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { splitByPatient } from "../../src/dataset/split.ts";
import { describeCases } from "../../src/node/workflows/listed-cases.ts";
import { openData } from "../../src/node/workflows/open-data.ts";
import { type ReadCasesOptions, readCases, refuseFaulty } from "../../src/node/workflows/read-cases.ts";
import { temporaryFolder, writeFiles } from "../cli/support.ts";
import { addSlice, type Files, niftiBytes, rejection } from "../support/data-folder.ts";

const folder = temporaryFolder();
const SHAPE = [4, 3, 2];

/** Patients in images/ and labels/, without a list of labels. */
function volumes(count: number): Files {
  const files: Files = {};
  for (let n = 1; n <= count; n++) {
    files[`images/p${n}.nii`] = niftiBytes({ shape: SHAPE, value: (i) => (i * n) % 23 });
    files[`labels/p${n}.nii`] = niftiBytes({ shape: SHAPE, dtype: "uint8", value: (i) => i % 2 });
  }
  return files;
}

/** Men in HipMRI's 2D layout, two slices each; those of one seed have the same images. */
function slices(splits: readonly (readonly ["train" | "validate" | "test", string, number])[]): Files {
  const files: Files = {};
  for (const [split, name, seed] of splits) {
    for (const slice of [0, 1]) {
      const image = { value: (i: number) => i * seed + slice, originMm: [0, 0, slice] } as const;
      addSlice(files, { split, case: name, week: 0, slice, image, mask: { originMm: [0, 0, slice] } });
    }
  }
  return files;
}

async function read(name: string, files: Files, options: Partial<ReadCasesOptions> = {}) {
  const data = writeFiles(join(folder, name), files);
  const opened = await openData(data, { isPartial: true });
  const warnings: string[] = [];
  const base = { data: "DATA", test: true, quiet: true, stderr: process.stderr, isResumed: false };
  await refuseFaulty(opened, base);
  const warn = (text: string): void => void warnings.push(text);
  const split = splitByPatient(opened.index, { seed: 1 });
  const common = { ...base, warn, onDecoded: () => undefined, isDrawn: false, ...options };
  const { digests } = await readCases(opened, split, common);
  return { warnings, digests };
}

const COPIES = "images are stored more than once";

describe("data that cannot be paired, or whose masks cannot be used", () => {
  const files = volumes(7);
  delete files["labels/p2.nii"];
  files["images/p3.nii"] = niftiBytes({ shape: SHAPE, value: (i) => (i === 5 ? Number.NaN : i) });
  files["labels/p4.nii"] = niftiBytes({ shape: SHAPE, value: (i) => (i === 5 ? 0.5 : 1) });
  files["labels/p5.nii"] = niftiBytes({ shape: [4, 3, 1], dtype: "uint8", value: () => 1 });
  files["images/p7.nii"] = files["images/p6.nii"]!;
  const all = [
    'Image "images/p2.nii" lacks its mask "labels/p2.nii"',
    expect.stringMatching(/^Cannot use image "images\/p3.nii": .* got NaN/),
    expect.stringMatching(/^Cannot use mask "labels\/p4.nii": .* got 0.5/),
    expect.stringMatching(/^Mask "labels\/p5.nii" must have the shape of image/),
    'The same pixels are stored under the names of different patients (2 images): "images/p6.nii" = "images/p7.nii"',
  ];
  const headline = `Cannot use the data: 1 problem in pairing images and masks, 3 of 6 cases have problems, ${COPIES}`;
  const hint = "Not all have one remedy: hipmri check DATA --out DIR tells that of each";

  test("are refused with all else that is wrong with them", async () => {
    expect(await rejection(read("all", files))).toEqual({
      code: "bad-dataset",
      message: headline,
      problems: all,
      hint,
    });
    // So do workflows that want to know of the cases before they train.
    const data = writeFiles(join(folder, "all"), files);
    const request = { plane: "auto", layout: undefined } as const;
    expect(await rejection(describeCases(data, request))).toMatchObject({ message: headline, problems: all });
  });

  test("also where a bad mask is all that stands against the index", async () => {
    const masks = { ...files, "labels/p2.nii": files["labels/p1.nii"]! };
    expect(await rejection(read("masks", masks))).toMatchObject({
      message: `Cannot use the data: 3 of 7 cases have problems, ${COPIES}`,
      problems: all.slice(1),
      hint,
    });
    const lone = { ...volumes(4), "labels/p4.nii": files["labels/p4.nii"]! };
    expect(await rejection(read("lone", lone))).toMatchObject({ code: "bad-mask", problems: [] });
    const none = Object.fromEntries(
      Object.entries(volumes(3)).map(([path, bytes]) => [
        path,
        path.startsWith("labels") ? files["labels/p4.nii"]! : bytes,
      ]),
    );
    expect(await rejection(read("none", none))).toMatchObject({
      message: "Cannot use the data: 3 of 3 cases have problems",
      hint: expect.stringMatching(/^Fractions come of/),
    });
  });

  test("a missing partner alone keeps its own error", async () => {
    const lone = volumes(4);
    delete lone["labels/p2.nii"];
    expect(await rejection(read("partner", lone))).toMatchObject({
      message: expect.stringMatching(/^Cannot pair the images of .*: 1 problem$/),
      problems: all.slice(0, 1),
      hint: expect.stringMatching(/^Each image needs one mask/),
    });
  });
});

describe("the same image under two names", () => {
  const twice = { ...volumes(5), "images/p5.nii": volumes(4)["images/p4.nii"]! };

  test("of two patients is refused where splits are drawn, as check has it", async () => {
    expect(await rejection(read("drawn", twice))).toEqual({
      code: "bad-dataset",
      message: `Cannot use the data: ${COPIES}`,
      problems: [
        'The same pixels are stored under the names of different patients (2 images): "images/p4.nii" = "images/p5.nii"',
      ],
      hint: "Find out whose they are and keep one copy: a split by patient would put copies on both sides",
    });
  });

  test("is told and no more when a run goes on that was begun with it", async () => {
    const { warnings, digests } = await read("resumed", twice, { isResumed: true });
    expect(warnings).toEqual([
      expect.stringMatching(/^The same pixels .*"images\/p4.nii" = "images\/p5.nii"$/),
    ]);
    expect(digests.size).toBe(5);
  });

  test("of one value is none", async () => {
    const flat = niftiBytes({ shape: SHAPE, value: () => 7 });
    const files = { ...volumes(5), "images/p4.nii": flat, "images/p5.nii": flat };
    expect((await read("flat", files)).warnings).toEqual([]);
  });

  const sides = [
    ["validate", "036", 2],
    ["test", "040", 3],
  ] as const;

  test("across stated splits is refused, within one told", async () => {
    const across = slices([["train", "004", 3], ...sides]);
    expect(await rejection(read("across", across))).toMatchObject({
      problems: [
        'The same pixels are stored in more than one split: figures of the held-out splits would be too good (4 images): 2 slices of "case_004_week_0" = "case_040_week_0"',
      ],
    });
    const within = slices([["train", "004", 5], ["train", "005", 5], ...sides]);
    expect((await read("within", within)).warnings).toEqual([
      'The same pixels are stored under the names of different patients (4 images): 2 slices of "case_004_week_0" = "case_005_week_0"',
    ]);
    expect(await rejection(read("within", within, { isDrawn: true }))).toMatchObject({
      message: `Cannot use the data: ${COPIES}`,
    });
  });

  test("of a single slice is one, too", async () => {
    const files = slices([["train", "004", 7], ...sides]);
    // The values of case_004's first slice in the place of case_040's second.
    const place = { originMm: [0, 0, 1] } as const;
    const image = { value: (i: number) => i * 7, ...place };
    addSlice(files, { split: "test", case: "040", week: 0, slice: 1, image, mask: place });
    expect(await rejection(read("slice", files))).toMatchObject({
      problems: [
        'The same pixels are stored in more than one split: figures of the held-out splits would be too good (2 images): "keras_slices_train/case_004_week_0_slice_0.nii" = "keras_slices_test/case_040_week_0_slice_1.nii"',
      ],
    });
  });

  test("of one patient in two stated splits is none: training moves all of a patient to one side", async () => {
    const files = slices([["train", "040", 3], ["train", "004", 5], ...sides]);
    expect((await read("moved", files)).warnings).toEqual([]);
    delete files["keras_slices_seg_train/seg_004_week_0_slice_1.nii"];
    expect(await rejection(read("moved-lone", files))).toMatchObject({
      message: expect.stringMatching(/^Cannot pair the slices/),
    });
  });
});
