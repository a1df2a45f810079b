/** From training to prediction: the model knows its scans again. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprintOf } from "../../src/apply/case-passport.ts";
import { readImage } from "../../src/formats/image-file.ts";
import { writeNifti } from "../../src/nifti/write.ts";
import { withImageFile } from "../../src/node/files.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { predictInputs } from "../../src/node/workflows/predict.ts";
import { trainRun } from "../../src/node/workflows/train.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
let run = "";
beforeAll(async () => {
  phantom = await makeTinyPhantom();
  run = join(phantom.folder, "run");
  await trainRun({
    data: phantom.data,
    out: run,
    config: tinyConfig({ epochs: 1 }),
    resume: false,
    overwrite: false,
    test: false,
    quiet: true,
    command: "hipmri train",
    signal: new AbortController().signal,
    stderr: { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream,
  });
});
afterAll(() => phantom.remove());

describe("a trained model", () => {
  test("carries the fingerprint of its training scans alone", async () => {
    const fingerprint = fingerprintOf(await readFile(join(run, "model.onnx")));
    expect(fingerprint).toMatchObject({ format: 1, patients: 2, cases: 2, orientation: "LSP" });
    expect(fingerprint!.slices).toMatchObject({ min: 8, max: 8 });
    expect(fingerprint!.labels.map(({ name, present }) => [name, present])).toEqual([
      ["body", 2],
      ["bone", 2],
      ["bladder", 2],
      ["rectum", 2],
      ["prostate", 2],
    ]);
    // Two scans make no rule.
    expect(fingerprint!.order).toEqual([]);
  });

  test("judges slice files of one volume together, and by what it learnt from finds the image ordinary", async () => {
    const inputs = [join(phantom.data, "keras_slices_train")];
    const { outputs } = await predictInputs({
      model: run,
      inputs,
      out: join(phantom.folder, "masks"),
      threads: 1,
    });
    expect(outputs).toHaveLength(16);
    const passports = new Set(outputs.map(({ passport }) => passport));
    expect(passports.size).toBe(2);
    for (const passport of passports) {
      expect(passport?.image).toEqual({ verdict: "ok", reasons: [] });
      expect(passport?.labels).toHaveLength(5);
      expect(passport?.notJudged).toEqual([]);
    }
  });

  test("judges the other slices of a volume where one cannot be read", async () => {
    const folder = join(phantom.folder, "broken");
    await cp(join(phantom.data, "keras_slices_validate"), folder, { recursive: true });
    const [first = ""] = (await readdir(folder)).sort();
    const { header } = await withImageFile(join(folder, first), (file) => readImage(file, inflateGzip));
    const { shape, affine } = header;
    const data = new Float32Array(shape[0]! * shape[1]!).fill(Number.NaN);
    const bytes = writeNifti({ shape, dtype: "float32", data, affine, spacingMm: [1, 1, 1] });
    await writeFile(join(folder, first), gzip(bytes));
    const { outputs, failures } = await predictInputs({
      model: run,
      inputs: [folder],
      out: join(phantom.folder, "others"),
      threads: 1,
    });
    expect(failures).toHaveLength(1);
    expect(outputs).toHaveLength(7);
    for (const { passport } of outputs)
      expect(passport?.notJudged).toContain("1 slice of the volume: could not be segmented");
  });

  test("of a lone slice judges the image and not the organs", async () => {
    const inputs = [join(phantom.data, "keras_slices_train", "case_004_week_0_slice_4.nii.gz")];
    const { outputs } = await predictInputs({
      model: run,
      inputs,
      out: join(phantom.folder, "one"),
      threads: 1,
    });
    expect(outputs[0]!.passport?.labels).toEqual([]);
    expect(outputs[0]!.passport?.notJudged.join()).toContain("a single slice is no whole scan");
  });
});
