/** Bad input ends with 1 and a message that says what, where and how to mend it; nothing half-written stays. */
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { LAYOUT_EXPECTATIONS } from "../../src/dataset/layout-rules.ts";
import { gzip } from "../../src/node/inflate.ts";
import { addSlice, type Files } from "../support/data-folder.ts";
import { filesBelow, hipmri, temporaryFolder, writeFiles } from "./support.ts";

const folder = temporaryFolder();
const SHAPE = [16, 16];
const SPLITS = [
  ["train", "004"],
  ["validate", "036"],
  ["test", "040"],
] as const;

/** Three patients of two slices each: a square that is brighter than what is around it. */
function goodData(): Files {
  const files: Files = {};
  const isInside = (i: number): boolean => i % 16 >= 4 && i % 16 < 12 && i >= 64 && i < 192;
  for (const [split, patient] of SPLITS) {
    for (const slice of [0, 1]) {
      addSlice(files, {
        split,
        case: patient,
        week: 0,
        slice,
        image: {
          shape: SHAPE,
          originMm: [0, 0, slice],
          value: (i) => (isInside(i) ? 50 : 10) + ((i * 7 + slice) % 5) + Number(patient) / 8,
        },
        mask: { shape: SHAPE, originMm: [0, 0, slice], value: (i) => (isInside(i) ? 5 : 1) },
      });
    }
  }
  return files;
}

const IMAGE = "keras_slices_train/case_004_week_0_slice_1.nii";
const MASK = "keras_slices_seg_train/seg_004_week_0_slice_1.nii";
const TINY = ["--set", "unet.levels=1", "--set", "unet.baseWidth=2", "--set", "batchSize=2"];

/** Trains on `files` as changed by `spoil`, which must fail before a run folder is made. */
async function trainOn(name: string, spoil: (files: Files) => void) {
  const files = goodData();
  spoil(files);
  const data = writeFiles(join(folder, name), files);
  const out = join(folder, `${name}-run`);
  const { code, stdout, stderr } = await hipmri(
    "train",
    data,
    "--out",
    out,
    ...TINY,
    "--epochs",
    "1",
    "--quiet",
  );
  expect(filesBelow(out)).toEqual([]);
  return { code, stdout, stderr: stderr.replaceAll(data, "DATA") };
}

const failure = (...lines: readonly string[]) => ({ code: 1, stdout: "", stderr: `${lines.join("\n")}\n` });

describe("train refuses", () => {
  test("an empty folder", async () => {
    const result = await trainOn("empty", (files) => {
      for (const path of Object.keys(files)) delete files[path];
    });
    expect(result).toEqual(
      failure(
        'error: Cannot recognise the layout of "DATA": the folder is empty',
        ...LAYOUT_EXPECTATIONS.map((line) => `  - Expected for ${line}`),
        'hint: Give the folder that holds these folders; "hipmri phantom DIR" writes an example of keras_slices',
      ),
    );
  });

  test("a missing mask", async () => {
    expect(
      await trainOn("missing", (files) => {
        delete files[MASK];
      }),
    ).toEqual(
      failure(
        'error: Cannot pair the slices of "DATA": 1 problem',
        `  - Image "${IMAGE}" lacks its mask "${MASK}"`,
        'hint: Each "case_004_week_0_slice_10.nii.gz" needs "seg_004_week_0_slice_10.nii.gz" in the "seg" folder of its split: copy what is missing, or take its partner away',
      ),
    );
  });

  test("a mask with label 7", async () => {
    const result = await trainOn("label7", (files) => {
      files[MASK] = files[MASK]!.slice();
      files[MASK].fill(7, 352 + 40, 352 + 42);
    });
    expect(result).toEqual(
      failure(
        `error: Cannot use mask "${MASK}": label must be one of 0 background, 1 body, 2 bone, 3 bladder, 4 rectum, 5 prostate; got 7 in 2 voxels, the first at [8, 2]`,
        "  - Label 7: 2 voxels, the first at [8, 2]",
        "hint: Correct the mask, or name the label in the data set's list of labels",
      ),
    );
  });

  test("NaN pixels", async () => {
    const result = await trainOn("nan", (files) => {
      const bytes = files[IMAGE]!.slice();
      new DataView(bytes.buffer).setFloat32(352 + 4 * 17, Number.NaN, true);
      files[IMAGE] = bytes;
    });
    expect(result).toEqual(
      failure(
        `error: Cannot use image "${IMAGE}": intensities must be finite, got NaN at voxel [1, 1] (1 voxel that is NaN or infinite)`,
        "hint: Set these voxels to 0 if they lie outside the scan, or make the image again from its source",
      ),
    );
  });

  test("truncated gzip", async () => {
    const result = await trainOn("truncated", (files) => {
      files[`${IMAGE}.gz`] = gzip(files[IMAGE]!).subarray(0, 100);
      delete files[IMAGE];
    });
    expect(result).toEqual(
      failure(
        `error: Cannot read "${IMAGE}.gz": the gzip data ends early, after 100 compressed bytes`,
        "hint: Copy or download the file again",
      ),
    );
  });

  test("several bad cases at once", async () => {
    const result = await trainOn("several", (files) => {
      for (const name of ["train/case_004", "validate/case_036"]) {
        const path = `keras_slices_${name}_week_0_slice_0.nii`;
        files[path] = files[path]!.subarray(0, 400);
      }
    });
    expect(result).toEqual(
      failure(
        "error: Cannot use the data: 2 of 2 cases have problems",
        '  - Cannot read "keras_slices_train/case_004_week_0_slice_0.nii": 16 x 16 voxels of float32 need 1376 bytes, found 400',
        '  - Cannot read "keras_slices_validate/case_036_week_0_slice_0.nii": 16 x 16 voxels of float32 need 1376 bytes, found 400',
        "hint: The file is cut short: copy or download it again",
      ),
    );
  });
});

