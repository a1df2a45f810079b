import { expect, test } from "vitest";
import { decodeCase } from "../../src/dataset/decode.ts";
import type { CaseEntry, DecodedCase } from "../../src/dataset/types.ts";
import type { AxisCodes } from "../../src/volume/orient.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";
import {
  addSlice,
  type Files,
  memoryFolder,
  type NiftiOptions,
  niftiBytes,
  noInflate,
  rejection,
  withoutPlace,
} from "../support/data-folder.ts";

const labels = HIPMRI_LABELS;

function decode(files: Files, entry: CaseEntry, orientation?: AxisCodes): Promise<DecodedCase> {
  return decodeCase(entry, { folder: memoryFolder(files), inflate: noInflate, labels, orientation });
}

function sliceCase(slices: readonly number[]): CaseEntry {
  const files = slices.map((slice) => ({
    name: `case_004_week_0_slice_${slice}`,
    image: `keras_slices_train/case_004_week_0_slice_${slice}.nii`,
    mask: `keras_slices_seg_train/seg_004_week_0_slice_${slice}.nii`,
  }));
  return { id: "case_004_week_0", patient: "case_004", split: "train", files };
}

const volumeEntry: CaseEntry = {
  id: "v",
  patient: "v",
  split: undefined,
  files: [{ name: "v", image: "imagesTr/v.nii", mask: "labelsTr/v.nii" }],
};

function decodeVolume(image: NiftiOptions, mask: Partial<NiftiOptions> = {}): Promise<DecodedCase> {
  const { value: _, ...grid } = image;
  return decode(
    {
      "imagesTr/v.nii": niftiBytes(image),
      "labelsTr/v.nii": niftiBytes({ ...grid, dtype: "uint8", ...mask }),
    },
    volumeEntry,
  );
}

test("slices are stacked, trailing axis or not, at the distance of their places", async () => {
  const files: Files = {};
  for (const slice of [0, 1, 3]) {
    const placed = { spacingMm: [2, 1.5, 1] as const, originMm: [0, 0, 10 - 2.5 * slice] as const };
    const image = { ...placed, ...(slice === 1 ? { shape: [4, 3, 1] } : {}) };
    addSlice(files, {
      split: "train",
      case: "004",
      week: 0,
      slice,
      image,
      mask: { ...placed, value: () => slice },
    });
  }
  const entry = sliceCase([0, 1, 3]);
  const decoded = await decode(files, entry);
  expect(decoded.entry).toBe(entry);
  expect([decoded.width, decoded.height, decoded.depth, decoded.orientation]).toEqual([4, 3, 3, "RAI"]);
  expect(decoded.spacingMm).toEqual([2, 1.5, 2.5]);
  expect(decoded.grid).toEqual({
    shape: [4, 3, 1],
    spacingMm: [2, 1.5, 2.5],
    affine: [
      [2, 0, 0, 0],
      [0, 1.5, 0, 0],
      [0, 0, 1, 10],
      [0, 0, 0, 1],
    ],
  });
  const expected = [0, 1, 3].flatMap((slice) => Array.from({ length: 12 }, (_, i) => slice + i));
  expect([...decoded.image]).toEqual(expected);
  expect([...decoded.mask]).toEqual([0, 1, 3].flatMap((slice) => Array.from({ length: 12 }, () => slice)));
  expect(decoded.warnings).toEqual([]);
});

