/** Each fault that the doctor knows, planted in a data set that is sound otherwise. */
import fc from "fast-check";
import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import type { Affine } from "../../../src/nifti/affine.ts";
import { inflateGzip } from "../../../src/node/inflate.ts";
import { chunksOf, pngOf } from "../../formats/png-file.ts";
import { type Files, niftiBytes, rejection, withoutPlace } from "../../support/data-folder.ts";
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

/** Twelve sound volumes, changed. */
async function checkWith(change: (files: Files) => void) {
  const files = soundVolumes();
  change(files);
  return check(files);
}

describe("a sound data set", () => {
  test("of volumes has no finding", async () => {
    const report = await check(soundVolumes());
    expect(report).toMatchObject({
      ok: true,
      data: "data",
      layout: "msd",
      isSynthetic: false,
      read: "voxels",
      findings: [],
      splits: [{ split: "drawn", cases: 12, patients: 12 }],
    });
    expect(report.counts).toEqual({
      cases: 12,
      patients: 12,
      pairs: 12,
      badCases: 0,
      slices: 48,
      slicesWithoutLabel: 24,
    });
    expect(report.geometry).toEqual({
      shape: [{ value: "6 x 5 x 4", files: 12 }],
      spacingMm: [{ value: "1 x 1 x 1 mm", files: 12 }],
      orientation: [{ value: "RAS", files: 12 }],
      plane: [{ value: "axial", files: 12 }],
      format: [{ value: "NIfTI-1", files: 12 }],
      imageDtype: [{ value: "float32", files: 12 }],
      maskDtype: [{ value: "uint8", files: 12 }],
      pairsRead: 12,
    });
    expect(report.labels.map(({ id, name, cases, patients }) => ({ id, name, cases, patients }))).toEqual([
      { id: 0, name: "background", cases: 12, patients: 12 },
      { id: 1, name: "gland", cases: 12, patients: 12 },
      { id: 2, name: "cyst", cases: 12, patients: 12 },
    ]);
    expect(report.labels.reduce((sum, { voxels }) => sum + voxels, 0)).toBe(12 * 120);
    expect(report.labels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(report.cases).toHaveLength(12);
    expect(report.cases[0]).toMatchObject({ id: "p01", patient: "p01", split: null, slices: 4 });
  });

  test("of slices has no finding", async () => {
    const report = await check(soundSlices());
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ ok: true, layout: "keras_slices" });
    expect(report.counts).toMatchObject({
      cases: 6,
      patients: 6,
      pairs: 24,
      slices: 24,
      slicesWithoutLabel: 0,
    });
    expect(report.splits).toEqual([
      { split: "train", cases: 2, patients: 2 },
      { split: "validate", cases: 2, patients: 2 },
      { split: "test", cases: 2, patients: 2 },
    ]);
  });

  test("says the same by its headers alone, without labels and cases", async () => {
    const full = await check(soundVolumes());
    const fast = await check(soundVolumes(), { isFast: true });
    expect(fast).toMatchObject({ ok: true, read: "headers", findings: [], labels: [], cases: [] });
    expect(fast.geometry).toEqual(full.geometry);
    expect(fast.counts).toMatchObject({ cases: 12, slices: null, slicesWithoutLabel: null });
  });

  test("finds the labels in the masks where no list names them, and counts them in its description", async () => {
    const report = await checkWith((files) => {
      delete files["dataset.json"];
    });
    expect(report.findings).toEqual([]);
    expect(report.labels.map(({ id, name, isKnown }) => ({ id, name, isKnown }))).toEqual([
      { id: 0, name: "background", isKnown: true },
      { id: 1, name: "label_1", isKnown: true },
      { id: 2, name: "label_2", isKnown: true },
    ]);
    expect(report.description).toContain("12 volumes of 12 patients, 3 labels");
  });
});

