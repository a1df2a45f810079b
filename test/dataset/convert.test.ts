import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Conversion, planConversion } from "../../src/dataset/convert-plan.ts";
import { readWholeCase } from "../../src/dataset/convert-read.ts";
import { caseFiles, describingFiles, type SliceRange } from "../../src/dataset/convert-write.ts";
import { readDatasetJson } from "../../src/dataset/dataset-json.ts";
import { hipmriSplit } from "../../src/dataset/hipmri-split.ts";
import { readDataset } from "../../src/dataset/layouts.ts";
import type { CaseEntry, DatasetIndex, Split } from "../../src/dataset/types.ts";
import { type Affine, apply, makeAffine, orientationOf } from "../../src/nifti/affine.ts";
import { reorient } from "../../src/volume/orient.ts";
import { type Grid, HIPMRI_LABELS, type IntensityVolume } from "../../src/volume/volume.ts";
import {
  addSlice,
  type Files,
  memoryFolder,
  niftiBytes,
  noInflate,
  rejection,
  withoutPlace,
} from "../support/data-folder.ts";
import { readBytes } from "../support/nifti.ts";

/** Converts in memory. Names keep ".nii.gz", bytes are plain: the reader goes by the bytes. */
async function convert(
  files: Files,
  to: Conversion,
  options: { slices?: SliceRange; seed?: number } = {},
): Promise<Files> {
  const folder = memoryFolder(files);
  const index = await readDataset(folder, "DATA", noInflate);
  const plan = planConversion(index, { to, seed: options.seed ?? 0 });
  const out: Files = {};
  for (const planned of plan.cases) {
    const context = { folder, inflate: noInflate, labels: index.labels, layout: index.layout };
    const whole = await readWholeCase(planned.entry, context);
    for (const { path, bytes } of caseFiles(planned, whole, { to, slices: options.slices }))
      out[path] = bytes;
  }
  for (const { path, bytes } of describingFiles(index, plan)) out[path] = bytes;
  return out;
}

const values = (i: number): number => Math.fround(Math.sin(i) * 1e3);
const labelAt = (i: number): number => (i * 7) % 6;

/** A volume of HipMRI's 3D release. */
function releaseCase(name: string, grid: { shape: readonly number[]; affine: Affine }): Files {
  return {
    [`semantic_MRs_anon/${name}_LFOV.nii.gz`]: niftiBytes({ ...grid, value: values }),
    [`semantic_labels_anon/${name}_SEMANTIC_LFOV.nii.gz`]: niftiBytes({
      ...grid,
      dtype: "uint8",
      value: labelAt,
    }),
  };
}

const IMAGE = "semantic_MRs_anon/Case_004_Week0_LFOV.nii.gz";
const MASK = "semantic_labels_anon/Case_004_Week0_SEMANTIC_LFOV.nii.gz";
const LPS = makeAffine([-1.6875, 0, 0, 213.3], [0, -1.6875, 0, 180.7], [0, 0, 1.5625, -101.2]);

async function gridOf(bytes: Uint8Array): Promise<Grid> {
  const { header } = await readBytes(bytes);
  const [x = 1, y = 1, z = 1] = header.shape;
  return { shape: [x, y, z], spacingMm: header.spacingMm, affine: header.affine };
}

