/** Faults that only voxels show: labels, copies, intensities. */
import { describe, expect, test } from "vitest";
import type { CaseVoxels } from "../../../src/dataset/doctor/examine-case.ts";
import type { Files } from "../../support/data-folder.ts";
import {
  addSoundSlice,
  addVolume,
  check,
  codesOf,
  findingOf,
  imagePath,
  maskPath,
  soundSlices,
  soundVolumes,
} from "./support.ts";

async function checkWith(change: (files: Files) => void) {
  const files = soundVolumes();
  change(files);
  return check(files);
}

describe("labels", () => {
  test("between whole numbers, and such that no label can have", async () => {
    const report = await checkWith((files) => {
      addVolume(files, 2, {
        mask: { dtype: "float32", value: (i) => (i === 31 ? 0.5 : Number(i % 7 === 0)) },
      });
      addVolume(files, 3, {
        mask: { dtype: "float32", value: (i) => (i === 31 ? -3 : Number(i % 7 === 0)) },
      });
      addVolume(files, 4, { mask: { value: (i) => (i === 31 ? 255 : Number(i % 7 === 0)) } });
    });
    expect(codesOf(report)).toEqual(["fractional-labels", "label-out-of-range", "label-out-of-range"]);
    expect(findingOf(report, "fractional-labels")).toMatchObject({
      severity: "error",
      message:
        'Cannot use mask "labelsTr/p02.nii": labels must be whole numbers from 0 to 254, got 0.5 at voxel [1, 0, 1] (1 such voxel)',
      remedy:
        "Fractions come of resampling a mask linearly, or of a file that is no mask: resample it again with nearest neighbour",
    });
    const outside = report.findings.filter(({ code }) => code === "label-out-of-range");
    expect(outside).toMatchObject([
      { severity: "error", remedy: "Renumber the labels", files: [maskPath(3)] },
      { severity: "error", remedy: expect.stringMatching(/^255 means "ignore"/), files: [maskPath(4)] },
    ]);
    expect(report.cases[1]).toMatchObject({ foregroundShare: null });
  });

  test("of float32 masks are labels like any other, and rounding by a slope is none of their faults", async () => {
    const report = await checkWith((files) =>
      addVolume(files, 2, { mask: { dtype: "float32", value: (i) => Number(i % 7 === 0) + 5e-5 } }),
    );
    expect(report.findings).toEqual([]);
    expect(report.geometry.maskDtype).toEqual([
      { value: "uint8", files: 11 },
      { value: "float32", files: 1 },
    ]);
  });

  test("that the list does not name", async () => {
    const report = await checkWith((files) => {
      addVolume(files, 2, { mask: { value: (i) => (i % 10 === 0 ? 7 : Number(i % 3 === 0)) } });
      addVolume(files, 5, { mask: { value: (i) => (i === 60 ? 9 : i === 61 ? 7 : Number(i % 4 === 0)) } });
    });
    expect(codesOf(report)).toEqual(["unknown-label"]);
    expect(findingOf(report, "unknown-label")).toMatchObject({
      severity: "error",
      message:
        "Labels 7, 9 occur in masks of 2 cases but not in the data set's list: 0 background, 1 gland, 2 cyst",
      files: [maskPath(2), maskPath(5)],
      details: ["label 7: 13 voxels in 2 cases", "label 9: 1 voxel in 1 case"],
    });
    expect(report.labels.filter(({ isKnown }) => !isKnown)).toMatchObject([
      { id: 7, name: "label_7", voxels: 13, cases: 2, patients: 2, slices: 5 },
      { id: 9, name: "label_9", voxels: 1, cases: 1, patients: 1, slices: 1 },
    ]);
  });

  test("that no mask has, and that few patients have", async () => {
    const report = await checkWith((files) => {
      const labels = { background: 0, gland: 1, cyst: 2, stone: 3 };
      files["dataset.json"] = new TextEncoder().encode(JSON.stringify({ labels }));
      for (let n = 3; n <= 12; n++) {
        addVolume(files, n, { mask: { value: (i) => Number(i % (n + 2) === 0) } });
      }
    });
    expect(codesOf(report)).toEqual(["absent-label", "rare-label"]);
    expect(findingOf(report, "absent-label")).toMatchObject({
      severity: "warning",
      message: "Label 3 stone is in the data set's list and in no mask",
    });
    expect(findingOf(report, "rare-label")).toMatchObject({
      severity: "warning",
      message: "Few patients have 2 cyst (2 patients, 4 voxels)",
      remedy: expect.stringContaining("so few voxels are perhaps a slip"),
      files: ["labelsTr/p01.nii", "labelsTr/p02.nii"],
    });
    expect(report.labels[3]).toMatchObject({ id: 3, name: "stone", voxels: 0, share: 0, cases: 0 });
  });

  test("that the train split lacks", async () => {
    const files = soundSlices();
    for (const patient of ["001", "002"]) {
      for (let slice = 0; slice < 4; slice++) {
        const seed = Number(patient) + slice;
        addSoundSlice(files, "train", patient, slice, { mask: { value: (i) => (i + seed) % 5 } });
      }
    }
    const report = await check(files);
    expect(codesOf(report)).toEqual(["label-not-in-train"]);
    expect(findingOf(report, "label-not-in-train")).toMatchObject({
      severity: "error",
      message: "No mask of the train split has 5 prostate, others have: it cannot be learnt",
    });
  });

  test("none at all, in one case and in all", async () => {
    const empty = { mask: { value: () => 0 } };
    const one = await checkWith((files) => addVolume(files, 6, empty));
    expect(codesOf(one)).toEqual(["empty-mask"]);
    expect(findingOf(one, "empty-mask")).toMatchObject({
      severity: "warning",
      message: "The mask of 1 case is empty: nothing is labelled in the whole volume",
      files: [maskPath(6)],
      cases: ["p06"],
    });
    for (const isListed of [true, false]) {
      const all = await checkWith((files) => {
        if (!isListed) delete files["dataset.json"];
        for (let n = 1; n <= 12; n++) addVolume(files, n, empty);
      });
      expect(codesOf(all)).toEqual(["no-label"]);
      expect(findingOf(all, "no-label")).toMatchObject({
        severity: "error",
        message: "No mask has a label other than 0 (masks of 12 cases read)",
      });
    }
  });

  test("everywhere, so that nothing is background", async () => {
    const report = await checkWith((files) => addVolume(files, 6, { mask: { value: (i) => 1 + (i % 2) } }));
    expect(codesOf(report)).toEqual(["full-mask"]);
    expect(findingOf(report, "full-mask")).toMatchObject({
      severity: "warning",
      message: "The mask of 1 case fills the image: no voxel is background",
      files: [maskPath(6)],
    });
  });

  test("in no pixel of some slices are counted only", async () => {
    const files = soundSlices();
    addSoundSlice(files, "test", "005", 0, { mask: { value: () => 0 } });
    const report = await check(files);
    expect(report.findings).toEqual([]);
    expect(report.counts.slicesWithoutLabel).toBe(1);
  });
});