describe("the data set as a whole", () => {
  test.each([false, true])(
    "files without partner are one finding beside all others (fast: %s)",
    async (isFast) => {
      const files = soundVolumes();
      delete files[maskPath(3)];
      delete files[imagePath(5)];
      addVolume(files, 7, { mask: { shape: [6, 5, 3] } });
      const report = await check(files, { isFast });
      expect(report).toMatchObject({ ok: false, layout: "msd", counts: { cases: 10, badCases: 1 } });
      expect(codesOf(report)).toEqual(["unpaired", "grid-mismatch"]);
      expect(findingOf(report, "unpaired")).toMatchObject({
        severity: "error",
        message:
          'Cannot pair the volumes of "data": 2 problems; files without a partner are left out of all else here',
        remedy: expect.stringMatching(/^Each "imagesTr\/NAME.nii.gz" .* copy what is missing/),
        details: [
          'Image "imagesTr/p03.nii" lacks its mask "labelsTr/p03.nii"',
          'Mask "labelsTr/p05.nii" lacks its image "imagesTr/p05.nii"',
        ],
        detailCount: 2,
      });
    },
  );

  test("a single file without partner is told in the finding's own words, and many are all named", async () => {
    const lone = await checkWith((files) => {
      delete files[maskPath(3)];
    });
    expect(codesOf(lone)).toEqual(["unpaired"]);
    expect(findingOf(lone, "unpaired")).toMatchObject({
      message: 'Image "imagesTr/p03.nii" lacks its mask "labelsTr/p03.nii"',
      details: [],
    });
    const many = await checkWith((files) => {
      for (let n = 13; n < 40; n++) files[imagePath(n)] = files[imagePath(1)]!;
    });
    expect(findingOf(many, "unpaired")).toMatchObject({ detailCount: 27 });
    expect(findingOf(many, "unpaired").details).toHaveLength(27);
  });

  test("a data set in which nothing pairs is one finding", async () => {
    const report = await check({ [imagePath(1)]: new Uint8Array(1), [maskPath(2)]: new Uint8Array(1) });
    expect(report).toMatchObject({ ok: false, layout: null, description: null, cases: [] });
    expect(findingOf(report, "unusable-dataset")).toMatchObject({
      message: 'Cannot pair the volumes of "data": 2 problems',
      detailCount: 2,
    });
  });

  test("a folder of no layout is a finding, one that is not there is an error", async () => {
    const report = await check({ "notes/a.txt": new Uint8Array(1) });
    expect(codesOf(report)).toEqual(["unusable-dataset"]);
    expect(findingOf(report, "unusable-dataset").message).toMatch(/^Cannot recognise the layout of "data"/);
    const folder = { list: () => Promise.reject(new Error("gone")), open: () => Promise.reject(new Error()) };
    await expect(check({}, { folder })).rejects.toThrow("gone");
    expect(await rejection(check(soundVolumes(), { layout: "dicom" as "msd" }))).toMatchObject({
      code: "usage",
    });
  });

  test("a patient in two splits", async () => {
    const files = soundSlices();
    for (let slice = 0; slice < 4; slice++) {
      addSoundSlice(files, "test", "001", slice, {
        week: 1,
        image: { value: (i) => 500 + i * (slice + 1) + slice },
        mask: { value: (i) => (i * i) % 6 },
      });
    }
    const report = await check(files);
    expect(codesOf(report)).toEqual(["patient-leak"]);
    expect(report.ok).toBe(false);
    expect(findingOf(report, "patient-leak")).toMatchObject({
      severity: "error",
      message: "1 patient is in more than one split: figures of the held-out splits would be too good",
      remedy: "Move all scans of a patient into one split",
      details: ['"case_001" is in train and test'],
      cases: ["case_001_week_0", "case_001_week_1"],
    });
  });

  test("splits without patients, or with one", async () => {
    const all = soundSlices();
    const only = (pattern: RegExp): Files =>
      Object.fromEntries(Object.entries(all).filter(([path]) => pattern.test(path)));
    const saysOf = async (files: Files): Promise<string[]> =>
      (await check(files)).findings.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);
    expect(await saysOf(only(/validate|test/))).toEqual(["error split: The train split has no patients"]);
    expect(await saysOf(only(/train/))).toEqual([
      "warning split: The validate split is empty",
      "note split: The test split is empty",
    ]);
    expect(await saysOf(only(/00[1256]_/))).toEqual(["warning split: The validate split is empty"]);
    expect(await saysOf(only(/001_/))).toEqual([
      "error split: The validate split is empty, and train has one patient only",
      "note split: The test split is empty",
    ]);
    expect(await saysOf(only(/00[1235]_/))).toEqual([
      "warning split: The validate split has one patient only",
      "warning split: The test split has one patient only",
    ]);
  });

  test("too few patients to share out", async () => {
    const keep = (n: number) => (files: Files) => {
      for (let i = n + 1; i <= 12; i++) {
        delete files[imagePath(i)];
        delete files[maskPath(i)];
      }
    };
    const nine = await checkWith(keep(9));
    expect(findingOf(nine, "few-patients")).toMatchObject({
      severity: "warning",
      message: "There are 9 patients only: one or two are left to validate and to test on",
    });
    const two = await checkWith(keep(2));
    expect(two.ok).toBe(false);
    expect(findingOf(two, "few-patients")).toMatchObject({
      severity: "error",
      message: 'Three splits need 3 patients at least, got 2 patients ("p01", "p02")',
    });
  });

  test("what the layout remarks, alike remarks together", async () => {
    const files = soundSlices();
    for (const n of ["001", "002"]) {
      delete files[`keras_slices_train/case_${n}_week_0_slice_2.nii`];
      delete files[`keras_slices_seg_train/seg_${n}_week_0_slice_2.nii`];
    }
    const report = await check(files);
    expect(codesOf(report)).toEqual(["layout"]);
    expect(findingOf(report, "layout")).toMatchObject({
      severity: "warning",
      message: '"case_001_week_0" has slices 0 to 3 but 1 slice between them is missing (and 1 more like it)',
      detailCount: 2,
    });
  });
});