describe("volumes to slices", () => {
  test("coronal slices from front to back, left-right by feet-head, each with its own place", async () => {
    const grid = { shape: [3, 4, 2], affine: LPS };
    const out = await convert(releaseCase("Case_004_Week0", grid), "keras_slices");
    expect(Object.keys(out).filter((path) => path.endsWith(".nii.gz"))).toEqual(
      [0, 1, 2, 3].flatMap((slice) => [
        `keras_slices_train/case_004_week_0_slice_${slice}.nii.gz`,
        `keras_slices_seg_train/seg_004_week_0_slice_${slice}.nii.gz`,
      ]),
    );
    const { header, values: pixels } = await readBytes(
      out["keras_slices_train/case_004_week_0_slice_2.nii.gz"]!,
    );
    expect(header).toMatchObject({ shape: [3, 2], dtype: "float32", orientation: "LSP" });
    // Voxel (x, 2, z) of the volume is pixel (x, z) of the slice, in value and in place.
    const at = (x: number, y: number, z: number): number => x + 3 * (y + 4 * z);
    const expected = [0, 1].flatMap((z) => [0, 1, 2].map((x) => values(at(x, 2, z))));
    expect([...pixels]).toEqual(expected);
    const [px, py, pz] = apply(header.affine, [1, 1, 0]);
    const [vx, vy, vz] = apply(LPS, [1, 2, 1]);
    expect(Math.hypot(px - vx, py - vy, pz - vz)).toBeLessThan(1e-4);
    const mask = await readBytes(out["keras_slices_seg_train/seg_004_week_0_slice_2.nii.gz"]!);
    expect(mask.header.dtype).toBe("uint8");
    expect([...mask.values]).toEqual([0, 1].flatMap((z) => [0, 1, 2].map((x) => labelAt(at(x, 2, z)))));
  });

  test("a range of slices keeps the numbers; what is not there is refused", async () => {
    const files = releaseCase("Case_004_Week0", { shape: [3, 4, 2], affine: LPS });
    const out = await convert(files, "keras_slices", { slices: { first: 1, last: 2 } });
    expect(Object.keys(out).filter((path) => path.includes("/case_"))).toEqual([
      "keras_slices_train/case_004_week_0_slice_1.nii.gz",
      "keras_slices_train/case_004_week_0_slice_2.nii.gz",
    ]);
    expect(await rejection(convert(files, "keras_slices", { slices: { first: 2, last: 4 } }))).toEqual({
      code: "usage",
      message: 'Cannot take slices 2 to 4 of "case_004_week_0": it has 0 to 3',
      hint: "Give --slices FIRST:LAST within what every case has, or leave it out",
      problems: [],
    });
    // The way back gives the cut-out where it was.
    const back = await gridOf((await convert(out, "volumes"))[IMAGE]!);
    expect(back.shape).toEqual([3, 2, 2]);
    const moved = makeAffine(LPS[0], [0, -1.6875, 0, Math.fround(180.7) - 1.6875], LPS[2]);
    expect(back.affine).toEqual(moved.map((row) => row.map(Math.fround)));
  });
});