describe("copies", () => {
  test("under the names of different patients", async () => {
    const report = await checkWith((files) => {
      files[imagePath(8)] = files[imagePath(3)]!;
    });
    expect(codesOf(report)).toEqual(["duplicate-across-patients"]);
    expect(findingOf(report, "duplicate-across-patients")).toMatchObject({
      severity: "error",
      message: "The same pixels are stored under the names of different patients (2 images)",
      details: ['"imagesTr/p03.nii" = "imagesTr/p08.nii"'],
      cases: ["p03", "p08"],
    });
  });

  test("in the same pixels but another file: other spacing, other type", async () => {
    const value = (i: number): number => (i * 7) % 90;
    const report = await checkWith((files) => {
      addVolume(files, 3, { image: { value, dtype: "uint8" } });
      addVolume(files, 8, { image: { value, spacingMm: [1, 1, 1.01] }, mask: { spacingMm: [1, 1, 1.01] } });
    });
    expect(codesOf(report)).toEqual(["duplicate-across-patients"]);
  });

  test("of slices, in two splits, of one patient, and within one split", async () => {
    const files = soundSlices();
    const copy = (from: string, to: string): void => {
      for (let slice = 0; slice < 4; slice++) {
        const [a, b] = [from, to].map((path) => path.replace("#", String(slice)));
        files[b!] = files[a!]!;
        const [c, d] = [a!, b!].map((path) =>
          path.replace("slices_", "slices_seg_").replace("/case", "/seg"),
        );
        files[d!] = files[c!]!;
      }
    };
    copy("keras_slices_train/case_001_week_0_slice_#.nii", "keras_slices_test/case_005_week_0_slice_#.nii");
    copy("keras_slices_test/case_006_week_0_slice_#.nii", "keras_slices_test/case_006_week_1_slice_#.nii");
    copy(
      "keras_slices_validate/case_003_week_0_slice_#.nii",
      "keras_slices_validate/case_004_week_0_slice_#.nii",
    );
    const report = await check(files);
    expect(codesOf(report)).toEqual([
      "duplicate-across-splits",
      "duplicate-across-patients",
      "duplicate-image",
    ]);
    expect(findingOf(report, "duplicate-across-splits")).toMatchObject({
      severity: "error",
      message:
        "The same pixels are stored in more than one split: figures of the held-out splits would be too good (8 images)",
      details: ['4 slices of "case_001_week_0" = "case_005_week_0"'],
    });
    expect(findingOf(report, "duplicate-across-patients")).toMatchObject({ severity: "warning" });
    expect(findingOf(report, "duplicate-image")).toMatchObject({
      severity: "warning",
      message: "The same pixels are stored more than once for the same patient (8 images)",
      details: ['4 slices of "case_006_week_0" = "case_006_week_1"'],
    });
  });

  test("of a mask beside another image", async () => {
    const report = await checkWith((files) => {
      files[maskPath(8)] = files[maskPath(3)]!;
    });
    expect(codesOf(report)).toEqual(["duplicate-mask"]);
    expect(findingOf(report, "duplicate-mask")).toMatchObject({
      severity: "warning",
      message: "2 cases of different images have the mask of another, voxel by voxel",
      details: ['"p03" = "p08"'],
    });
  });

  test("images of one value are told as such, not as copies", async () => {
    const report = await checkWith((files) => {
      for (const n of [3, 8]) addVolume(files, n, { image: { value: () => 4 } });
    });
    expect(codesOf(report)).toEqual(["constant-image"]);
    expect(findingOf(report, "constant-image")).toMatchObject({
      severity: "warning",
      message: "The image of 2 cases is one single value throughout",
      details: ['"p03": 4 everywhere', '"p08": 4 everywhere'],
    });
  });
});