describe("single files", () => {
  test("that cannot be read, each with its reason", async () => {
    const report = await checkWith((files) => {
      files[imagePath(2)] = files[imagePath(2)]!.slice(0, 600);
      files[maskPath(6)] = files[maskPath(6)]!.slice(0, 400);
      files[maskPath(4)] = new TextEncoder().encode("not an image");
      files[imagePath(5)] = new TextEncoder().encode("<!DOCTYPE html><html></html>");
    });
    expect(report.ok).toBe(false);
    // One finding a remedy: what mends a cut file does not mend one that is no image.
    expect(codesOf(report)).toEqual(["unreadable-file", "unreadable-file", "unreadable-file"]);
    expect(new Set(report.findings.map(({ remedy }) => remedy)).size).toBe(3);
    const cut = report.findings[0]!;
    expect(cut).toMatchObject({
      severity: "error",
      message: "2 files cannot be read",
      files: ["imagesTr/p02.nii", "labelsTr/p06.nii"],
      cases: ["p02", "p06"],
    });
    expect(cut.details[0]).toMatch(/^Cannot read "imagesTr\/p02.nii": .* bytes, found 600$/);
    expect(report.findings[1]).toMatchObject({
      message: expect.stringMatching(/^Cannot read "labelsTr\/p04.nii": /),
      files: ["labelsTr/p04.nii"],
    });
    expect(report.findings[2]!.files).toEqual(["imagesTr/p05.nii"]);
    expect(report.counts).toMatchObject({ cases: 12, badCases: 4 });
    expect(report.cases[1]).toMatchObject({ id: "p02", slices: 0, intensity: null });
  });

  test("with NaN or infinite intensities: how many and where", async () => {
    const report = await checkWith((files) =>
      addVolume(files, 7, { image: { value: (i) => (i === 3 || i === 40 ? Number.NaN : i) } }),
    );
    expect(codesOf(report)).toEqual(["not-finite"]);
    expect(findingOf(report, "not-finite")).toMatchObject({
      severity: "error",
      message:
        'Cannot use image "imagesTr/p07.nii": intensities must be finite, got NaN at voxel [3, 0, 0] (2 voxels that are NaN or infinite)',
      remedy: "Set these voxels to 0 if they lie outside the scan, or make the image again from its source",
      files: ["imagesTr/p07.nii"],
    });
    expect(report.cases[6]!.intensity).toMatchObject({ min: 0, max: 119 });
  });

  test("with too many axes", async () => {
    const report = await checkWith((files) => {
      const shape = [6, 5, 4, 2];
      addVolume(files, 1, { image: { shape }, mask: { shape } });
    });
    expect(codesOf(report)).toEqual(["wrong-axes"]);
    expect(findingOf(report, "wrong-axes")).toMatchObject({
      severity: "error",
      message: 'Image "imagesTr/p01.nii" must have at most 3 axes, got [6, 5, 4, 2]',
      remedy: "Write each frame or channel as a file of its own",
    });
    const files = soundSlices();
    addSoundSlice(files, "train", "001", 2, { image: { shape: [4, 3, 2] }, mask: { shape: [4, 3, 2] } });
    expect(findingOf(await check(files), "wrong-axes").message).toBe(
      'Image "keras_slices_train/case_001_week_0_slice_2.nii" must have at most 2 axes, got [4, 3, 2]',
    );
  });

  test("with slices of unequal shapes in a case", async () => {
    const files = soundSlices();
    addSoundSlice(files, "train", "001", 2, { image: { shape: [3, 4] }, mask: { shape: [3, 4] } });
    const report = await check(files);
    expect(codesOf(report)).toEqual(["unequal-slices"]);
    expect(findingOf(report, "unequal-slices").message).toBe(
      'Slices of case "case_001_week_0" must have equal shapes: "keras_slices_train/case_001_week_0_slice_0.nii" has [4, 3], "keras_slices_train/case_001_week_0_slice_2.nii" has [3, 4]',
    );
  });

  test("without a usable voxel size", async () => {
    const report = await checkWith((files) => {
      for (const path of [imagePath(6), maskPath(6)]) {
        const bytes = files[path]!.slice();
        new DataView(bytes.buffer).setFloat32(84, 0, true);
        files[path] = bytes;
      }
    });
    expect(report.ok).toBe(false);
    const finding = findingOf(report, "bad-header");
    expect(finding).toMatchObject({
      severity: "error",
      message: "2 files have a header that cannot be used",
    });
    expect(finding.details[0]).toContain("pixdim[2] (spacing in mm) must be > 0, got 0");
  });

  test("with oddities in the header, gathered with their number", async () => {
    const report = await checkWith((files) => {
      for (const n of [3, 5, 8]) {
        const bytes = files[imagePath(n)]!.slice();
        bytes[123] = 3; // xyzt_units: micrometres
        files[imagePath(n)] = bytes;
      }
    });
    expect(codesOf(report)).toEqual(["header-oddity"]);
    expect(findingOf(report, "header-oddity")).toMatchObject({
      severity: "note",
      message: expect.stringMatching(/^3 files: xyzt_units says .*: voxel sizes are taken as millimetres/),
      files: [imagePath(3), imagePath(5), imagePath(8)],
    });
  });
});