describe("volumes to slices to volumes", () => {
  /** Every orientation, also oblique and with unequal steps. */
  const affines = fc
    .record({
      order: fc.constantFrom([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]),
      signs: fc.tuple(fc.constantFrom(1, -1), fc.constantFrom(1, -1), fc.constantFrom(1, -1)),
      sizes: fc.tuple(...([0, 1, 2] as const).map(() => fc.float({ min: 0.25, max: 4, noNaN: true }))),
      tilt: fc.float({ min: -0.25, max: 0.25, noNaN: true }),
      origin: fc.tuple(...([0, 1, 2] as const).map(() => fc.float({ min: -300, max: 300, noNaN: true }))),
    })
    .map(({ order, signs, sizes, tilt, origin }): Affine => {
      const c = Math.cos(tilt);
      const s = Math.sin(tilt);
      const turn = [
        [1, 0, 0],
        [0, c, -s],
        [0, s, c],
      ];
      const row = (r: 0 | 1 | 2): [number, number, number, number] => {
        const entries = [0, 1, 2].map(
          (column) => turn[r]![order[column]!]! * signs[column]! * sizes[column]!,
        );
        return [entries[0]!, entries[1]!, entries[2]!, origin[r]!];
      };
      return makeAffine(row(0), row(1), row(2));
    });

  test("values, shape and affine are exactly those of the volume in LPS order", async () => {
    await fc.assert(
      fc.asyncProperty(
        affines,
        fc.tuple(
          fc.integer({ min: 2, max: 4 }),
          fc.integer({ min: 2, max: 5 }),
          fc.integer({ min: 2, max: 3 }),
        ),
        async (affine, shape) => {
          const files = releaseCase("Case_004_Week0", { shape, affine });
          const slices = await convert(files, "keras_slices");
          const back = await convert(slices, "volumes");
          const before = await readBytes(files[IMAGE]!);
          const original: IntensityVolume = {
            kind: "intensity",
            grid: await gridOf(files[IMAGE]!),
            data: before.values,
          };
          const expected = reorient(original, "LPS");
          const image = await readBytes(back[IMAGE]!);
          expect(image.header.orientation).toBe("LPS");
          expect(image.header.shape).toEqual(expected.grid.shape);
          expect(image.values).toEqual(expected.data);
          // A file holds float32: equal to the last bit of that.
          expect(image.header.affine).toEqual(expected.grid.affine.map((row) => row.map(Math.fround)));
          const mask = await readBytes(back[MASK]!);
          const labels = await readBytes(files[MASK]!);
          expect(mask.values).toEqual(reorient({ ...original, data: labels.values }, "LPS").data);
          expect(mask.header.affine).toEqual(image.header.affine);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("all 48 orientations were among what an affine can be", () => {
    const seen = new Set<string>();
    for (const affine of fc.sample(affines, { numRuns: 3000, seed: 1 })) seen.add(orientationOf(affine));
    expect(seen.size).toBe(48);
  });
});

describe("slices to volumes", () => {
  function slices(
    numbers: readonly number[],
    change: (slice: number, bytes: Uint8Array) => Uint8Array,
  ): Files {
    const files: Files = {};
    for (const slice of numbers) {
      const affine = makeAffine([-2, 0, 0, 10], [0, 0, -3, 20 - 3 * slice], [0, 2, 0, -5]);
      addSlice(files, { split: "train", case: "004", week: 0, slice, image: { affine }, mask: { affine } });
    }
    for (const [path, bytes] of Object.entries(files)) {
      files[path] = change(Number(/(\d+)\.nii$/.exec(path)?.[1]), bytes);
    }
    return files;
  }
  const asTheyAre = (_: number, bytes: Uint8Array): Uint8Array => bytes;

  test("the headers' place is the volume's, whatever the first number is", async () => {
    const out = await convert(slices([8, 9, 10], asTheyAre), "nnunet");
    const { header, values: voxels } = await readBytes(out["imagesTr/case_004_week_0_0000.nii.gz"]!);
    expect(header).toMatchObject({ shape: [4, 3, 3], orientation: "LPS" });
    expect(header.affine).toEqual(makeAffine([-2, 0, 0, 10], [0, -3, 0, -4], [0, 0, 2, -5]));
    // addSlice() writes slice + pixel number; the volume's second axis runs over the slices.
    expect([...voxels.subarray(0, 12)]).toEqual([8, 9, 10, 11, 9, 10, 11, 12, 10, 11, 12, 13]);
    expect(JSON.parse(new TextDecoder().decode(out["dataset.json"]))).toEqual({
      channel_names: { "0": "MR" },
      labels: { background: 0, body: 1, bone: 2, bladder: 3, rectum: 4, prostate: 5 },
      numTraining: 1,
      file_ending: ".nii.gz",
    });
  });

  /** Slices of a plain folder, "images/p_slice_0.nii". */
  const plain = (affines: readonly Affine[]): Files =>
    Object.fromEntries(
      affines.flatMap((affine, i) => {
        const grid = { shape: [4, 3], affine, spacingMm: [2, 2, 5] as const };
        return [
          [`images/p_slice_${i}.nii`, niftiBytes({ ...grid, value: () => i })],
          [`labels/p_slice_${i}.nii`, niftiBytes({ ...grid, dtype: "uint8", value: () => 1 })],
        ];
      }),
    );
  const readPlain = async (affines: readonly Affine[]) => {
    const folder = memoryFolder(plain(affines));
    const { cases, labels } = await readDataset(folder, "DATA", noInflate);
    return readWholeCase(cases[0]!, { folder, inflate: noInflate, labels, layout: "images_labels" });
  };
  const SAME =
    "its slices state their directions but all of them the same place: the first lies there, the others follow by number along the normal, which may be the wrong way round";

  test("slices that state their directions and one place keep both; the normal is the columns'", async () => {
    const coronal = makeAffine([-2, 0, 0, 10], [0, 0, 0, 20], [0, 2, 0, -5]);
    const { image, warnings } = await readPlain([coronal, coronal, coronal]);
    // L x S is A.
    expect(image.grid.affine).toEqual(makeAffine([-2, 0, 0, 10], [0, 0, 5, 20], [0, 2, 0, -5]));
    expect(image.grid.shape).toEqual([4, 3, 3]);
    expect(warnings).toEqual([
      "The sform does not span space: the orientation is in doubt",
      SAME,
      "the slice distance is not known (all slices state the same place); pixdim[3], 5 mm, is used",
    ]);
    // The volume that they were cut from ran the other way.
    const backward = makeAffine([-2, 0, 0, 10], [0, 0, -5, 20], [0, 2, 0, -5]);
    expect((await readPlain([backward, backward])).image.grid.affine).toEqual(backward);
  });

  test("slices of one place that are not parallel are refused", async () => {
    const coronal = makeAffine([-2, 0, 0, 10], [0, 0, 5, 20], [0, 2, 0, -5]);
    const axial = makeAffine([-2, 0, 0, 10], [0, -2, 0, 20], [0, 0, 5, -5]);
    expect((await rejection(readPlain([coronal, axial]))).message).toBe(
      'Cannot put the slices of "p" together: are not parallel, by the header of slice 1 (2 slices of 4 x 3)',
    );
  });

  test("missing numbers are named", async () => {
    const files = slices([3, 5, 6, 9], asTheyAre);
    expect(await rejection(convert(files, "volumes"))).toEqual({
      code: "bad-dataset",
      message: 'Cannot put the slices of "case_004_week_0" together: of 3 to 9 these are missing: 4, 7, 8',
      hint: "Copy the missing slices, or take the case away",
      problems: [],
    });
    expect((await rejection(convert(slices([0, 1_000_000], asTheyAre), "volumes"))).message).toMatch(
      /of 0 to 1000000 these are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 999989 more$/,
    );
  });

  test("slices without a place are taken as coronal, with a warning", async () => {
    const folder = memoryFolder(slices([0, 1], (_, bytes) => withoutPlace(bytes)));
    const index = await readDataset(folder, "DATA", noInflate);
    const whole = await readWholeCase(index.cases[0]!, {
      folder,
      inflate: noInflate,
      labels: HIPMRI_LABELS,
      layout: "keras_slices",
    });
    expect(whole.image.grid).toEqual({
      shape: [4, 3, 2],
      spacingMm: [1, 1, 1],
      affine: makeAffine([-1, 0, 0, 1.5], [0, 0, -1, 0.5], [0, 1, 0, -1]),
    });
    expect(whole.warnings).toContain(
      "its slices do not state where they lie: taken as coronal, as the layout has them, and LSP (width, height, number)",
    );
    expect(whole.warnings).toContain(
      "the slice distance is not known (all slices state the same place); pixdim[3], 1 mm, is used",
    );
  });

  test.each([
    ["lie unevenly apart", makeAffine([-2, 0, 0, 10], [0, 0, -3, 16], [0, 2, 0, -5])],
    ["are not parallel", makeAffine([-2, 0.1, 0, 10], [0, 0, -3, 17], [0, 2, 0, -5])],
  ])("slices that %s are refused", async (what, affine) => {
    const files = slices([0, 2, 1], asTheyAre);
    const change = { affine, shape: [4, 3] };
    files["keras_slices_train/case_004_week_0_slice_1.nii"] = niftiBytes(change);
    files["keras_slices_seg_train/seg_004_week_0_slice_1.nii"] = niftiBytes({ ...change, dtype: "uint8" });
    expect(await rejection(convert(files, "volumes"))).toMatchObject({
      code: "bad-image",
      message: `Cannot put the slices of "case_004_week_0" together: ${what}, by the header of slice 1 (3 slices of 4 x 3)`,
    });
  });

  test("slices of unequal shapes, and unknown labels, are refused", async () => {
    const files = slices([0, 1], asTheyAre);
    const other = { shape: [4, 2] };
    files["keras_slices_train/case_004_week_0_slice_1.nii"] = niftiBytes(other);
    files["keras_slices_seg_train/seg_004_week_0_slice_1.nii"] = niftiBytes({ ...other, dtype: "uint8" });
    expect((await rejection(convert(files, "volumes"))).message).toBe(
      'Slices of case "case_004_week_0" must have equal shapes: "keras_slices_train/case_004_week_0_slice_0.nii" has [4, 3], "keras_slices_train/case_004_week_0_slice_1.nii" has [4, 2]',
    );
    for (const slice of [0, 1]) {
      files[`keras_slices_seg_train/seg_004_week_0_slice_${slice}.nii`] = niftiBytes({
        shape: slice === 0 ? [4, 3] : [4, 2],
        value: () => 51,
      });
    }
    expect(await rejection(convert(files, "volumes"))).toMatchObject({
      code: "bad-dataset",
      message: 'Cannot use case "case_004_week_0": 2 of 2 files cannot be used',
    });
  });
});

test("a volume without an orientation or with time frames is refused; without a place it is told", async () => {
  const flat = makeAffine([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]);
  const files = releaseCase("Case_004_Week0", { shape: [2, 2, 2], affine: flat });
  expect((await rejection(convert(files, "keras_slices"))).message).toBe(
    `Cannot use image "${IMAGE}": its affine must span space, so that left, front and top are known`,
  );
  const frames = releaseCase("Case_004_Week0", { shape: [2, 2, 2, 2], affine: LPS });
  expect((await rejection(convert(frames, "keras_slices"))).message).toBe(
    `Cannot use image "${IMAGE}": a volume must have 3 axes, got [2, 2, 2, 2]`,
  );
  const lost = releaseCase("Case_004_Week0", { shape: [2, 2, 2], affine: LPS });
  for (const [path, bytes] of Object.entries(lost)) lost[path] = withoutPlace(bytes);
  const folder = memoryFolder(lost);
  const index = await readDataset(folder, "DATA", noInflate);
  const context = { folder, inflate: noInflate, labels: index.labels, layout: index.layout };
  expect((await readWholeCase(index.cases[0]!, context)).warnings).toContain(
    "it does not state where it lies: taken as LAS, and written so",
  );
});

test("nnU-Net gets a volume on its own grid", async () => {
  const affine = makeAffine([0, 0, 2, -7], [-1.5, 0, 0, 3], [0, 1, 0, 9]);
  const files = releaseCase("Case_004_Week0", { shape: [2, 3, 4], affine });
  const { header, values: voxels } = await readBytes(
    (await convert(files, "nnunet"))["imagesTr/case_004_week_0_0000.nii.gz"]!,
  );
  expect(header).toMatchObject({ shape: [2, 3, 4], affine });
  expect([...voxels]).toEqual(Array.from({ length: 24 }, (_, i) => values(i)));
});

describe("planConversion()", () => {
  function indexOf(
    entries: readonly (readonly [id: string, patient: string, split?: Split])[],
  ): DatasetIndex {
    const cases = entries.map(([id, patient, split]): CaseEntry => ({ id, patient, split, files: [] }));
    return {
      layout: "msd",
      unit: "volume",
      description: "",
      root: "DATA",
      labels: HIPMRI_LABELS,
      cases,
      warnings: [],
    };
  }
  const plan = (index: DatasetIndex, to: Conversion = "keras_slices", seed = 0) => {
    const { cases, isRenamed, splitReason, warnings } = planConversion(index, { to, seed });
    return { ids: cases.map(({ id, split }) => `${id} ${split ?? "-"}`), isRenamed, splitReason, warnings };
  };

  test("HipMRI's 38 men are in the splits of its 2D release", () => {
    const numbers = Array.from({ length: 60 }, (_, n) => n);
    const of = (split: Split | undefined) => numbers.filter((n) => hipmriSplit(n) === split);
    expect(of("train")).toEqual([...Array.from({ length: 30 }, (_, i) => i + 4), 35]);
    expect(of("validate")).toEqual([36, 37, 38, 39]);
    expect(of("test")).toEqual([40, 41, 42]);
    const release = indexOf(
      [4, 36, 42].map((n) => [`case_${String(n).padStart(3, "0")}_week_1`, `case_${n}`] as const),
    );
    expect(plan(release)).toEqual({
      ids: ["case_004_week_1 train", "case_036_week_1 validate", "case_042_week_1 test"],
      isRenamed: false,
      splitReason: "HipMRI's own",
      warnings: [],
    });
  });

  test("a part of the release, or others with such numbers, is drawn by patient", () => {
    const part = indexOf(
      [4, 5, 6, 7].flatMap((n) => [0, 1].map((w) => [`case_00${n}_week_${w}`, `case_${n}`] as const)),
    );
    const { ids, splitReason } = plan(part, "keras_slices", 3);
    expect(splitReason).toBe("drawn by patient from seed 3");
    for (const n of [4, 5, 6, 7]) {
      const splits = ids.filter((id) => id.startsWith(`case_00${n}`)).map((id) => id.split(" ")[1]);
      expect(new Set(splits).size).toBe(1);
    }
  });

  test("the source's own splits stay", () => {
    const index = indexOf([
      ["case_004_week_0", "case_004", "test"],
      ["case_005_week_0", "case_005", "train"],
    ]);
    expect(plan(index)).toMatchObject({
      ids: ["case_004_week_0 test", "case_005_week_0 train"],
      splitReason: "as in the source",
    });
    expect(plan(index, "volumes")).toMatchObject({
      ids: ["case_004_week_0 -", "case_005_week_0 -"],
      splitReason: undefined,
    });
  });

  test("other names become running numbers; weeks are kept where every scan of a patient has one", () => {
    const index = indexOf([
      ["K019_week_3", "K019"],
      ["K019_week_1", "K019"],
      ["patient7_frame01", "patient7"],
      ["patient7_frame12", "patient7"],
    ]);
    expect(plan(index)).toEqual({
      ids: ["case_001_week_3", "case_001_week_1", "case_002_week_0", "case_002_week_1"].map(
        (id) => `${id} train`,
      ),
      isRenamed: true,
      splitReason: "all train",
      warnings: ["2 patients cannot be split into train, validate and test: all is written as train"],
    });
    expect(plan(index, "nnunet")).toMatchObject({
      ids: index.cases.map(({ id }) => `${id} -`),
      isRenamed: false,
    });
  });

  test("two cases never get one name, and no name leads out of the folder", async () => {
    const twins = indexOf([
      ["case_004_week_0", "case_004", "train"],
      ["case_004_week_0", "case_004", "test"],
    ]);
    expect(plan(twins).ids).toHaveLength(2);
    expect(await rejection((async () => plan(twins, "volumes"))())).toMatchObject({
      code: "bad-dataset",
      message: 'Cannot convert "DATA": 1 name would be given twice',
      hint: "Take such a case out of one of its splits, or convert to keras_slices",
      problems: ['"case_004_week_0" is in train and in test'],
    });
    const alike = indexOf([
      ["Anna", "Anna"],
      ["anna", "anna"],
    ]);
    expect(await rejection((async () => plan(alike, "nnunet"))())).toMatchObject({
      hint: "Rename one of them: many disks take both names for one",
      problems: ['"Anna" and "anna" differ only in letter case'],
    });
    const weeks = indexOf([
      ["case_004_week_0", "case_004"],
      ["case_004_week_00", "case_004"],
    ]);
    expect((await rejection((async () => plan(weeks, "volumes"))())).problems).toEqual([
      '"case_004_week_0" and "case_004_week_00" would both be "case_004_week_0"',
    ]);
    const strange = indexOf([["..", "x"]]);
    expect((await rejection((async () => plan(strange, "nnunet"))())).message).toBe(
      'Cannot convert "DATA": ".." is no file name',
    );
  });
});

test("other labels than HipMRI's go along in dataset.json, names and splits in mapping.json", async () => {
  const grid = { shape: [2, 2, 2], affine: LPS };
  const files: Files = {
    "imagesTr/a_week2.nii": niftiBytes(grid),
    "labelsTr/a_week2.nii": niftiBytes({ ...grid, dtype: "uint8", value: (i) => i & 1 }),
    "dataset.json": new TextEncoder().encode('{"labels": {"background": 0, "gland": 1}}'),
  };
  const out = await convert(files, "keras_slices");
  const read = (path: string): unknown => JSON.parse(new TextDecoder().decode(out[path]));
  expect(read("dataset.json")).toEqual({ labels: { background: 0, gland: 1 } });
  expect(read("mapping.json")).toEqual({
    format: "hipmri-unet conversion 1",
    from: "msd",
    to: "keras_slices",
    labels: { background: 0, gland: 1 },
    splits: "all train",
    cases: [{ source: "a_week2", patient: "a", written: "case_001_week_2", split: "train" }],
  });
  const back = await readDataset(memoryFolder(out), "OUT", noInflate);
  expect(back.labels.map((label) => label.name)).toEqual(["background", "gland"]);
});

test("nnU-Net gets the source's own names of labels and channel", async () => {
  const grid = { shape: [2, 2, 2], affine: LPS };
  const source = { labels: { "0": "Background", "1": "Whole Gland" }, modality: { "0": "T2" } };
  const files: Files = {
    "imagesTr/a.nii": niftiBytes(grid),
    "labelsTr/a.nii": niftiBytes({ ...grid, dtype: "uint8", value: (i) => i & 1 }),
    "dataset.json": new TextEncoder().encode(JSON.stringify(source)),
  };
  const folder = memoryFolder(files);
  const index = await readDataset(folder, "DATA", noInflate);
  const plan = planConversion(index, { to: "nnunet", seed: 0 });
  const about = { source: await readDatasetJson(folder, "") };
  const json = [...describingFiles(index, plan, about)].find(({ path }) => path === "dataset.json");
  expect(JSON.parse(new TextDecoder().decode(json?.bytes))).toEqual({
    channel_names: { "0": "T2" },
    labels: { background: 0, "Whole Gland": 1 },
    numTraining: 1,
    file_ending: ".nii.gz",
  });
});

describe("the split of the source", () => {
  /** Ten men in a split that is neither HipMRI's nor what a seed would draw. */
  function source(): Files {
    const files: Files = {};
    for (let n = 0; n < 10; n++) {
      const split = n % 3 === 0 ? "test" : n % 3 === 1 ? "validate" : "train";
      for (const slice of [0, 1]) {
        const affine = makeAffine([-2, 0, 0, 10], [0, 0, -3, 20 - 3 * slice], [0, 2, 0, -5]);
        const grid = { image: { affine }, mask: { affine } };
        addSlice(files, { split, case: String(n + 40).padStart(3, "0"), week: 0, slice, ...grid });
      }
    }
    return files;
  }
  const splitsOf = async (files: Files) => {
    const { cases, warnings } = await readDataset(memoryFolder(files), "DATA", noInflate);
    const splits = cases.map(({ id, split }) => `${id} ${split}`).sort();
    return { splits, warnings };
  };

  test.each(["volumes", "nnunet"] as const)("is kept by way of %s", async (to) => {
    const files = source();
    const before = await splitsOf(files);
    expect(before.splits.filter((text) => text.endsWith("test"))).toHaveLength(4);
    const there = await convert(files, to);
    expect(await splitsOf(there)).toEqual(before);
    for (const seed of [0, 1]) {
      expect(await splitsOf(await convert(there, "keras_slices", { seed }))).toEqual(before);
    }
  });

  test("is not used where it does not know every case, with a warning", async () => {
    const there = await convert(source(), "nnunet");
    there["imagesTr/new_0000.nii.gz"] = there["imagesTr/case_040_week_0_0000.nii.gz"]!;
    there["labelsTr/new.nii.gz"] = there["labelsTr/case_040_week_0.nii.gz"]!;
    const index = await readDataset(memoryFolder(there), "DATA", noInflate);
    expect(index.cases.every((entry) => entry.split === undefined)).toBe(true);
    expect(index.warnings).toContain(
      '"mapping.json" states no split for 1 case ("new"): its split is not used',
    );
  });

  test("of a mapping.json that is damaged is lost with a warning; one of others is none of ours", async () => {
    const there = await convert(source(), "nnunet");
    const bytes = there["mapping.json"]!;
    there["mapping.json"] = bytes.slice(0, bytes.length / 2);
    const { warnings } = await splitsOf(there);
    expect(warnings).toEqual(['"mapping.json" is damaged: the split that it may state is lost']);
    there["mapping.json"] = new TextEncoder().encode('{"cases": [1]}');
    expect((await splitsOf(there)).warnings).toEqual([]);
  });
});

test("volumes by way of slices are the volumes themselves, and slices of slices the slices", async () => {
  const files = releaseCase("Case_004_Week0", { shape: [3, 4, 2], affine: LPS });
  const volumes = await convert(files, "volumes");
  expect(volumes[IMAGE]).toEqual((await convert(await convert(files, "keras_slices"), "volumes"))[IMAGE]);
  const slices = await convert(files, "keras_slices");
  const again = await convert(slices, "keras_slices");
  expect(Object.keys(again)).toEqual(Object.keys(slices));
  for (const [path, bytes] of Object.entries(slices)) {
    if (path.endsWith(".nii.gz")) expect(again[path]).toEqual(bytes);
  }
});