test("train tells every bad slice, also several of one man beside those of another", async () => {
  const { stderr } = await trainOn("slices", (files) => {
    for (const name of [
      "train/case_004_week_0_slice_0",
      "train/case_004_week_0_slice_1",
      "validate/case_036_week_0_slice_1",
    ]) {
      const path = `keras_slices_${name}.nii`;
      files[path] = files[path]!.subarray(0, 400);
    }
  });
  const reason = "16 x 16 voxels of float32 need 1376 bytes, found 400";
  expect(stderr.split("\n")).toEqual([
    "error: Cannot use the data: 2 of 2 cases have problems",
    `  - Cannot read "keras_slices_train/case_004_week_0_slice_0.nii": ${reason}`,
    `  - Cannot read "keras_slices_train/case_004_week_0_slice_1.nii": ${reason}`,
    `  - Cannot read "keras_slices_validate/case_036_week_0_slice_1.nii": ${reason}`,
    "hint: The file is cut short: copy or download it again",
    "",
  ]);
});

describe("train --resume", () => {
  const run = join(folder, "run");
  let data = "";
  const resume = () => hipmri("train", data, "--out", run, "--resume", "--quiet");
  const checkpoint = (name: string): string => join(run, "checkpoint", `${name}.safetensors`);

  beforeAll(async () => {
    data = writeFiles(join(folder, "good"), goodData());
    const { code, stderr } = await hipmri("train", data, "--out", run, ...TINY, "--epochs", "2", "--quiet");
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("goes on from the checkpoint before one that was cut short, and says so", async () => {
    truncateSync(checkpoint("last"), 1000);
    const { code, stderr } = await resume();
    expect(code).toBe(0);
    expect(stderr.replaceAll(run, "RUN")).toBe(
      'warning: Cannot read "RUN/checkpoint/last.safetensors": expected 7392 bytes of data after the header, found 352; going on from "last.previous.safetensors", the checkpoint before it, at step 2\n',
    );
  });

  test("refuses when every checkpoint is cut short, and leaves the run as it is", async () => {
    truncateSync(checkpoint("last"), 1000);
    writeFileSync(checkpoint("last.previous"), readFileSync(checkpoint("last")));
    const before = filesBelow(run);
    const { code, stdout, stderr } = await resume();
    expect([code, stdout]).toEqual([1, ""]);
    const lines = stderr.replaceAll(run, "RUN").split("\n");
    expect(lines[0]).toMatch(
      /^error: Cannot resume from "RUN\/checkpoint": no valid checkpoint among 2 found/,
    );
    expect(lines.slice(1)).toEqual([
      '  - Cannot read "RUN/checkpoint/last.safetensors": expected 7392 bytes of data after the header, found 352',
      '  - Cannot read "RUN/checkpoint/last.previous.safetensors": expected 7392 bytes of data after the header, found 352',
      'hint: Restore "last.safetensors" from a copy, or start anew with --overwrite',
      "",
    ]);
    expect(filesBelow(run)).toEqual(before);
  });
});