describe("slices of one value", () => {
  test("of volumes that are labelled all the same", async () => {
    const report = await checkWith((files) => {
      const value = (seed: number) => (i: number) =>
        Math.floor(i / 30) === 1 ? 9 : ((i * 37 + seed) % 101) + (i % 7);
      for (const n of [4, 9]) addVolume(files, n, { image: { value: value(n) } });
    });
    expect(codesOf(report)).toEqual(["constant-slice"]);
    expect(findingOf(report, "constant-slice")).toMatchObject({
      severity: "warning",
      message: "2 slices of 2 cases are of one single value and have a label all the same",
      files: [imagePath(4), imagePath(9)],
      details: ['"p04": slice 2 of 4', '"p09": slice 2 of 4'],
      cases: ["p04", "p09"],
    });
  });

  test("that have no label are none", async () => {
    const value = (i: number): number => (i < 30 ? 9 : ((i * 37) % 101) + (i % 7));
    expect((await checkWith((files) => addVolume(files, 4, { image: { value } }))).findings).toEqual([]);
  });

  test("in slice files, each named", async () => {
    const files = soundSlices();
    for (const slice of [1, 2]) addSoundSlice(files, "test", "005", slice, { image: { value: () => 3 } });
    addSoundSlice(files, "test", "006", 1, { image: { value: () => 3 }, mask: { value: () => 0 } });
    const report = await check(files);
    expect(codesOf(report)).toEqual(["constant-slice"]);
    expect(findingOf(report, "constant-slice")).toMatchObject({
      message: "2 slices of 1 case are of one single value and have a label all the same",
      files: [1, 2].map((n) => `keras_slices_test/case_005_week_0_slice_${n}.nii`),
      details: ['"case_005_week_0": slices 2, 3 of 4'],
    });
  });
});