test("slices are turned within their plane and along their numbers to the wanted orientation", async () => {
  const files: Files = {};
  // Columns to the left, rows to the feet, numbers to the front: coronal.
  const sliceAt = (slice: number): Partial<NiftiOptions> => ({
    affine: [
      [-2, 0, 0, 5],
      [0, 0, -3, 4 * slice],
      [0, -1.5, 0, 7],
      [0, 0, 0, 1],
    ],
    spacingMm: [2, 1.5, 3],
  });
  for (const slice of [0, 1]) {
    const image = { ...sliceAt(slice), value: (i: number) => 100 * slice + i };
    addSlice(files, { split: "train", case: "004", week: 0, slice, image, mask: sliceAt(slice) });
  }
  const asItLies = await decode(files, sliceCase([0, 1]));
  expect(asItLies.orientation).toBe("LIA");
  const turned = await decode(files, sliceCase([0, 1]), "SLP");
  expect([turned.width, turned.height, turned.depth, turned.orientation]).toEqual([3, 4, 2, "SLP"]);
  expect(turned.spacingMm).toEqual([1.5, 2, 4]);
  expect([...turned.image.subarray(0, 6)]).toEqual([108, 104, 100, 109, 105, 101]);
  // Names of slices go backwards then.
  expect([asItLies.isReversed, turned.isReversed]).toEqual([false, true]);
  const other = await decode(files, sliceCase([0, 1]), "LPS");
  expect([...other.image]).toEqual([...asItLies.image]);
  expect(other.warnings).toEqual([
    '"case_004_week_0": its slices say that they are coronal, expected axial: taken as they lie',
  ]);
});

test("slices of one case must have pixels of one size and direction", async () => {
  const files: Files = {};
  for (const slice of [0, 1, 2]) {
    const grid = {
      spacingMm: slice === 1 ? ([4, 4, 1] as const) : ([2, 2, 1] as const),
      originMm: [0, 0, slice] as const,
    };
    addSlice(files, { split: "train", case: "004", week: 0, slice, image: grid, mask: grid });
  }
  expect(await rejection(decode(files, sliceCase([0, 1, 2])))).toMatchObject({
    code: "bad-image",
    message:
      'Slices of case "case_004_week_0" must have pixels of one size and direction: "keras_slices_train/case_004_week_0_slice_0.nii" has [2, 2] mm, "keras_slices_train/case_004_week_0_slice_1.nii" has [4, 4] mm, and their affines differ by up to 2',
    hint: "Take the slices of one case from one volume",
  });
});

test("a pair of which neither says where it lies needs equal shapes only", async () => {
  const image = withoutPlace(niftiBytes({ shape: [2, 3, 4], spacingMm: [2, 2, 2] }));
  const mask = withoutPlace(niftiBytes({ shape: [2, 3, 4], dtype: "uint8" }));
  const decoded = await decode({ "imagesTr/v.nii": image, "labelsTr/v.nii": mask }, volumeEntry);
  expect(decoded.spacingMm).toEqual([2, 2, 2]);
  expect(decoded.warnings).toContain(
    '"imagesTr/v.nii": neither image nor mask says where it lies, and their voxel sizes differ ([2, 2, 2] and [1, 1, 1] mm): those of the image are taken',
  );
});

test("a case of 144 pixels, as case_019_week_1", async () => {
  const files: Files = {};
  const shape = [256, 144];
  for (const slice of [0, 1]) {
    addSlice(files, { split: "train", case: "004", week: 0, slice, image: { shape }, mask: { shape } });
  }
  const decoded = await decode(files, sliceCase([0, 1]));
  expect([decoded.width, decoded.height, decoded.depth]).toEqual([256, 144, 2]);
  expect(decoded.image).toHaveLength(256 * 144 * 2);
});

test("slices that all lie in one place fall back to pixdim[3], then to the mean pixel size, and say so", async () => {
  const files: Files = {};
  const spacingMm = [2, 1, 4] as const;
  for (const slice of [0, 1]) {
    addSlice(files, {
      split: "train",
      case: "004",
      week: 0,
      slice,
      image: { spacingMm },
      mask: { spacingMm },
    });
  }
  const two = await decode(files, sliceCase([0, 1]));
  expect(two.spacingMm).toEqual([2, 1, 4]);
  expect(two.warnings).toEqual([
    '"case_004_week_0": the slice distance is not known (all slices state the same place); pixdim[3], 4 mm, is used',
  ]);
  // pixdim[3] is the float at byte 88.
  for (const bytes of Object.values(files)) bytes.fill(0, 88, 92);
  const one = await decode(files, sliceCase([0]));
  expect(one.spacingMm).toEqual([2, 1, 1.5]);
  expect(one.warnings.at(-1)).toBe(
    '"case_004_week_0": the slice distance is not known (there is one slice only); the mean pixel size, 1.5 mm, is used',
  );
});