describe("an image and its mask", () => {
  test("of unequal shapes or places", async () => {
    const report = await checkWith((files) => {
      addVolume(files, 2, { mask: { shape: [6, 5, 3] } });
      addVolume(files, 9, { mask: { originMm: [0, 2.5, 0] } });
    });
    expect(codesOf(report)).toEqual(["grid-mismatch"]);
    expect(findingOf(report, "grid-mismatch")).toMatchObject({
      severity: "error",
      message: "2 masks do not lie on the grid of their image",
      remedy: "Resample the mask onto the image's grid with nearest neighbour, or correct the wrong header",
      files: [maskPath(2), maskPath(9)],
      details: [
        'Mask "labelsTr/p02.nii" has shape [6, 5, 3], its image "imagesTr/p02.nii" [6, 5, 4]',
        'Mask "labelsTr/p09.nii" does not lie where its image "imagesTr/p09.nii" lies: affines differ by up to 2.5',
      ],
    });
    // The labels of a mask that does not fit are counted all the same.
    expect(report.labels[1]).toMatchObject({ name: "gland", cases: 12, slices: 22 });
    expect(report.cases[1]!.foregroundShare).toBeGreaterThan(0);
  });

  test("of which one states no place", async () => {
    const report = await checkWith((files) => {
      files[maskPath(4)] = withoutPlace(files[maskPath(4)]!);
    });
    expect(report.ok).toBe(true);
    expect(findingOf(report, "half-placed")).toMatchObject({
      severity: "warning",
      message:
        'Of mask "labelsTr/p04.nii" and image "imagesTr/p04.nii" the mask does not state where it lies in space',
      remedy: "Voxels are taken to match; check by eye that they do, then copy the header over",
    });
  });

  test("of which neither states a place: another voxel size is no error", async () => {
    const report = await checkWith((files) => {
      files[imagePath(4)] = withoutPlace(files[imagePath(4)]!);
      const mask = withoutPlace(files[maskPath(4)]!);
      new DataView(mask.buffer).setFloat32(80, 9, true); // pixdim[1]
      files[maskPath(4)] = mask;
    });
    expect(report.ok).toBe(true);
    expect(findingOf(report, "half-placed")).toMatchObject({
      severity: "warning",
      message:
        'Mask "labelsTr/p04.nii" and image "imagesTr/p04.nii" do not state where they lie, and their voxel sizes differ',
    });
  });

  test("that are one and the same file", async () => {
    const report = await checkWith((files) => {
      files[imagePath(4)] = files[maskPath(4)]!;
    });
    expect(findingOf(report, "image-is-mask")).toMatchObject({
      severity: "error",
      message: 'Image "imagesTr/p04.nii" and mask "labelsTr/p04.nii" hold the same values',
    });
  });
});

