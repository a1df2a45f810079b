/** The data doctor on folders: its page, and real data where there is some. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fastCheck } from "../../src/dataset/doctor/fast-check.ts";
import { readDataset } from "../../src/dataset/layouts.ts";
import { openFolder } from "../../src/node/folder.ts";
import { inflateGzip } from "../../src/node/inflate.ts";
import { checkData } from "../../src/node/workflows/check.ts";
import { rejection } from "../support/data-folder.ts";
import { makeTinyPhantom, type TinyPhantom } from "../support/tiny-phantom.ts";

const real = process.env.HIPMRI_DATA;
if (real === undefined) console.warn("Skipped: HIPMRI_DATA names no folder with the real data sets");

let phantom: TinyPhantom;
let folder: string;
beforeAll(async () => {
  phantom = await makeTinyPhantom();
  folder = await mkdtemp(join(tmpdir(), "hipmri-check-"));
});
afterAll(async () => {
  await phantom.remove();
  await rm(folder, { recursive: true, force: true });
});

describe("the phantom", () => {
  test("has no error, and its page a picture of each case", async () => {
    const out = join(folder, "new", "page");
    const progress: string[] = [];
    const { report, page } = await checkData({
      data: phantom.data,
      out,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });
    expect(report.ok).toBe(true);
    expect(report.isSynthetic).toBe(true);
    expect(report.findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      "warning: The validate split has one patient only",
      "warning: The test split has one patient only",
    ]);
    expect(report.labels.map(({ name, patients }) => `${name} ${patients}`)).toEqual([
      "background 4",
      "body 4",
      "bone 4",
      "bladder 4",
      "rectum 4",
      "prostate 4",
    ]);
    expect(progress).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(page).toBe(join(out, "check.html"));
    expect(await readdir(out)).toEqual(["check.html"]);
    const html = await readFile(page!, "utf8");
    expect(html.match(/<img alt="case_00\d_week_0, slice \d of 8"/g)).toHaveLength(4);
    expect(html).toContain("Synthetic data");
  });

  test("is left as it was without --out, and finds the same without voxels", async () => {
    const { report, page } = await checkData({ data: phantom.data, isFast: true });
    expect(page).toBeUndefined();
    expect(report.read).toBe("headers");
    const index = await readDataset(openFolder(phantom.data), phantom.data, inflateGzip);
    expect(await fastCheck(index, { folder: openFolder(phantom.data), inflate: inflateGzip })).toEqual(
      report.findings,
    );
  });

  test("with a damaged file says which, and reads on", async () => {
    const path = join(phantom.data, "keras_slices_train", "case_004_week_0_slice_3.nii.gz");
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length >> 1));
    try {
      const { report } = await checkData({ data: phantom.data });
      expect(report.ok).toBe(false);
      expect(report.findings[0]).toMatchObject({
        code: "unreadable-file",
        files: ["keras_slices_train/case_004_week_0_slice_3.nii.gz"],
        cases: ["case_004_week_0"],
      });
      expect(report.counts).toMatchObject({ cases: 4, badCases: 1, slices: 24 });
    } finally {
      await writeFile(path, bytes);
    }
  });
});

test("a folder that is not there, and an --out that cannot be made, reject", async () => {
  expect(await rejection(checkData({ data: join(folder, "nowhere") }))).toMatchObject({ code: "not-found" });
  const file = join(folder, "file");
  await writeFile(file, "");
  expect(await rejection(checkData({ data: phantom.data, out: join(file, "x") }))).toMatchObject({
    code: "not-found",
  });
});

describe.skipIf(real === undefined)("real data", () => {
  test("hippocampus: sound, three scales of intensity, one float32 mask", async () => {
    const { report } = await checkData({ data: join(real ?? "", "hippocampus") });
    expect(report.ok).toBe(true);
    expect(report.findings.map(({ code }) => code)).toEqual(["mixed-intensity-scale"]);
    expect(report.counts).toMatchObject({ cases: 217, patients: 217, badCases: 0 });
    expect(report.labels.map(({ id, cases }) => [id, cases])).toEqual([
      [0, 217],
      [1, 217],
      [2, 217],
    ]);
    expect(report.geometry.maskDtype).toEqual([
      { value: "uint8", files: 216 },
      { value: "float32", files: 1 },
    ]);
  }, 120_000);

  test("acdc: neither orientation nor voxel size, intensities cut off, two frames a patient", async () => {
    const { report } = await checkData({ data: join(real ?? "", "acdc") });
    expect(report.ok).toBe(true);
    expect(report.findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "no-orientation: 50 of 50 images do not state how they lie in the body",
      "lost-spacing: 50 of 50 images state no voxel size, or only the 1 mm that programs make up: the true one is not known",
      "header-oddity: 100 files: No orientation is stated (sform_code and qform_code are 0): assumed from the voxel size, x to the left",
      "saturated: 50 cases have many voxels at the very largest value: the bright end was cut off",
    ]);
    expect(report.counts).toMatchObject({ cases: 50, patients: 25, slices: 478 });
  }, 120_000);
});
