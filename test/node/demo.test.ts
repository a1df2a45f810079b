import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type DemoOptions, runDemo } from "../../src/node/workflows/demo.ts";
import { filesBelow, temporaryFolder, writeFiles } from "../cli/support.ts";
import { rejection } from "../support/data-folder.ts";

const folder = temporaryFolder();
const options = (out: string): DemoOptions => ({
  out,
  seed: 2,
  minutes: 1,
  config: { minutes: null, epochs: 1, unet: { levels: 1, baseWidth: 2 } },
  phantom: {
    patients: { train: 1, validate: 1, test: 1 },
    weeksPerPatient: 1,
    size: { x: 32, y: 16, slices: 12 },
  },
  quiet: true,
  stderr: process.stderr,
  command: "hipmri demo",
  signal: new AbortController().signal,
});

describe("runDemo()", () => {
  test("leaves data, run, test and predict, and replaces them alone the next time", async () => {
    const out = join(folder, "demo");
    const result = await runDemo(options(out));
    expect(result.finished).toBe(true);
    expect(readdirSync(out).sort()).toEqual([".hipmri-demo", "data", "predict", "run", "test"]);
    expect(result.test).toMatchObject({ split: "test", patients: 1 });
    expect(JSON.parse(readFileSync(join(out, "test", "metrics.json"), "utf8"))).toMatchObject({
      split: "test",
      foregroundMean: result.test!.foregroundMean,
    });
    expect(filesBelow(join(out, "predict"))).toEqual(
      [3, 4, 5, 6, 7, 8].map((slice) => join(out, "predict", `case_006_week_0_slice_${slice}.nii.gz`)),
    );
    expect(result.masks).toHaveLength(6);

    writeFileSync(join(out, "notes.txt"), "mine");
    writeFileSync(join(out, "run", "left.txt"), "theirs");
    const model = readFileSync(join(out, "run", "model.onnx"));
    await runDemo({ ...options(out), overwrite: true });
    expect(readdirSync(out)).toContain("notes.txt");
    expect(readdirSync(join(out, "run"))).not.toContain("left.txt");
    expect(readFileSync(join(out, "run", "model.onnx")).equals(model)).toBe(true);
  });

  test("keeps a finished demo unless it is to be replaced", async () => {
    const out = join(folder, "finished");
    mkdirSync(join(out, "test"), { recursive: true });
    writeFileSync(join(out, ".hipmri-demo"), "");
    writeFileSync(join(out, "test", "metrics.json"), "{}");
    await expect(runDemo(options(out))).rejects.toMatchObject({
      code: "usage",
      message: `Folder "${out}" has a finished demo already`,
    });
    expect(readdirSync(join(out, "test"))).toEqual(["metrics.json"]);
  });
  test("refuses a folder that no demo made", async () => {
    const out = writeFiles(join(folder, "other"), { "data/scan.nii": new Uint8Array(1) });
    expect(await rejection(runDemo(options(out)))).toEqual({
      code: "usage",
      message: `Folder "${out}" is not empty and no earlier demo made it: found "data"`,
      hint: "Give another folder with --out",
      problems: [],
    });
    expect(filesBelow(out)).toEqual([join(out, "data", "scan.nii")]);
  });
});