describe("orientation and voxel size", () => {
  const turned: Affine = [
    [-1, 0, 0, 5],
    [0, -1, 0, 4],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ];

  test("not stated", async () => {
    const report = await checkWith((files) => {
      for (const path of [imagePath(1), maskPath(1), imagePath(2), maskPath(2)]) {
        files[path] = withoutPlace(files[path]!);
      }
    });
    expect(codesOf(report)).toEqual(["no-orientation", "lost-spacing", "header-oddity"]);
    expect(findingOf(report, "no-orientation")).toMatchObject({
      severity: "warning",
      message: "2 of 12 images do not state how they lie in the body",
      files: [imagePath(1), imagePath(2)],
    });
    expect(findingOf(report, "lost-spacing").message).toBe(
      "2 of 12 images state no voxel size, or only the 1 mm that programs make up: the true one is not known",
    );
    expect(findingOf(report, "header-oddity").message).toMatch(
      /^4 files: No orientation is stated .*: assumed from the voxel size, x to the left$/,
    );
    expect(report.geometry.orientation).toEqual([
      { value: "RAS", files: 10 },
      { value: "not stated", files: 2 },
    ]);
  });

  test("not stated by slices, where the layout has a plane of its own", async () => {
    const files = soundSlices();
    for (const [path, bytes] of Object.entries(files)) files[path] = withoutPlace(bytes);
    for (const isFast of [true, false]) {
      const { geometry } = await check(files, { isFast });
      expect(geometry.plane.map(({ value }) => value)).toEqual(["coronal (assumed)"]);
    }
  });

  test("not stated by one image only, whose voxel size is known", async () => {
    const report = await checkWith((files) => {
      addVolume(files, 1, { image: { spacingMm: [1, 1, 1.02] }, mask: { spacingMm: [1, 1, 1.02] } });
      for (const path of [imagePath(1), maskPath(1)]) files[path] = withoutPlace(files[path]!);
    });
    expect(codesOf(report)).toEqual(["no-orientation", "header-oddity"]);
    expect(findingOf(report, "no-orientation").message).toBe(
      "1 of 12 images does not state how it lies in the body",
    );
  });

  test("mixed", async () => {
    const report = await checkWith((files) => {
      addVolume(files, 3, { image: { affine: turned }, mask: { affine: turned } });
      addVolume(files, 6, { image: { spacingMm: [1, 1.5, 1] }, mask: { spacingMm: [1, 1.5, 1] } });
    });
    expect(report.ok).toBe(true);
    expect(findingOf(report, "mixed-spacing")).toMatchObject({
      severity: "warning",
      message: "Voxel sizes differ from image to image: along one axis from 1 to 1.5 mm",
      remedy:
        "Training brings all slices to their median pixel size (input.spacingMm), but slices stay as far apart as they are",
      details: ["1 x 1 x 1 mm: 11 images", "1 x 1.5 x 1 mm: 1 image"],
      cases: ["p06"],
    });
    expect(findingOf(report, "mixed-orientation")).toMatchObject({
      severity: "warning",
      message: "Images are stored in 2 orientations",
      details: ["RAS: 11 images", "LPS: 1 image"],
      cases: ["p03"],
    });
    expect(findingOf(report, "mixed-plane")).toMatchObject({
      severity: "warning",
      message: "Images are finest in different planes: 11 axial, 1 coronal",
      cases: ["p06"],
    });
  });

  test("a voxel size that only rounding changed is one, and so is the same in other axes' order", async () => {
    const anisotropic: Affine = [
      [0, 0, 1, 0],
      [0, 1, 0, 0],
      [2, 0, 0, 0],
      [0, 0, 0, 1],
    ];
    const report = await checkWith((files) => {
      for (let n = 1; n <= 12; n++) {
        const spacingMm = [1, n === 2 ? 1.0004 : 1, 2] as const;
        addVolume(files, n, { image: { spacingMm }, mask: { spacingMm } });
      }
      const spacingMm = [2, 1, 1] as const;
      addVolume(files, 5, {
        image: { affine: anisotropic, spacingMm },
        mask: { affine: anisotropic, spacingMm },
      });
    });
    expect(codesOf(report)).toEqual(["mixed-orientation"]);
  });

  test("oblique", async () => {
    const [cos, sin] = [Math.cos(0.2), Math.sin(0.2)];
    const affine: Affine = [
      [1, 0, 0, 0],
      [0, cos, -sin, 0],
      [0, sin, cos, 0],
      [0, 0, 0, 1],
    ];
    const report = await checkWith((files) => addVolume(files, 3, { image: { affine }, mask: { affine } }));
    expect(codesOf(report)).toEqual(["oblique"]);
    expect(findingOf(report, "oblique")).toMatchObject({
      severity: "note",
      message: "1 of 12 images is tilted against the body's axes, by up to 11 degrees",
    });
  });

  test("slices that all state one place", async () => {
    const files = soundSlices();
    for (let slice = 0; slice < 4; slice++) {
      addSoundSlice(files, "train", "001", slice, {
        image: { originMm: [3, 0, 0] },
        mask: { originMm: [3, 0, 0] },
      });
    }
    const report = await check(files);
    expect(codesOf(report)).toEqual(["slice-distance"]);
    expect(findingOf(report, "slice-distance").message).toBe(
      "In 1 case the slice distance is not known (all slices state the same place); pixdim[3], 1 mm, is used",
    );
  });
});