test("slices at uneven distances are told", async () => {
  const files: Files = {};
  for (const [slice, z] of [0, 2, 4, 9].entries()) {
    const placed = { originMm: [0, 0, z] as const };
    addSlice(files, { split: "train", case: "004", week: 0, slice, image: placed, mask: placed });
  }
  const decoded = await decode(files, sliceCase([0, 1, 2, 3]));
  expect(decoded.spacingMm[2]).toBe(2);
  expect(decoded.warnings).toEqual([
    '"case_004_week_0": slices lie unevenly apart; the median, 2 mm, is used',
  ]);
});

test("slices of one case must have equal shapes and two axes", async () => {
  const files: Files = {};
  addSlice(files, { split: "train", case: "004", week: 0, slice: 0 });
  addSlice(files, {
    split: "train",
    case: "004",
    week: 0,
    slice: 1,
    image: { shape: [4, 4] },
    mask: { shape: [4, 4] },
  });
  addSlice(files, {
    split: "train",
    case: "004",
    week: 0,
    slice: 2,
    image: { shape: [4, 3, 2] },
    mask: { shape: [4, 3, 2] },
  });
  expect(await rejection(decode(files, sliceCase([0, 1])))).toMatchObject({
    code: "bad-image",
    message:
      'Slices of case "case_004_week_0" must have equal shapes: "keras_slices_train/case_004_week_0_slice_0.nii" has [4, 3], "keras_slices_train/case_004_week_0_slice_1.nii" has [4, 4]',
  });
  expect(await rejection(decode(files, sliceCase([2])))).toMatchObject({
    code: "bad-image",
    message:
      'Cannot use image "keras_slices_train/case_004_week_0_slice_2.nii" as a slice: it must have 2 axes, got [4, 3, 2]',
  });
});

test("all bad slices of a case are told, one alone as it is", async () => {
  const files: Files = {};
  for (const slice of [0, 1, 2, 3]) {
    const image = slice === 1 ? { value: () => Number.NaN } : {};
    const mask = slice === 3 ? { value: () => 9 } : {};
    addSlice(files, { split: "train", case: "004", week: 0, slice, image, mask });
  }
  const alone = await rejection(decode(files, sliceCase([0, 1, 2])));
  expect(alone).toMatchObject({ code: "bad-image", problems: [] });
  const other = await rejection(decode(files, sliceCase([2, 3])));
  expect(other).toMatchObject({ code: "bad-mask" });
  expect(await rejection(decode(files, sliceCase([0, 1, 2, 3])))).toEqual({
    code: "bad-dataset",
    message: 'Cannot use case "case_004_week_0": 2 of 4 files cannot be used',
    problems: [alone.message, other.message],
    hint: `${alone.hint}; ${other.hint}`,
  });
});

test("all that is wrong with an image and its mask is told, each with its remedy", async () => {
  const image = { shape: [2, 3, 2], value: () => Number.NaN };
  const mask = { shape: [2, 2, 3], value: () => 0.5, dtype: "float32" } as const;
  expect(await rejection(decodeVolume(image, mask))).toEqual({
    code: "bad-dataset",
    message: 'Cannot use "imagesTr/v.nii" with its mask: 3 problems',
    problems: [
      'Cannot use image "imagesTr/v.nii": intensities must be finite, got NaN at voxel [0, 0, 0] (12 voxels that are NaN or infinite)',
      'Mask "labelsTr/v.nii" must have the shape of image "imagesTr/v.nii": expected [2, 3, 2], got [2, 2, 3]',
      'Cannot use mask "labelsTr/v.nii": labels must be whole numbers from 0 to 254, got 0.5 at voxel [0, 0, 0] (12 such voxels)',
    ],
    hint: "Set these voxels to 0 if they lie outside the scan, or make the image again from its source; Resample the mask onto the image's grid with nearest neighbour; Fractions come of resampling a mask linearly, or of a file that is no mask: resample it again with nearest neighbour",
  });
  const both = { "imagesTr/v.nii": new Uint8Array(), "labelsTr/v.nii": new Uint8Array() };
  expect((await rejection(decode(both, volumeEntry))).problems).toHaveLength(2);
});

