/** From training to prediction: the model knows its scans again. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { predictInputs } from "../../src/node/workflows/predict.ts";
import { fingerprintOf } from "../../src/node/workflows/predict-passport.ts";
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