describe("PNG slices", () => {
  const png = (seed: number, resolution?: number): Uint8Array => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => (i * 37 + seed * 11) % 101);
    const chunks = chunksOf(encode({ width: 4, height: 3, channels: 1, depth: 8, data }));
    if (resolution === undefined) return pngOf(chunks);
    const content = Buffer.alloc(9, 1);
    content.writeUInt32BE(resolution, 0);
    content.writeUInt32BE(resolution, 4);
    return pngOf([chunks[0]!, { type: "pHYs", content }, ...chunks.slice(1)]);
  };
  const mask = (seed: number): Uint8Array => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => Number((i + seed) % 5 === 0));
    return encode({ width: 4, height: 3, channels: 1, depth: 8, data });
  };

  test("that state a resolution: it is doubted, and the doubt is told", async () => {
    const files: Files = {};
    for (let n = 0; n < 12; n++) {
      files[`images/p${n}.png`] = png(n, 2835);
      files[`masks/p${n}.png`] = mask(n);
    }
    for (const isFast of [true, false]) {
      const report = await check(files, { inflate: inflateGzip, isFast });
      const codes = codesOf(report).filter((code) => !code.startsWith("duplicate"));
      expect(codes).toContain("no-orientation");
      expect(findingOf(report, "lost-spacing").message).toMatch(/^12 of 12 images state no voxel size/);
      const notes = report.findings.filter(({ code }) => code === "header-oddity");
      expect(notes.map(({ message }) => message)).toContain(
        "12 files: Pixels of 0.3527 x 0.3527 mm by its pHYs, which may be a screen's resolution",
      );
    }
  });
});