test("all slices of another shape are told", async () => {
  const files: Files = {};
  for (const [slice, shape] of [
    [4, 3],
    [4, 4],
    [4, 3],
    [5, 3],
  ].entries()) {
    addSlice(files, { split: "train", case: "004", week: 0, slice, image: { shape }, mask: { shape } });
  }
  const { code, problems } = await rejection(decode(files, sliceCase([0, 1, 2, 3])));
  expect(code).toBe("bad-dataset");
  expect(problems.map((problem) => problem.slice(-9))).toEqual(["as [4, 4]", "as [5, 3]"]);
});

test("a volume is cut across its coarsest axis", async () => {
  const decoded = await decodeVolume(
    { shape: [2, 3, 4], spacingMm: [1, 5, 2], value: (i) => i },
    { value: (i) => i % 6 },
  );
  expect([decoded.width, decoded.height, decoded.depth, decoded.orientation]).toEqual([2, 4, 3, "LSP"]);
  expect(decoded.spacingMm).toEqual([1, 2, 5]);
  expect(decoded.grid.shape).toEqual([2, 3, 4]);
  // The file is RAS: x and y are reversed, and z is the height.
  expect([...decoded.image.subarray(0, 8)]).toEqual([5, 4, 11, 10, 17, 16, 23, 22]);
  expect([...decoded.mask.subarray(8)]).toEqual([3, 2, 3, 2, 3, 2, 3, 2, 1, 0, 1, 0, 1, 0, 1, 0]);
});

test("four axes pass with one frame only", async () => {
  const one = await decodeVolume({ shape: [2, 3, 4, 1] });
  expect([one.width, one.height, one.depth]).toEqual([2, 3, 4]);
  expect(await rejection(decodeVolume({ shape: [2, 3, 4, 2] }))).toMatchObject({
    code: "bad-image",
    message: 'Cannot use image "imagesTr/v.nii": a volume must have 3 axes, got [2, 3, 4, 2]',
    hint: "Write each frame or channel as a file of its own",
  });
});

test("a mask of floats that are whole numbers is a mask", async () => {
  const mask = await decodeVolume({ shape: [2, 3, 2] }, { dtype: "float32", value: (i) => i % 6 });
  expect([...mask.mask]).toEqual([5, 4, 3, 2, 1, 0, 5, 4, 3, 2, 1, 0]);
});

test.each([
  [
    "a fraction",
    0.5,
    "0.5",
    "Fractions come of resampling a mask linearly, or of a file that is no mask: resample it again with nearest neighbour",
  ],
  [
    "not a number",
    Number.NaN,
    "NaN",
    "Fractions come of resampling a mask linearly, or of a file that is no mask: resample it again with nearest neighbour",
  ],
  ["a negative", -1, "-1", "Renumber the labels"],
  ["a large number", 256, "256", "Renumber the labels"],
  [
    "the label to ignore",
    255,
    "255",
    '255 means "ignore" here and is no label: renumber the labels (0 to 254)',
  ],
])("%s in a mask is refused", async (_, bad, text, hint) => {
  const act = decodeVolume(
    { shape: [2, 3, 2] },
    { dtype: "float32", value: (i) => (i === 9 || i === 11 ? bad : 1) },
  );
  expect(await rejection(act)).toEqual({
    code: "bad-mask",
    message: `Cannot use mask "labelsTr/v.nii": labels must be whole numbers from 0 to 254, got ${text} at voxel [1, 1, 1] (2 such voxels)`,
    hint,
    problems: [],
  });
});