describe("intensities", () => {
  /** 100 voxels a slice, evenly from 0 to 100 in an order of its own. */
  const large = (n: number, change: (value: number, i: number) => number = (value) => value) => ({
    image: { shape: [20, 20, 4], value: (i: number) => change((i * (2 * n + 1)) % 101, i) },
    mask: { shape: [20, 20, 4], value: (i: number) => (i % (40 + n) === 0 ? 1 : i % 97 === 5 ? 2 : 0) },
  });
  function files(change: (n: number) => ((value: number, i: number) => number) | undefined): Files {
    const made = soundVolumes();
    for (let n = 1; n <= 12; n++) addVolume(made, n, large(n, change(n)));
    return made;
  }

  test("are alike", async () => {
    expect((await check(files(() => undefined))).findings).toEqual([]);
  });

  test.each([
    {
      name: "on another scale",
      change: (value: number) => 8 * value,
      said: '"p07": its range 0 to 800 is 8 times larger than is usual',
    },
    {
      name: "on a smaller scale",
      change: (value: number) => value / 16,
      said: '"p07": its range 0 to 6.25 is 16 times smaller than is usual',
    },
    {
      name: "of another shape",
      change: (value: number) => (value / 100) ** 4 * 100,
      said: '"p07": its median lies at 6.3 % of its range, usual is 50.0 %',
    },
    {
      name: "with one hot voxel",
      change: (value: number, i: number) => (i === 50 ? 5000 : value),
      said: '"p07": its brightest voxel, 5000, is far above all others (99.5 % are below 100)',
    },
  ])("$name are told", async ({ change, said }) => {
    const report = await check(files((n) => (n === 7 ? change : undefined)));
    expect(codesOf(report)).toEqual(["intensity-outlier"]);
    expect(findingOf(report, "intensity-outlier")).toMatchObject({
      severity: "warning",
      message: "The intensities of 1 case are unlike those of the others",
      details: [said],
      cases: ["p07"],
    });
  });

  test("of two populations are no outliers but two scales", async () => {
    const report = await check(files((n) => (n % 2 === 0 ? (value) => 100 * value : undefined)));
    expect(codesOf(report)).toEqual(["mixed-intensity-scale"]);
    expect(findingOf(report, "mixed-intensity-scale")).toMatchObject({
      severity: "note",
      message:
        "Intensity scales differ: the range of a case is 100 to 10000 (5th to 95th percentile of the cases)",
    });
  });

  test("below 0 are told where no other case has them", async () => {
    const some = await check(files((n) => (n === 7 ? (value) => value - 1 : undefined)));
    expect(codesOf(some)).toEqual(["negative-values"]);
    expect(findingOf(some, "negative-values")).toMatchObject({
      severity: "warning",
      message: "1 case has negative intensities, the 11 others have none",
      details: [expect.stringMatching(/^"p07": down to -1 in (0\.\d+|1\.0) % of its voxels$/)],
    });
    expect((await check(files(() => (value) => value - 50))).findings).toEqual([]);
  });

  test("cut off at the bright end", async () => {
    const cut = (value: number): number => Math.min(value, 92);
    const one = await check(files((n) => (n === 7 ? cut : undefined)));
    expect(codesOf(one)).toEqual(["saturated"]);
    expect(findingOf(one, "saturated")).toMatchObject({
      severity: "warning",
      message: "1 case has many voxels at the very largest value: the bright end was cut off",
      details: [expect.stringMatching(/^"p07": 8\.\d % of its voxels are 92$/)],
    });
    const all = await check(files(() => cut));
    expect(findingOf(all, "saturated").severity).toBe("note");
  });
});

test("lends each case's slices, and only to one who asks", async () => {
  const seen: Pick<CaseVoxels, "width" | "height" | "depth" | "orientation">[] = [];
  const masks: (number | undefined)[] = [];
  const spoilt = soundVolumes();
  addVolume(spoilt, 4, { mask: { dtype: "float32", value: () => 0.5 } });
  await check(spoilt, {
    onVoxels({ width, height, depth, orientation, image, mask }) {
      seen.push({ width, height, depth, orientation });
      masks.push(mask?.length);
      expect(image).toHaveLength(width * height * depth);
    },
  });
  expect(seen).toHaveLength(12);
  expect(new Set(seen.map((voxels) => JSON.stringify(voxels)))).toEqual(
    new Set([JSON.stringify({ width: 6, height: 5, depth: 4, orientation: "LPS" })]),
  );
  expect(masks.filter((length) => length === undefined)).toHaveLength(1);
});