test("what is said of a header without a place is not swallowed", async () => {
  const report = await checkWith((files) => {
    const bytes = withoutPlace(files[imagePath(3)]!);
    bytes[123] = 3; // xyzt_units: micrometres
    files[imagePath(3)] = bytes;
  });
  const notes = report.findings.filter(({ code }) => code === "header-oddity");
  expect(notes.map(({ message }) => message.slice(0, 30)).sort()).toEqual([
    "1 file: No orientation is stat",
    "1 file: xyzt_units says microm",
  ]);
});

test("one slice of 1 mm at the origin is no lost voxel size where its neighbours state theirs", async () => {
  // Slice 0 of each sound case lies there.
  expect((await check(soundSlices())).findings).toEqual([]);
});

describe("the same in a fast check", () => {
  test("finds what headers tell, and nothing of the voxels", async () => {
    const files = soundVolumes();
    addVolume(files, 2, { mask: { shape: [6, 5, 3] } });
    addVolume(files, 7, { image: { value: () => Number.NaN } });
    files[imagePath(3)] = files[imagePath(3)]!.slice(0, 600);
    const report = await check(files, { isFast: true });
    expect(codesOf(report)).toEqual(["grid-mismatch", "unreadable-file"]);
    expect(report).toMatchObject({ ok: false, read: "headers" });
  });

  test("reads three slices a case, of which the last one is", async () => {
    const files = soundSlices();
    const opened: string[] = [];
    const shape = { shape: [3, 4] };
    addSoundSlice(files, "train", "001", 3, { image: shape, mask: shape });
    const { memoryFolder } = await import("../../support/data-folder.ts");
    const folder = memoryFolder(files);
    const report = await check(files, {
      isFast: true,
      folder: {
        ...folder,
        open(path) {
          opened.push(path);
          return folder.open(path);
        },
      },
    });
    expect(codesOf(report)).toEqual(["unequal-slices"]);
    expect(opened.filter((path) => /001_week_0_slice/.test(path)).sort()).toEqual(
      [0, 2, 3]
        .flatMap((n) => [
          `keras_slices_seg_train/seg_001_week_0_slice_${n}.nii`,
          `keras_slices_train/case_001_week_0_slice_${n}.nii`,
        ])
        .sort(),
    );
  });
});

test("a 2D image that is no slice of a case has its own grid", async () => {
  const files: Files = {};
  for (let n = 1; n <= 10; n++) {
    const spacingMm = [0.8, 0.8, 1] as const;
    files[`imagesTr/p${n}.nii`] = niftiBytes({ shape: [5, 4], spacingMm, value: (i) => (i * n) % 17 });
    files[`labelsTr/p${n}.nii`] = niftiBytes({
      shape: [5, 4],
      spacingMm,
      dtype: "uint8",
      value: (i) => Number(i % (n + 1) === 0),
    });
  }
  const report = await check(files);
  expect(report.findings).toEqual([]);
  expect(report.counts).toMatchObject({ slices: 10 });
});

test("stops when it is told to", async () => {
  const controller = new AbortController();
  let seen = 0;
  const running = check(soundVolumes(), {
    signal: controller.signal,
    onProgress(done, total) {
      seen = done;
      expect(total).toBe(12);
      if (done === 3) controller.abort();
    },
  });
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect(seen).toBeLessThan(6);
});

test("survives any damage to any file: it becomes a finding, or changes nothing", async () => {
  const paths = Object.keys(soundVolumes());
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      fc.option(fc.nat(), { nil: undefined }),
      async (which, changes, cutAt) => {
        const files = soundVolumes();
        const path = paths[which % paths.length]!;
        const bytes = files[path]!.slice();
        // Headers are where a changed byte means most.
        for (const [at, value] of changes) bytes[at % Math.min(bytes.length, 352)] = value;
        files[path] = cutAt === undefined ? bytes : bytes.slice(0, cutAt % bytes.length);
        for (const isFast of [false, true]) {
          const report = await check(files, { isFast });
          expect(report.ok).toBe(!report.findings.some(({ severity }) => severity === "error"));
        }
      },
    ),
    { numRuns: 60 },
  );
});