test("an unknown label is refused with its count and first voxel", async () => {
  const act = decodeVolume({ shape: [2, 3, 2] }, { value: (i) => (i === 11 ? 9 : i >= 9 ? 7 : i % 6) });
  expect(await rejection(act)).toEqual({
    code: "bad-mask",
    message:
      'Cannot use mask "labelsTr/v.nii": label must be one of 0 background, 1 body, 2 bone, 3 bladder, 4 rectum, 5 prostate; got 7 in 2 voxels, the first at [1, 1, 1]',
    hint: "Correct the mask, or name the label in the data set's list of labels",
    problems: ["Label 7: 2 voxels, the first at [1, 1, 1]", "Label 9: 1 voxel, the first at [1, 2, 1]"],
  });
});

test("NaN and infinity in an image are refused", async () => {
  const bad = new Map([
    [3, Number.NaN],
    [5, Number.POSITIVE_INFINITY],
  ]);
  expect(await rejection(decodeVolume({ shape: [2, 3, 2], value: (i) => bad.get(i) ?? 1 }))).toMatchObject({
    code: "bad-image",
    message:
      'Cannot use image "imagesTr/v.nii": intensities must be finite, got NaN at voxel [1, 1, 0] (2 voxels that are NaN or infinite)',
  });
});

test("image and mask must have one grid", async () => {
  expect(await rejection(decodeVolume({ shape: [2, 3, 2] }, { shape: [2, 2, 3] }))).toEqual({
    code: "bad-mask",
    message:
      'Mask "labelsTr/v.nii" must have the shape of image "imagesTr/v.nii": expected [2, 3, 2], got [2, 2, 3]',
    hint: "Resample the mask onto the image's grid with nearest neighbour",
    problems: [],
  });
  expect(await rejection(decodeVolume({ shape: [2, 3, 2] }, { originMm: [0, 0.25, 0] }))).toMatchObject({
    code: "bad-mask",
    message:
      'Mask "labelsTr/v.nii" must lie where image "imagesTr/v.nii" lies: entries of their affines differ by up to 0.25, expected at most 0.001',
  });
  const close = await decodeVolume({ shape: [2, 3, 2] }, { originMm: [0, 0.0009, 0] });
  expect(close.warnings).toEqual([]);
});

test("a mask without a place of its own is taken to match, with a warning", async () => {
  const files: Files = {
    "imagesTr/v.nii": niftiBytes({ shape: [2, 3, 2], originMm: [5, 5, 5] }),
    "labelsTr/v.nii": withoutPlace(niftiBytes({ shape: [2, 3, 2], dtype: "uint8" })),
  };
  const decoded = await decode(files, volumeEntry);
  expect(decoded.warnings.at(-1)).toBe(
    '"imagesTr/v.nii": the mask states no place in space (no sform, no qform) and its partner does; voxels are taken to match',
  );
  expect(decoded.grid.affine[0][3]).toBe(5);
});

test("what many slices share is told once", async () => {
  const files: Files = {};
  for (const slice of [0, 1, 2]) {
    const originMm = [5, 5, slice] as const;
    addSlice(files, { split: "train", case: "004", week: 0, slice, image: { originMm } });
    const mask = `keras_slices_seg_train/seg_004_week_0_slice_${slice}.nii`;
    files[mask] = withoutPlace(files[mask]!);
  }
  const { warnings } = await decode(files, sliceCase([0, 1, 2]));
  expect(warnings).toContain(
    '"keras_slices_train/case_004_week_0_slice_0.nii" and 2 more: the mask states no place in space (no sform, no qform) and its partner does; voxels are taken to match',
  );
  expect(warnings.filter((warning) => warning.includes("no place in space"))).toHaveLength(1);
});
